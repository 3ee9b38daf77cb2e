"""How an engine is told what a prediction assumed: the ``launch`` of its file, as values.

Either one template, whose fields in braces are filled in, or a table: entries with fields in
braces, each of which is written when all its fields have values. ``{field?}`` asks for the value
without spelling it. What the fields are called is said in `engine.plan.launch.fields`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from engine.words.text import clean

PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)(\??)\}")
"""A field in an entry; braces of JSON are followed by something else."""


def fields_in(text: str) -> frozenset[str]:
    """The names of the fields in an entry."""
    return frozenset(name for name, _ in PLACE.findall(text))


@dataclass(frozen=True, slots=True)
class Spelling:
    """One entry, and the versions of the engine that know it (empty: all that were read)."""

    text: str
    since: str = ""
    until: str = ""

    def known_to(self, version: tuple[int, ...]) -> bool:
        """Whether a version has it; ``until`` is the first one that has not."""
        after = not self.since or version_number(self.since) <= version
        return after and not (self.until and version_number(self.until) <= version)


@dataclass(frozen=True, slots=True)
class LaunchFile:
    """A file that the engine reads beside its command: ``lines`` are ``dotted.key: value``, written
    as YAML or JSON by the name's ending, or as they stand in a ``.conf``; ``flag`` is how the
    command names it."""

    name: str
    flag: str
    lines: tuple[Spelling, ...]


@dataclass(frozen=True, slots=True)
class LaunchRole:
    """What the workers of one role are told besides."""

    flags: tuple[Spelling, ...] = ()
    environment: tuple[Spelling, ...] = ()
    lines: tuple[Spelling, ...] = ()


@dataclass(frozen=True, slots=True)
class LaunchLimits:
    """What the engine refuses: chip generations it does not run on (empty: nobody said), those
    it has no kernel for FP8 weights on, be it one that widens them, and widths. ``expert`` and
    ``attention_data`` are ``any``, ``all`` (none or all ranks of a stage) or ``none``,
    ``pipeline`` is ``any`` or ``none``."""

    generations: tuple[str, ...] = ()
    without_fp8: tuple[str, ...] = ()
    pipeline: str = "any"
    expert: str = "any"
    attention_data: str = "any"
    sequences_within_budget: bool = False
    """Whether more sequences than prefill tokens are refused."""
    prefill_multiple: bool = False
    """Whether TP of a prefill pool has to be a multiple of that of its decode pool."""

    def takes(self, name: str, width: int, ranks: int) -> bool:
        """Whether a degree (``pipeline``, ``expert`` or ``attention_data``) can be this wide on so
        many ranks of a stage."""
        rule = getattr(self, name)
        return width == 1 or rule == "any" or (rule == "all" and width == ranks)


@dataclass(frozen=True, slots=True)
class LaunchTable:
    """An engine's launch table.

    ``holds`` are fields that need no flag; ``node_flags`` say who of several nodes a process is;
    ``kv`` spells formats of the cache (``own``: the checkpoint's), ``online`` what the engine
    quantises a 16-bit checkpoint to by itself. ``defaults`` are values that fields have without a
    flag. ``router`` fronts replicas (and reads ``replicas_file``), ``pools_router`` a prefill and
    a decode pool (``router_file``). ``across`` starts one command on several nodes. ``runtimes``
    are the commands under which others run the engine, by their names; ``runtime_flags`` are the
    options of those that do not take the engine's own. ``connectors`` are what runtimes call the
    way in which its pools hand over, where it is not their usual engine's. ``refuses`` are what
    the engine does not start with, ``notes`` what the reader has to see to, both in sentences that
    are told where their fields have values.
    """

    command: str
    version: str
    oldest: str
    flags: tuple[Spelling, ...]
    node_flags: tuple[Spelling, ...] = ()
    environment: tuple[Spelling, ...] = ()
    holds: tuple[str, ...] = ()
    kv: Mapping[str, Spelling] = field(default_factory=dict)
    online: Mapping[str, Spelling] = field(default_factory=dict)
    limits: LaunchLimits = LaunchLimits()
    file: LaunchFile | None = None
    roles: Mapping[str, LaunchRole] = field(default_factory=dict)
    router: tuple[str, ...] = ()
    pools_router: tuple[str, ...] = ()
    router_file: LaunchFile | None = None
    replicas_file: LaunchFile | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)
    across: str = ""
    runtimes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    runtime_flags: Mapping[str, tuple[Spelling, ...]] = field(default_factory=dict)
    connectors: Mapping[str, str] = field(default_factory=dict)
    refuses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LaunchTemplate:
    """A whole command with fields in braces, as a person writes it in a profile of their own."""

    text: str


Launch = LaunchTemplate | LaunchTable


def version_number(text: str) -> tuple[int, ...]:
    """``0.5.23`` as numbers that compare; what is no number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))


def read_launch(value: str | Mapping[str, Any]) -> Launch:
    """The ``launch`` of an engine's file, which its schema has checked."""
    if isinstance(value, str):
        return LaunchTemplate(clean(value))
    roles = {name: _role(one) for name, one in value.get("roles", {}).items()}
    return LaunchTable(
        command=clean(value["command"]),
        version=clean(value["version"]),
        oldest=clean(value.get("oldest") or value["version"]),
        flags=_spellings([*value["flags"], *value.get("extra", ())]),
        node_flags=_spellings(value.get("node_flags", ())),
        environment=_spellings(value.get("environment", ())),
        holds=tuple(value.get("holds", ())),
        kv=_spelled(value.get("kv", {})),
        online=_spelled(value.get("online", {})),
        limits=_limits(value.get("limits", {})),
        file=_file(value.get("file")),
        roles=roles,
        router=tuple(clean(one) for one in value.get("router", ())),
        pools_router=tuple(clean(one) for one in value.get("pools_router", ())),
        router_file=_file(value.get("router_file")),
        replicas_file=_file(value.get("replicas_file")),
        defaults={name: clean(one) for name, one in value.get("defaults", {}).items()},
        across=clean(value.get("across") or ""),
        runtimes={
            name: tuple(clean(one) for one in lines)
            for name, lines in value.get("runtimes", {}).items()
        },
        runtime_flags={
            name: _spellings(lines) for name, lines in value.get("runtime_flags", {}).items()
        },
        connectors={name: clean(one) for name, one in value.get("connectors", {}).items()},
        refuses=tuple(clean(one) for one in value.get("refuses", ())),
        notes=tuple(clean(one) for one in value.get("notes", ())),
    )


def _spelling(value: str | Mapping[str, Any]) -> Spelling:
    if isinstance(value, str):
        return Spelling(clean(value))
    return Spelling(
        clean(value["text"]), clean(value.get("since", "")), clean(value.get("until", ""))
    )


def _spellings(values: Sequence[str | Mapping[str, Any]]) -> tuple[Spelling, ...]:
    return tuple(_spelling(one) for one in values)


def _spelled(values: Mapping[str, Any]) -> dict[str, Spelling]:
    return {name: _spelling(one) for name, one in values.items()}


def _role(values: Mapping[str, Any]) -> LaunchRole:
    return LaunchRole(
        **{one.name: _spellings(values.get(one.name, ())) for one in fields(LaunchRole)}
    )


def _limits(values: Mapping[str, Any] | None) -> LaunchLimits:
    given = dict(values or {})
    for name in ("generations", "without_fp8"):
        given[name] = tuple(given.get(name, ()))
    return LaunchLimits(**given)


def _file(values: Mapping[str, Any] | None) -> LaunchFile | None:
    if not values:
        return None
    return LaunchFile(clean(values["name"]), clean(values["flag"]), _spellings(values["lines"]))


def entries(table: LaunchTable) -> Iterator[Spelling]:
    """Every entry of a table whose fields its processes are asked for."""
    yield Spelling(table.command)
    yield from (*table.flags, *table.node_flags, *table.environment)
    if table.file is not None:
        yield from table.file.lines
    for role in table.roles.values():
        yield from (*role.flags, *role.environment, *role.lines)
