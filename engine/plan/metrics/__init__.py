"""Metrics: each once, with its words, its unit and its limit."""
