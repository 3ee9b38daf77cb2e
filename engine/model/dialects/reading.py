"""Choose the dialect of a config, let it read, and judge what it left unread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture
from engine.model.defaults import class_defaults
from engine.model.dialects.classes import class_names, with_head_of_class
from engine.model.dialects.drafts import draft_kind
from engine.model.dialects.index import (
    canonical,
    known_model_types,
    model_type_of_architectures,
    reader_for,
    wraps_text,
)
from engine.model.dialects.layer_kinds import check_unused_lists
from engine.model.dialects.unread import check_unread, left_over
from engine.model.keys import Keys
from engine.model.refused import why_refused
from engine.scenario import Task
from engine.words.errors import InputError, UnknownArchitecture
from engine.words.messages import say
from engine.words.text import clean, closest

TEXT_CONFIGS = ("text_config", "language_config", "llm_config", "llm_cfg")
_SIZE_IN_NAME = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:[._]\d+)?)\s?([BbTM])(?![A-Za-z0-9])")
_EXPERTS_IN_NAME = re.compile(r"(?<![A-Za-z0-9.])\d+E(?![A-Za-z0-9])")
_EXPERTS_TIMES_SIZE = re.compile(r"(?<![A-Za-z0-9.])(\d+)[xX](\d+(?:\.\d+)?)[bB](?![A-Za-z0-9])")
NAME_TOLERANCE = 0.03
"""A size in a name that differs by more than this share from the count is worth a warning."""


def text_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping that describes the language model: nested in multimodal configs."""
    for name in TEXT_CONFIGS:
        inner = config.get(name)
        if isinstance(inner, dict):
            return inner
    thinker = config.get("thinker_config")
    if isinstance(thinker, dict):
        return text_values(thinker)
    return dict(config)


def read_architecture(
    config: dict[str, Any],
    source: str,
    name: str,
    assume: str = "",
    task: Task = Task.AUTO,
    read: set[str] | None = None,
) -> Architecture:
    """The architecture that ``config`` describes.

    ``assume`` names the model type to read it as; a ``task`` of generating wants an LM head,
    whatever the class says. The dotted paths of all keys that were asked for go into ``read``.
    Raises `UnknownArchitecture` for a model type
    or a structural key that no dialect understands, `InputError` for a bad value.
    """
    model_type, note = _model_type(config, source, assume)
    reader = reader_for(model_type)
    if reader is None:
        raise UnknownArchitecture(_unknown(config, source, model_type, assume))
    if assume and not wraps_text(model_type):
        config, note = _text_alone(config, note)
    kind = canonical(model_type)
    defaults = class_defaults(model_type) or class_defaults(kind)
    keys = Keys(config, source, kind, defaults)
    architecture = reader(keys)
    if read is not None:
        read.update(opened.path + name for opened in keys.opened for name in opened.read)
    check_unused_lists(keys.opened)
    as_class = not assume and task is not Task.GENERATE
    whole = not architecture.draft and not architecture.denoises and architecture.generates
    if as_class and whole:
        architecture = with_head_of_class(architecture, config, wrapped=wraps_text(model_type))
    known = {spelling for opened in keys.opened for spelling in opened.read}
    warnings = [note] if note else []
    warnings += [warning for opened in keys.opened for warning in opened.warnings]
    warnings += check_unread(keys.opened, known, bool(assume))
    warnings += left_over(keys.opened)
    described = replace(
        architecture,
        name=name,
        model_type=str(config.get("model_type") or kind),
        assumptions=architecture.assumptions + tuple(keys.assumptions),
        warnings=architecture.warnings + tuple(warnings),
        uncounted=tuple(name for opened in keys.opened for name in opened.uncounted),
    )
    if described.draft:
        # Its name says the size of its target.
        return described
    return replace(described, warnings=described.warnings + _size_warning(described))


def _text_alone(config: dict[str, Any], note: str) -> tuple[dict[str, Any], str]:
    """The nested text model when there is one: a chosen text dialect cannot read its wrapper."""
    inner = text_values(config)
    if inner == config:
        return config, note
    return inner, say("{note}; only its text model is read, towers are not counted", note=note)


def _model_type(config: dict[str, Any], source: str, assume: str) -> tuple[str, str]:
    """The model type to read by, and a note when it is not the file's own."""
    stated = config.get("model_type")
    if stated is not None and not isinstance(stated, str):
        raise InputError(
            say(
                "{source}: model_type is {stated}, expected text",
                source=source,
                stated=clean(str(stated), 60),
            )
        )
    if assume:
        return (
            assume,
            say(
                "read as {assume} because --assume says so; model_type is {stated}",
                assume=assume,
                stated=stated or say("absent"),
            ),
        )
    draft = draft_kind(config)
    if draft:
        return draft, ""
    if stated:
        return stated, ""
    guessed = model_type_of_architectures(config.get("architectures"))
    if guessed:
        return guessed, say("model_type is absent; architectures says {guessed}", guessed=guessed)
    return "", ""


def _unknown(config: dict[str, Any], source: str, model_type: str, assume: str) -> str:
    known = known_model_types()
    if assume:
        near = closest(assume, known, 3, 0.4) or ["llama"]
        return say(
            "--assume {assume}: no such model type; nearest known: {near}",
            assume=clean(assume, 60),
            near=", ".join(near),
        )
    what = clean(model_type, 60)
    refused = why_refused(config, model_type)
    if refused is not None:
        wanted = _named_inside(config) or say("; {wanted}", wanted=say(refused.wanted))
        named = f"model_type {what!r}" if model_type else _first_class(config)
        return say(
            "{source}: {named} is {what}{wanted}",
            source=source,
            named=named,
            what=say(refused.what),
            wanted=wanted,
        )
    if not model_type:
        return say(
            "{source}: model_type is missing and architectures names no known class; "
            "expected a config.json with a model_type such as llama",
            source=source,
        )
    slip = _slip_of(model_type, known)
    if slip:
        return say(
            "{source}: model_type {what!r} is unknown; nearest known: {slip}; pass --assume "
            "{slip} to read it that way",
            source=source,
            what=what,
            slip=slip,
        )
    inside = _named_inside(config) or _class_of_family(config) or say(_UNKNOWN)
    return say(
        "{source}: model_type {what!r} is unknown{inside}", source=source, what=what, inside=inside
    )


_UNKNOWN = ", expected a family that rooftop reads: no other would give its bytes and FLOPs"


def _first_class(config: dict[str, Any]) -> str:
    """The class that a file without model_type names."""
    return say("class {name}", name=clean(str(class_names(config)[0]), 60))


def _slip_of(model_type: str, known: tuple[str, ...]) -> str:
    """The known name that ``model_type`` is a slip of the pen away from, or "". Another number is
    another generation of a family, not a slip."""
    near = closest(model_type, known, 1, 0.85)
    same = near and re.findall(r"\d+", near[0]) == re.findall(r"\d+", model_type)
    return near[0] if same else ""


def _named_inside(config: dict[str, Any]) -> str:
    """How to read the text model that the file names inside; "" when it names none."""
    inner = text_values(config)
    nested = inner.get("model_type") if inner != config else None
    if isinstance(nested, str) and reader_for(nested) is not None:
        return say(
            "; its text model is a {nested}: pass --assume {nested} to read that alone",
            nested=nested,
        )
    return ""


def _class_of_family(config: dict[str, Any]) -> str:
    """How to read a file whose class is one of a known family; "" when it is not."""
    by_class = model_type_of_architectures(config.get("architectures"))
    if by_class:
        return say(
            "; its class is one of {family}: pass --assume {family} to read it as that",
            family=by_class,
        )
    return ""


def _readings(number: str, unit: float) -> list[float]:
    """What a number in a name may say: with an underscore a decimal (1_5B), or what stands behind
    it alone (3_1_405B)."""
    parts = number.split("_")
    found = [float(parts[-1]) * unit]
    return found if len(parts) == 1 else [float(".".join(parts)) * unit, *found]


def _size_warning(architecture: Architecture) -> tuple[str, ...]:
    """Compare with a size such as 671B in the model's name, with or without towers.

    A name that counts its experts (17B-16E) states the active size, without towers; one such as
    8x7B states experts and what a model of one of them would hold.
    """
    several = _EXPERTS_TIMES_SIZE.search(architecture.name)
    if several is not None and architecture.is_mixture:
        experts, each = int(several[1]), float(several[2]) * 1e9
        if experts == architecture.expert_count and architecture.total_parameters < experts * each:
            return ()
        return (
            say(
                "the name says {said}, the config gives {experts} experts and {total:.2f}B",
                said=several[0],
                experts=architecture.expert_count,
                total=architecture.total_parameters / 1e9,
            ),
        )
    sizes = [
        readings
        for number, unit in _SIZE_IN_NAME.findall(architecture.name)
        if max(readings := _readings(number, {"B": 1e9, "T": 1e12, "M": 1e6}[unit.upper()])) >= 2e7
    ]
    total = architecture.total_parameters
    if not sizes or total == 0:
        return ()
    counted = total
    if _EXPERTS_IN_NAME.search(architecture.name) and architecture.is_mixture:
        counted = architecture.active_parameters - architecture.tower_parameters
    stated = min(max(sizes, key=max), key=lambda size: abs(size - counted))
    text = counted - (architecture.tower_parameters if counted == total else 0)
    if any(abs(size - stated) <= NAME_TOLERANCE * stated for size in (counted, text)):
        return ()
    return (
        say(
            "the name says {stated:g}B, the config gives {counted:.2f}B ({off:+.1%})",
            stated=stated / 1e9,
            counted=counted / 1e9,
            off=(counted - stated) / stated,
        ),
    )
