"""Fields of what drafts tokens, and of how much of it is kept."""

from __future__ import annotations

from dataclasses import replace

from engine.model.draft import NAMED_METHODS
from engine.scenario import DraftTokens, Scenario, Text
from engine.serve.told_acceptance import told_acceptance
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.units import kept_text, parse_whole
from tui.fields.field import LANGUAGE, Field, share_step

_USUAL_DRAFT = "usual"


def _set_draft(scenario: Scenario, text: str) -> Scenario:
    named = text.strip()
    return replace(scenario, draft="" if named in {"", _USUAL_DRAFT} else named)


def _draft_tokens(scenario: Scenario) -> str:
    best = scenario.drafts is DraftTokens.BEST
    return f"auto: {scenario.draft_tokens}" if best else str(scenario.draft_tokens)


def _set_draft_tokens(scenario: Scenario, text: str) -> Scenario:
    if text.strip().lower().startswith(DraftTokens.BEST.value):
        return replace(scenario, drafts=DraftTokens.BEST)
    tokens = parse_whole(text or "0", "draft tokens", 0, 64)
    return replace(scenario, draft_tokens=tokens, drafts=DraftTokens.GIVEN)


def _step_draft_tokens(scenario: Scenario, way: int) -> Scenario:
    tokens = max(0, min(64, scenario.draft_tokens + way))
    return replace(scenario, draft_tokens=tokens, drafts=DraftTokens.GIVEN)


def _set_acceptance(scenario: Scenario, text: str) -> Scenario:
    if text.strip().lower() in {"", "published"}:
        return replace(scenario, acceptance=None, kept=())
    acceptance, kept = told_acceptance(text, scenario.draft_tokens, say("acceptance"))
    return replace(scenario, acceptance=acceptance, kept=kept)


def _acceptance(scenario: Scenario) -> str:
    if scenario.kept:
        return kept_text(scenario.kept)
    return "published" if scenario.acceptance is None else f"{scenario.acceptance:g}"


def _step_acceptance(scenario: Scenario, way: int) -> Scenario:
    now = scenario.kept[0] if scenario.kept else scenario.acceptance or 0.0
    return replace(scenario, acceptance=share_step(now, way) or None, kept=())


def _set_text(scenario: Scenario, text: str) -> Scenario:
    wanted = [one for one in Text if one.value.startswith(text.strip().lower())]
    if len(wanted) != 1 or not text.strip():
        raise InputError(
            say("text: found {text!r}, expected one of {Text}", text=text, Text=", ".join(Text))
        )
    return replace(scenario, workload=replace(scenario.workload, text=wanted[0]))


DRAFTS: tuple[Field, ...] = (
    Field(
        "draft",
        "drafts by",
        lambda s: s.draft or _USUAL_DRAFT,
        _set_draft,
        choices=lambda: (_USUAL_DRAFT, *(method.value for method in NAMED_METHODS)),
        hint="method, path or hub id",
        kinds=LANGUAGE,
    ),
    Field(
        "draft_tokens",
        "draft tokens",
        _draft_tokens,
        _set_draft_tokens,
        _step_draft_tokens,
        hint="each step; 0, or auto",
        kinds=LANGUAGE,
    ),
    Field(
        "acceptance",
        "acceptance",
        _acceptance,
        _set_acceptance,
        _step_acceptance,
        hint="0.8, 0.8/0.6, or a run's file",
        kinds=LANGUAGE,
    ),
    Field(
        "text",
        "text",
        lambda s: s.workload.text.value,
        _set_text,
        choices=lambda: tuple(text.value for text in Text),
        hint="what requests are about",
        kinds=LANGUAGE,
    ),
)
