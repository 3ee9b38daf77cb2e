"""The command line: the same engine for scripts.

Exit codes: 0 found, 1 nothing meets the objectives, 2 bad input.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

from engine.cli.streams import BAD_INPUT, FOUND, NOTHING_MEETS, guarded

COMMANDS = (
    "model",
    "sweep",
    "predict",
    "simulate",
    "fleet",
    "memory",
    "plan",
    "deploy",
    "check",
    "verify",
    "diff",
    "name",
    "chips",
    "models",
    "frameworks",
    "validate",
    "accuracy",
    "calibrate",
)
"""Sub-commands of ``rooftop``; any other first word opens the app."""

FEW_COLLECTIONS = 100_000
"""Objects made beyond those dropped before garbage is looked for; Python's own is 700."""

__all__ = ["BAD_INPUT", "COMMANDS", "FOUND", "NOTHING_MEETS", "run"]


def run(arguments: Sequence[str]) -> int:
    """Run one sub-command and return its exit code; errors are one line on stderr."""
    return guarded(lambda: _run(arguments))


def _run(arguments: Sequence[str]) -> int:
    from engine.cli.parser import build_parser

    # Imports and parsing make little garbage, and looking for it is a tenth of a command's time.
    gc.set_threshold(FEW_COLLECTIONS)
    parsed = build_parser().parse_args(list(arguments))
    code: int = parsed.run(parsed)
    return code
