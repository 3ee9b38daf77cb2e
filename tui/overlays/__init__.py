"""Screens on top of the main one. Esc or q closes them."""
