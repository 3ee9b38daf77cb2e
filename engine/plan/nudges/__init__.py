"""Nudges: one step of a knob, as the scenario it leads to."""
