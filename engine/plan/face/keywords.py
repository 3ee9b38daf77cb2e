"""Keywords for a scenario: each of its fields by its own name, and the command line's words.

Python callers write ``tpot_ms=50`` where the field stands three values deep. The names are read
from the Scenario, their checks are those of plan files, so that a new field is a keyword at once.
The module loads nothing heavy: it is there before numpy is.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from engine.model.kinds import ModelCategory
from engine.plan.metrics.table import LIMITED
from engine.scenario import Lengths, Objectives, Scenario
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, closest
from engine.words.units import LARGEST_COUNT, parse_resolution

START = Scenario(objectives=Objectives())
"""What is not chosen: as the command line takes it, without limits."""
Path = tuple[str, ...]


def _places(value: Any, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Keywords of a dataclass with the path of each; a ``kind`` goes by the name of its holder."""
    for field in fields(value):
        inner, place = getattr(value, field.name), (*path, field.name)
        if is_dataclass(inner):
            yield from _places(inner, place)
        else:
            yield (path[-1] if field.name == "kind" else field.name), place


PLACES: Mapping[str, Path] = dict(_places(START))
"""Every field of a scenario by its keyword."""
DEGREES: Mapping[str, str] = {
    "tp": "tensor",
    "pp": "pipeline",
    "ep": "expert",
    "dp": "attention_data",
}
"""Parallel degrees as the field abbreviates them."""
RESOLUTION, IMAGE_SIZE, NAMED_OBJECTIVES = "resolution", "image_size", "slo"
SPELLINGS: Mapping[str, Path] = {
    # A text encoder's sequences have a field of their own.
    "isl": ("input_tokens", "sequence_tokens"),
    "osl": ("output_tokens",),
    "isl_spread": ("input_spread",),
    "osl_spread": ("output_spread",),
    "shared_prefix": ("shared_prefix_tokens",),
    "think": ("think_seconds",),
    "host_cache": ("host_cache_gib",),
    "engine": ("framework",),
    "decode_chip": ("chip",),
    "number": ("benchmark_number",),
    "precision": ("precisions",),
    "set": ("edits",),
    **dict.fromkeys((RESOLUTION, IMAGE_SIZE), ("image_width", "image_height")),
    **{short: (name,) for short, name in DEGREES.items()},
    **{limit.keyword: (metric.id,) for metric, limit in LIMITED},
}
"""The command line's words where they are others, with the fields that each stands for."""
KEYWORDS = (*PLACES, *SPELLINGS, NAMED_OBJECTIVES)

_LANGUAGE = (
    *("input_tokens", "output_tokens", "lengths", "mode", "kv", *DEGREES.values()),
    *("load_imbalance", "draft", "draft_tokens", "drafts", "acceptance", "kept", "text", "cached"),
    *("arrangement", "prefill", "decode", "prefill_chip", "prefill_chips"),
    *("decode_chips", "prefill_precision"),
    *("rate", "counting", "burstiness", "input_spread", "output_spread"),
    *("shared_prefix_tokens", "turns", "images", IMAGE_SIZE, "think_seconds"),
    *("client", "waves", "spread", "first_token"),
    *("prefill_tokens", "max_sequences", "max_context", "prefix_caching"),
    *("redundant_experts", "batch_overlap", "dp_lm_head", "prefill_interval", "rank_wait"),
    *("batch_wait", "host_cache_gib", "graphs", "reduce_format"),
)
_MEANT_FOR: Mapping[str, tuple[ModelCategory, ...]] = {
    **dict.fromkeys(_LANGUAGE, (ModelCategory.LANGUAGE,)),
    **dict.fromkeys(
        ("image_width", "image_height"), (ModelCategory.VISION, ModelCategory.LANGUAGE)
    ),
    RESOLUTION: (ModelCategory.VISION,),
    "sequence_tokens": (ModelCategory.ENCODER,),
    **dict.fromkeys(("instances", "utilisation"), (ModelCategory.VISION, ModelCategory.ENCODER)),
    **{
        metric.id: tuple(one for one in ModelCategory if one.kind in metric.kinds)
        for metric, _ in LIMITED
    },
}
"""Fields, or words for some, that say something about some models only."""


def signature(*own: inspect.Parameter, returns: str) -> inspect.Signature:
    """The signature of a function that takes a base and these keywords, beside its ``own`` ones:
    what notebooks show and complete."""
    base = inspect.Parameter("base", inspect.Parameter.POSITIONAL_ONLY, default=None)
    rest = [_parameter(name, _at(START, path)) for name, path in PLACES.items()]
    return inspect.Signature([base, *own, *rest], return_annotation=returns)


def _parameter(name: str, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = getattr(value, name)
    return value


def checked(keywords: Mapping[str, object]) -> dict[str, object]:
    """Keywords by the scenario's own names; raises `InputError` for one that is unknown, or that
    says the same as another."""
    found: dict[str, object] = {}
    spelled: dict[str, str] = {}
    for name, value in keywords.items():
        if name not in KEYWORDS:
            near = closest(name, KEYWORDS, 3, 0.5)
            hint = f"nearest: {', '.join(near)}" if near else "help(rooftop) lists them"
            raise InputError(
                say("keyword {name!r} is unknown; {hint}", name=clean(name, 60), hint=hint)
            )
        own = fields_of(name)
        for field, one in zip(own, _values(name, value, len(own)), strict=True):
            if field in found:
                raise InputError(
                    say(
                        "found both {spelled} and {name}, expected one of them",
                        spelled=spelled[field],
                        name=name,
                    )
                )
            found[field], spelled[field] = one, name
    return found


def fields_of(keyword: str) -> Path:
    """The fields that a keyword stands for, by the scenario's own names."""
    return SPELLINGS.get(keyword, (keyword,))


def _values(name: str, value: object, count: int) -> Sequence[object]:
    """What each of the ``count`` fields of a keyword is to be."""
    if name in {RESOLUTION, IMAGE_SIZE}:
        return parse_resolution(value) if isinstance(value, str) else _pair(value)
    return [value] * count


def _pair(value: object) -> tuple[object, object]:
    edges = _listed(value)
    if len(edges) != 2:
        raise InputError(
            say("resolution: found {value!r}, expected (width, height) or '224x224'", value=value)
        )
    return edges[0], edges[1]


def scenario_with(base: Scenario, keywords: Mapping[str, object]) -> Scenario:
    """``base`` with other values of some fields, named as `checked` names them; raises
    `InputError` naming the keyword, what was found and what is expected."""
    from engine.plan.pool_choice import agreed
    from engine.plan.saved.plan_file import scenario_document
    from engine.plan.saved.schema import parse_scenario

    given = dict(keywords)
    if given.get("model", base.model) != base.model:
        base = base.of_model(str(given["model"]))
    if named := given.pop(NAMED_OBJECTIVES, None):
        base = replace(base, objectives=_named_objectives(named))
    if {"input_tokens", "output_tokens"} & {*given}:
        given.setdefault("lengths", Lengths.CHOSEN.value)
    document = scenario_document(base)
    for name, value in given.items():
        path = PLACES[name]
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        if value is None and _at(START, path) is None:
            holder.pop(path[-1], None)
        else:
            holder[path[-1]] = _written(name, value)
    try:
        return agreed(parse_scenario("", document))
    except InputError as error:
        raise InputError(_shortened(str(error))) from None


def _named_objectives(name: object) -> Objectives:
    from engine.plan.face.objective_profiles import load_objectives

    if not isinstance(name, str):
        raise InputError(
            say(
                "{NAMED_OBJECTIVES}: found {name!r}, expected the name of objectives",
                NAMED_OBJECTIVES=NAMED_OBJECTIVES,
                name=name,
            )
        )
    return load_objectives(name)


def _written(name: str, value: object) -> object:
    """A value as plan files hold it."""
    if name == "edits":
        return _edits(value)
    if name == "precisions" and isinstance(value, str):
        return [one.strip() for one in value.split(",")]
    if isinstance(_at(START, PLACES[name]), tuple):
        return _listed(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else _plain(value)


def _edits(value: object) -> list[dict[str, str]]:
    if not isinstance(value, Mapping):
        raise InputError(
            say(
                "edits: found {value}, expected a dict of config keys", value=clean(repr(value), 60)
            )
        )
    try:
        return [{"key": str(key), "value": json.dumps(_plain(one))} for key, one in value.items()]
    except (TypeError, ValueError):
        raise InputError(
            say("edits: expected values that JSON has: numbers, texts, lists …")
        ) from None


def _listed(value: object) -> list[object]:
    """One or several values as a list."""
    value = _plain(value)
    several = isinstance(value, Iterable) and not isinstance(value, str)
    return [_plain(one) for one in value] if several else [value]  # type: ignore[attr-defined]


def _plain(value: object) -> object:
    """A number or array of numpy as Python's own."""
    return value.tolist() if hasattr(value, "tolist") else value


def _shortened(problem: str) -> str:
    """What is wrong with a scenario's file, without the sections that a keyword does not name."""
    sections = "|".join({step for path in PLACES.values() for step in path[:-1]})
    text = re.sub(rf"^: scenario[. ](?:(?:{sections})\.)*", "", problem)
    return f"client{text.removeprefix('kind')}" if text.startswith("kind:") else text


def idle(keywords: Iterable[str], category: ModelCategory) -> list[str]:
    """Those of ``keywords`` that say nothing about a model."""

    def means(field: str) -> bool:
        return category in _MEANT_FOR.get(field, tuple(ModelCategory))

    def fields(name: str) -> Path:
        return (name,) if name in _MEANT_FOR else fields_of(name)

    return [name for name in keywords if not any(map(means, fields(name)))]


def idle_note(keywords: Iterable[str], category: ModelCategory) -> str:
    """What of ``keywords`` says nothing about a model, as a note; empty without any."""
    given = idle(keywords, category)
    return no_effect(given, category) if given else ""


def no_effect(names: Sequence[str], category: ModelCategory) -> str:
    """That what is called so changes nothing for such a model."""
    noun = say(category.noun)
    return say("{names}: no effect on a {noun}", names=", ".join(names), noun=noun)


def counts(name: str, value: object) -> list[int]:
    """One count or several, as a keyword takes them; raises `InputError`."""
    found = _listed(value)
    for one in found:
        if not isinstance(one, int) or isinstance(one, bool) or not 1 <= one <= LARGEST_COUNT:
            raise InputError(
                say(
                    "{name}: found {one}, expected whole numbers from 1 to {LARGEST_COUNT:,}",
                    name=name,
                    one=clean(repr(one), 40),
                    LARGEST_COUNT=LARGEST_COUNT,
                )
            )
    if not found:
        raise InputError(say("{name}: found none, expected one or several", name=name))
    return [one for one in found if isinstance(one, int)]


def with_one_layout(base: Scenario | None, keywords: Mapping[str, object]) -> Scenario:
    """As `scenario_with`, with limits that leave one layout: the degrees given, else the one that
    ``base`` allows, else 1. Without a base or ``chips`` there is one replica. Raises `InputError`
    for several degrees."""
    start = base or START
    degrees = {}
    for name in DEGREES.values():
        allowed = getattr(start.limits, name)
        found = _listed(keywords[name]) if name in keywords else list(allowed) or [1]
        if len(found) != 1:
            raise InputError(
                say(
                    "{name}: found {found}, expected one degree (plan() compares several)",
                    name=name,
                    found=", ".join(map(str, found)),
                )
            )
        degrees[name] = found[0]
    made = scenario_with(start, {**keywords, **degrees})
    if base is not None or "chips" in keywords or made.pools.given:
        return made
    limits = made.limits
    return replace(
        made, chips=math.prod((*limits.tensor, *limits.pipeline, *limits.attention_data))
    )
