"""Choosing: every candidate, its verdict, the best one, why, and the file that keeps it."""
