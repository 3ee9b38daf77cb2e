"""Ranges: how far off predictions of a kind have been, and what that leaves certain."""
