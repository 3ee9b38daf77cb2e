"""Sensitivity: what one step of every knob, or one key, does to the best plan."""
