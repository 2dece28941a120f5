"""The RPM door: BuildRequires, dependency generators and file lists."""
