"""A source tree: its build backend and what its files say it needs."""
