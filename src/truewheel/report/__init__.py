"""Reports of runs: text for people, JSON for programs, and JSON read back."""
