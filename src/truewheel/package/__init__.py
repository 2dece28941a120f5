"""Targets of an audit as streams of members: trees, archives, packages, images."""
