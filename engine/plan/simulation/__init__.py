"""Simulations of one deployment: what is simulated, and its report."""
