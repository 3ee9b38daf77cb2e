"""Refitting the constants of vision models."""
