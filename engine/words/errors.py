"""The errors meant for the reader: one line, what was found and what is expected."""

from __future__ import annotations


class RooftopError(Exception):
    """Base of every error that rooftop reports in one line instead of a traceback."""


class InputError(RooftopError):
    """Something given to rooftop (a file, a key, an option) cannot be used."""


class UnknownArchitecture(InputError):
    """A config of a kind that no dialect understands."""
