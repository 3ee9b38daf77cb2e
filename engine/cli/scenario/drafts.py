"""What is drafted and how much of it is kept, as options say."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from engine.scenario import DraftTokens, Scenario
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import MOST_POSITIONS, parse_kept, parse_ratio, parse_whole


def drafts_given(arguments: argparse.Namespace, start: Scenario) -> dict[str, Any]:
    """The fields of a Scenario: how many tokens, and what is kept of them; raises `InputError`."""
    tokens = _tokens(arguments, start)
    return {**tokens, **_acceptance(arguments, start, tokens["draft_tokens"])}


def _tokens(arguments: argparse.Namespace, start: Scenario) -> dict[str, Any]:
    """How many tokens are drafted: a number, or the best one. A draft without a number drafts as
    many as are best."""
    text = arguments.draft_tokens
    if text is None and not arguments.draft:
        return {"draft_tokens": start.draft_tokens, "drafts": start.drafts}
    if text is None or text.strip().lower() == DraftTokens.BEST.value:
        return {"draft_tokens": start.draft_tokens, "drafts": DraftTokens.BEST}
    tokens = parse_whole(text, "--draft-tokens", 0, 64)
    return {"draft_tokens": tokens, "drafts": DraftTokens.GIVEN}


def _acceptance(arguments: argparse.Namespace, start: Scenario, tokens: int) -> dict[str, Any]:
    """What is kept of them: of each token, by position, or as a run's file or log says."""
    text = arguments.acceptance
    if text is None:
        return {"acceptance": start.acceptance, "kept": start.kept}
    path = user_path(text)
    if path.is_file():
        return {"acceptance": None, "kept": _measured(path, tokens)}
    if len(re.split(r"[/,;\s]+", text.strip(" /,;"))) > 1:
        return {"acceptance": None, "kept": parse_kept(text, "--acceptance")}
    return {"acceptance": parse_ratio(text, "--acceptance", 0, 1) or None, "kept": ()}


def _measured(path: Path, tokens: int) -> tuple[float, ...]:
    """By position; where only the tokens of a step are known, alike at all."""
    from engine.evidence.calibration.drafted import read_drafted
    from engine.serve.requests import Drafts, even_acceptance

    found = read_drafted(path)
    if found.kept:
        return found.kept[:MOST_POSITIONS]
    if not tokens or found.per_step > tokens + 1:
        raise InputError(
            say(
                "--acceptance {path}: found {per_step:.2f} tokens a step and no shares by "
                "position, expected as many --draft-tokens as the run drafted",
                path=clean(str(path), 80),
                per_step=found.per_step,
            )
        )
    return Drafts.even(tokens, even_acceptance(tokens, found.per_step)).kept
