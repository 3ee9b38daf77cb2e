"""Beside the keys: what works while the app goes on answering them."""
