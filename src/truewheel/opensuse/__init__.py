"""What the macros of an interpreter flavor do on openSUSE."""
