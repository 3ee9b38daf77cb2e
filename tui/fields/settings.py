"""What the engine is told; left alone, its own default stands and is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.scenario import MOST_HOST_GIB, MOST_RANK_WAIT, ReduceFormat, Scenario, Settings
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import GIB
from engine.words.text import clean
from engine.words.units import LARGEST_COUNT, parse_count, parse_ratio, parse_whole
from tui.drawing.format import count
from tui.fields.field import LANGUAGE, Field, power_of_two_step, share_step

if TYPE_CHECKING:
    from engine.plan.prepared import Prepared

OWN = "engine's own"
_NOTHING = frozenset({"", "own", "none", OWN})


def _changed(scenario: Scenario, name: str, value: Any) -> Scenario:
    changed: dict[str, Any] = {name: value}
    return replace(scenario, settings=replace(scenario.settings, **changed))


def _setting(
    name: str,
    label: str,
    hint: str,
    parse: Callable[[str], Any],
    show: Callable[[Any], str],
    standing: Callable[[Prepared], Any],
    step: Callable[[Any, int], Any] | None = None,
    first: Any = None,
) -> Field:
    """A setting's field. ``first`` is where a step takes one that was not chosen."""

    def read(scenario: Scenario) -> str:
        value = getattr(scenario.settings, name)
        return OWN if value in {None, ""} else show(value)

    def write(scenario: Scenario, text: str) -> Scenario:
        if text.strip().lower() in _NOTHING:
            return _changed(scenario, name, getattr(Settings(), name))
        return _changed(scenario, name, parse(text))

    def stepped(scenario: Scenario, direction: int) -> Scenario:
        value = getattr(scenario.settings, name)
        return _changed(scenario, name, first if value is None else step(value, direction))  # type: ignore[misc]

    return Field(
        name,
        label,
        read,
        write,
        stepped if step is not None else None,
        hint=hint,
        kinds=LANGUAGE,
        standing=lambda prepared: show(standing(prepared)),
    )


def _on_off(value: bool) -> str:
    return "on" if value else "off"


def _reads_on_off(what: str) -> Callable[[str], bool]:
    def read(text: str) -> bool:
        word = text.strip().lower()
        if word not in {"on", "off"}:
            raise InputError(
                say("{what}: found {text!r}, expected on or off", what=what, text=clean(text, 20))
            )
        return word == "on"

    return read


_FORMATS = tuple(ReduceFormat)


def _reduce_format(text: str) -> ReduceFormat:
    word = text.strip().lower()
    if word not in _FORMATS:
        raise InputError(
            say(
                "all-reduces in: found {text!r}, expected {known}",
                text=clean(text, 20),
                known=" ".join(_FORMATS),
            )
        )
    return ReduceFormat(word)


def _built(text: str) -> str:
    return clean(text.strip(), 60)


SETTINGS: tuple[Field, ...] = (
    _setting(
        "memory_fraction",
        "memory share",
        "for weights and cache; empty: engine's own",
        lambda text: parse_ratio(text, "memory share", 0.01, 1),
        lambda value: f"{value:g}",
        lambda prepared: prepared.framework.memory.memory_fraction,
        lambda value, way: share_step(value, way, least=0.05, step=0.01),
        0.9,
    ),
    _setting(
        "prefill_tokens",
        "prefill tokens",
        "of prompts in one pass; empty: own",
        lambda text: parse_count(text, "prefill tokens"),
        count,
        lambda prepared: prepared.framework.scheduler.prefill_tokens,
        power_of_two_step,
        8192,
    ),
    _setting(
        "max_sequences",
        "max sequences",
        "of one rank at once; empty: own",
        lambda text: parse_count(text, "max sequences"),
        count,
        lambda prepared: prepared.framework.scheduler.max_sequences,
        power_of_two_step,
        256,
    ),
    _setting(
        "max_context",
        "max context",
        "tokens of one request; empty: the model's",
        lambda text: parse_count(text, "max context"),
        count,
        lambda prepared: prepared.systems[0].max_context,
        power_of_two_step,
        32768,
    ),
    _setting(
        "prefix_caching",
        "prefix cache",
        "on or off; empty: engine's own",
        _reads_on_off("prefix caching"),
        _on_off,
        lambda prepared: prepared.framework.scheduler.prefix_caching,
        lambda value, direction: not value,
        True,
    ),
    _setting(
        "redundant_experts",
        "expert copies",
        "of popular experts in all; empty: own",
        lambda text: parse_whole(text, "expert copies", 0, LARGEST_COUNT),
        count,
        lambda prepared: prepared.framework.capabilities.redundant_experts,
        lambda value, way: max(value + 8 * way, 0),
        32,
    ),
    _setting(
        "batch_overlap",
        "batch overlap",
        "two halves in turns; empty: own",
        _reads_on_off("batch overlap"),
        _on_off,
        lambda prepared: prepared.framework.capabilities.overlapped_nodes == 1,
        lambda value, direction: not value,
        True,
    ),
    _setting(
        "dp_lm_head",
        "dp lm head",
        "whole on attention-DP ranks; empty: own",
        _reads_on_off("dp lm head"),
        _on_off,
        lambda prepared: not prepared.framework.storage.divided_head,
        lambda value, direction: not value,
        True,
    ),
    _setting(
        "prefill_interval",
        "prefill interval",
        "passes between prompts; empty: own",
        lambda text: parse_count(text, "prefill interval"),
        count,
        lambda prepared: round(prepared.framework.scheduler.prefill_interval),
        power_of_two_step,
        4,
    ),
    _setting(
        "rank_wait",
        "rank wait",
        "passes for other ranks' prompts; empty: own",
        lambda text: parse_whole(text, "rank wait", 0, MOST_RANK_WAIT),
        count,
        lambda prepared: prepared.framework.scheduler.rank_wait_passes,
        lambda value, way: max(value + 10 * way, 0),
        30,
    ),
    _setting(
        "batch_wait",
        "batch wait",
        "passes for others to share one's; empty: own",
        lambda text: parse_whole(text, "batch wait", 0, MOST_RANK_WAIT),
        count,
        lambda prepared: prepared.framework.scheduler.batch_wait_passes,
        lambda value, way: max(value + 10 * way, 0),
        20,
    ),
    _setting(
        "graphs",
        "graphs",
        "replayed without prompts; off: eager",
        _reads_on_off("graphs"),
        _on_off,
        lambda prepared: prepared.framework.capabilities.replays_graphs,
        lambda value, direction: not value,
        False,
    ),
    _setting(
        "reduce_format",
        "all-reduces in",
        "none int8 int6 int4, large ones; empty: own",
        _reduce_format,
        str,
        lambda prepared: prepared.framework.capabilities.reduce_format,
        lambda value, way: _FORMATS[(_FORMATS.index(value) + way) % len(_FORMATS)],
        ReduceFormat.INT4,
    ),
    _setting(
        "host_cache_gib",
        "host cache GiB",
        "for each chip, behind the prefix cache",
        lambda text: parse_ratio(text, "host cache", 0, MOST_HOST_GIB),
        lambda value: f"{value:g}",
        lambda prepared: prepared.framework.memory.host_cache_bytes / GIB,
        lambda value, way: max(value + 64.0 * way, 0.0),
        128.0,
    ),
    _setting(
        "build",
        "build",
        "a day as 2026-02-10, or a number",
        _built,
        str,
        lambda prepared: prepared.framework.builds.newest or "newest",
    ),
)
