"""The parts of an engine's profile: every constant once, with the key of its file and its bounds.

Field names are all different, so that `engine.hardware.framework.Framework.changed` can name a
constant alone.
"""
