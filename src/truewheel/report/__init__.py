"""Reports of runs: text for people, JSON for programs."""
