"""Fit a handful of constants to an engineer's own benchmark runs."""
