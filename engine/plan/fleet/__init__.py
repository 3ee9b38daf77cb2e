"""Fleets: how many chips carry a rate, through a day."""
