"""What can be picked from a list."""
