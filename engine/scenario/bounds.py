"""How far numbers of a scenario may go."""

from __future__ import annotations

LEAST_PER_SECOND, MOST_PER_SECOND = 1e-6, 1e6
LEAST_BURSTINESS, MOST_BURSTINESS = 0.01, 1000.0
EVEN_CERTAINTY, MOST_CERTAINTY = 50.0, 99.0
MOST_SPREAD = 10.0
MOST_TURNS = 1000
MOST_IMAGES = 1000
MOST_THINK_SECONDS = 1e6
MOST_HOST_GIB = 100_000
MOST_RANK_WAIT = 10_000
"""What nobody means to ask for lies beyond; files, options and forms refuse it."""
