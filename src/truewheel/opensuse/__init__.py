"""The door for openSUSE: the commands of its macros of an interpreter flavor."""
