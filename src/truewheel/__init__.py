"""Install Python wheels into distribution buildroots, every byte a function of the inputs."""

__version__ = "0.1.0"
