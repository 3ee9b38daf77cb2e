"""Bounds that constants of several parts share."""

from __future__ import annotations

MANY = 1 << 20
"""As good as no limit on a count."""
TEN_SECONDS = 1e7
"""In microseconds: no step of any engine takes longer, and what is added up stays a number."""
HOUR_MS = 3.6e6
LEAST_SHARE = 1e-3
"""Factors on what a machine can do; none takes nearly everything away."""
