"""What is below a root, and the only writer there."""
