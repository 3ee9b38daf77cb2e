"""Who sends the requests, and what of them the engine has seen before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.scenario import MOST_SPREAD, ClientKind, FirstToken, Scenario
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_count, parse_ratio
from tui.fields.field import FORWARD, LANGUAGE, Field, share_step


def _workload(scenario: Scenario, **changed: Any) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, **changed))


def _client(scenario: Scenario, **changed: Any) -> Scenario:
    return _workload(scenario, client=replace(scenario.workload.client, **changed))


def _set_kind(scenario: Scenario, text: str) -> Scenario:
    return _client(scenario, kind=_one_of(ClientKind, "client", text))


def _set_first_token(scenario: Scenario, text: str) -> Scenario:
    return _client(scenario, first_token=_one_of(FirstToken, "first token", text))


def _one_of(kind: Any, what: str, text: str) -> Any:
    """The only value that begins with ``text``; raises `InputError`."""
    typed = text.strip().lower()
    found = [one for one in kind if typed and one.value.startswith(typed)]
    if len(found) != 1:
        names = " or ".join(one.value for one in kind)
        raise InputError(
            say(
                "{what}: found {text!r}, expected {names}",
                what=what,
                text=clean(text, 20),
                names=names,
            )
        )
    return found[0]


CLIENT: tuple[Field, ...] = (
    Field(
        "cached",
        "cached share",
        lambda s: f"{s.workload.cached:g}",
        lambda s, text: _workload(s, cached=parse_ratio(text or "0", "cached share", 0, 1)),
        lambda s, way: _workload(s, cached=share_step(s.workload.cached, way)),
        hint="of prompts, in the prefix cache",
        kinds=LANGUAGE,
    ),
    Field(
        "client",
        "client",
        lambda s: s.workload.client.kind.value,
        _set_kind,
        choices=lambda: tuple(one.value for one in ClientKind),
        hint="steady load, or a benchmark's",
        kinds=LANGUAGE,
    ),
    Field(
        "waves",
        "waves",
        lambda s: str(s.workload.client.waves),
        lambda s, text: _client(s, waves=parse_count(text, "waves")),
        lambda s, way: _client(s, waves=max(1, s.workload.client.waves + way)),
        hint="requests a slot, closed client",
        kinds=LANGUAGE,
    ),
    Field(
        "spread",
        "spread",
        lambda s: f"{s.workload.client.spread:g}",
        lambda s, text: _client(s, spread=parse_ratio(text or "0", "spread", 0, MOST_SPREAD)),
        lambda s, way: _client(s, spread=share_step(s.workload.client.spread, way)),
        hint="of its answers; 0: equal lengths",
        kinds=LANGUAGE,
    ),
    Field(
        "first_token",
        "TTFT as",
        lambda s: s.workload.client.first_token.value,
        _set_first_token,
        choices=lambda: tuple(one.value for one in FirstToken),
        hint="mean or median of a closed client",
        kinds=LANGUAGE,
    ),
    Field(
        "utilisation",
        "kept busy",
        lambda s: f"{s.workload.utilisation:g}",
        lambda s, text: _workload(s, utilisation=parse_ratio(text or "1", "kept busy", 0.01, 1)),
        lambda s, way: _workload(
            s, utilisation=share_step(s.workload.utilisation, way, least=0.05)
        ),
        hint="share of the time",
        kinds=FORWARD,
    ),
)
