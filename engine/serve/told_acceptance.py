"""How much of the drafts is kept, as a person says it: a share, shares by position, or the result
file or log of a run."""

from __future__ import annotations

import re
from pathlib import Path

from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import MOST_POSITIONS, parse_kept, parse_ratio

Told = tuple[float | None, tuple[float, ...]]
"""The fields ``acceptance`` and ``kept`` of a Scenario, of which one at most says something."""
_BETWEEN = re.compile(r"[/,;\s]+")
_NAME = re.compile(r"(?!nan$|inf(?:inity)?$|[\d.]+e[-+]?\d+$).*[^\W\d_]", re.IGNORECASE)
"""Of a file, for no number has a letter but those that a computer writes so."""


def told_acceptance(text: str, tokens: int, what: str) -> Told:
    """What ``text`` says of ``tokens`` drafted ones; 0 says nothing. Raises `InputError` that names
    ``what``."""
    if _NAME.match(text.strip()):
        path = user_path(text.strip())
        if not path.exists():
            raise InputError(
                say(
                    "{what}: found {text!r}, expected a share, shares by position as 0.8/0.6, or a "
                    "run's result file or log",
                    what=what,
                    text=clean(text, 80),
                )
            )
        return None, _measured(path, tokens, what)
    if len(_BETWEEN.split(text.strip(" /,;"))) > 1:
        return None, parse_kept(text, what)
    return parse_ratio(text, what, 0, 1) or None, ()


def _measured(path: Path, tokens: int, what: str) -> tuple[float, ...]:
    """By position; where only the tokens of a step are known, alike at all."""
    from engine.model.measured_drafts import read_drafted
    from engine.serve.requests import Drafts, even_acceptance

    found = read_drafted(path)
    if found.kept:
        return found.kept[:MOST_POSITIONS]
    if not tokens or found.per_step > tokens + 1:
        raise InputError(
            say(
                "{what} {path}: found {per_step:.2f} tokens a step and no shares by "
                "position, expected as many draft tokens as the run drafted",
                what=what,
                path=clean(str(path), 80),
                per_step=found.per_step,
            )
        )
    return Drafts.even(tokens, even_acceptance(tokens, found.per_step)).kept
