"""The command line: the same engine for scripts.

Exit codes: 0 found, 1 nothing meets the objectives, 2 bad input.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from engine.cli.streams import BAD_INPUT, FOUND, NOTHING_MEETS, guarded
from engine.words.messages import ENGLISH, speaking, use_language

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

OPTION = "--language"
FEW_COLLECTIONS = 100_000
"""Objects made beyond those dropped before garbage is looked for; Python's own is 700."""

__all__ = ["BAD_INPUT", "COMMANDS", "FOUND", "NOTHING_MEETS", "language_asked", "run", "speak"]


def run(arguments: Sequence[str], language: str = "") -> int:
    """Run one sub-command and return its exit code; errors are one line on stderr. ``language`` is
    that of the person's settings, which ``--language`` goes before and the environment after."""
    return guarded(lambda: _run(arguments, language))


def language_asked(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """What ``--language`` says, empty without it, and the other arguments."""
    asked, rest = "", list(arguments)
    for place, one in enumerate(arguments):
        if one == OPTION and place + 1 < len(arguments):
            asked, rest = arguments[place + 1], [*arguments[:place], *arguments[place + 2 :]]
        elif one.startswith(f"{OPTION}="):
            asked, rest = one.partition("=")[2], [*arguments[:place], *arguments[place + 1 :]]
    return asked, rest


def speak(arguments: Sequence[str], language: str = "") -> None:
    """Speak the language that is asked for, where the output can carry it."""
    from engine.sources.languages import can_be_written, environment_language, languages

    chosen = language_asked(arguments)[0] or language or environment_language()
    encoding = getattr(sys.stdout, "encoding", None)
    if chosen in languages() and can_be_written(chosen, encoding):
        use_language(chosen)
    else:
        use_language(ENGLISH)


def _run(arguments: Sequence[str], language: str) -> int:
    from engine.cli.parser import build_parser

    speak(arguments, language)
    # Imports and parsing make little garbage, and looking for it is a tenth of a command's time.
    gc.set_threshold(FEW_COLLECTIONS)
    parsed = build_parser().parse_args(list(arguments))
    # Values for machines are the same in every language.
    machine = any(getattr(parsed, one, None) for one in ("json", "csv"))
    with speaking(ENGLISH) if machine else nullcontext():
        code: int = parsed.run(parsed)
    return code
