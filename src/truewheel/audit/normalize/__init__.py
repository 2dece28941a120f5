"""Decide what makes an existing tree one whose bytes depend on its sources alone."""
