"""Read wheels and check them from end to end."""
