"""What is drafted and how much of it is kept, as options say."""

from __future__ import annotations

import argparse
from typing import Any

from engine.scenario import DraftTokens, Scenario
from engine.serve.told_acceptance import told_acceptance
from engine.words.units import parse_whole


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
    """What is kept of them."""
    if arguments.acceptance is None:
        return {"acceptance": start.acceptance, "kept": start.kept}
    acceptance, kept = told_acceptance(arguments.acceptance, tokens, "--acceptance")
    return {"acceptance": acceptance, "kept": kept}
