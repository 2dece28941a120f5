"""What comes in: a wheel, read and checked from end to end."""
