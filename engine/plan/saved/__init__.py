"""Saved plans: written, read, checked against today, compared."""
