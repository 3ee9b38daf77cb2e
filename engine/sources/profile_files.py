"""Reading profile files: found, bounded, parsed, validated, with one-line errors.

The user's own files in the configuration folder come before the bundled ones of the same id.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.sources import files
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, closest
from profiles import ROOT

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

MAXIMUM_BYTES = 1 << 20
"""Profiles are a few kilobytes; anything larger is a mistake."""

FORMER = "former"
"""Folder of what is kept to judge published results by: builds nobody deploys any more."""

BUNDLED = "bundled"
"""Origin of a profile that came with rooftop; a person's own have their file's path."""


def user_folder(kind: str) -> Path:
    """Where a user's own profiles of one kind (``chips``, ``frameworks``) lie."""
    import platformdirs

    return Path(platformdirs.user_config_dir("rooftop")) / kind


@cache
def bundled_files(kind: str) -> Mapping[str, Path]:
    """Bundled profiles by id (the file's name), those of former builds last."""
    folders = (ROOT / kind, ROOT / kind / FORMER)
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def user_files(kind: str) -> Mapping[str, Path]:
    """The user's own profiles by id."""
    folder = user_folder(kind)
    if not isdir(folder):
        return {}
    return {clean(path.stem).lower(): path for path in sorted(folder.glob("*.toml"))}


def profile_ids(kind: str) -> tuple[str, ...]:
    """All known ids: bundled ones and the user's, those of former builds last."""
    own, bundled = user_files(kind), bundled_files(kind)
    former = {id for id, path in bundled.items() if path.parent.name == FORMER} - {*own}
    return (*sorted({*bundled, *own} - former), *sorted(former))


NEAREST = 3
"""Names that an unknown one is answered with, at most."""
FEWEST_LETTERS = 3
"""Of a name that another one is looked for in."""
Aliases = Callable[[], Mapping[str, str]]
"""Reads other names of ids, where no id is meant."""


def find_profile(kind: str, name: str, aliases: Aliases = dict) -> tuple[Path, str]:
    """The file of profile ``name`` and its origin (``bundled`` or the path); raises
    `InputError` naming near ids."""
    wanted = name.strip().lower()
    own, bundled = user_files(kind), bundled_files(kind)
    known = wanted in own or wanted in bundled
    meant = wanted if known else _meant(wanted, kind, aliases())
    if meant in own:
        return own[meant], str(own[meant])
    if meant in bundled:
        return bundled[meant], BUNDLED
    raise InputError(_unknown(kind, name, wanted, aliases()))


def _meant(wanted: str, kind: str, aliases: Mapping[str, str]) -> str:
    """The id that another name stands for, whatever stands between its words; of several none."""
    if wanted in aliases:
        return aliases[wanted]
    asked = _squeezed(wanted)
    meant = {id for id in profile_ids(kind) if _squeezed(id) == asked}
    meant |= {id for name, id in aliases.items() if _squeezed(name) == asked}
    return meant.pop() if len(meant) == 1 else ""


_LISTED = {"chips", "frameworks"}
"""Kinds that a command of the same name lists."""


def _unknown(kind: str, name: str, wanted: str, aliases: Mapping[str, str]) -> str:
    singular = kind.removesuffix("s")
    known = profile_ids(kind)
    near = _near(wanted, {**{id: id for id in known}, **aliases})
    listed = (
        say("`rooftop {kind}` lists them", kind=kind)
        if kind in _LISTED
        else say("known: {known}", known=", ".join(known))
    )
    hint = say("nearest: {near}", near=", ".join(near)) if near else listed
    return say(
        "{singular} {name!r} is unknown; {hint}", singular=singular, name=clean(name, 60), hint=hint
    )


def _near(wanted: str, names: Mapping[str, str]) -> list[str]:
    """Ids, or the shortest other names of them, that ``wanted`` may mean: first those that are in
    it or that it is in, whatever stands between the words, then those of like letters."""
    known = list(names)
    asked = _squeezed(wanted)
    held = [one for one in known if len(asked) >= FEWEST_LETTERS and asked in _squeezed(one)]
    held += sorted(
        (one for one in known if len(one) >= FEWEST_LETTERS and _squeezed(one) in asked),
        key=len,
        reverse=True,
    )
    letters = closest(wanted, known, NEAREST, 0.5)
    first: dict[str, str] = {}
    for one in (*held, *letters):
        # What is suggested can be typed without quotes.
        first.setdefault(names[one], names[one] if " " in one else one)
    return list(first.values())[:NEAREST]


def _squeezed(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())


def changed_at(path: Path) -> int:
    """When a profile was changed last, so that an edited one is read again."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def own_files_changed_at(*kinds: str) -> tuple[tuple[str, int], ...]:
    """The user's own profiles of these kinds with when each was changed last: what was resolved
    with other ones is out of date."""
    found = []
    for kind in kinds:
        folder = user_folder(kind)
        if isdir(folder):
            found += [(str(path), changed_at(path)) for path in sorted(folder.rglob("*.*"))]
    return tuple(found)


def read_toml(path: Path) -> dict[str, Any]:
    """Parse one profile; raises `InputError` naming it."""
    return files.read_toml(path, MAXIMUM_BYTES, "a profile")


def read_names(path: Path) -> dict[str, Any]:
    """The ``name`` and the ``aliases`` of a bundled profile, each on a line of its own: to parse
    every file whole takes as long as a sweep."""
    text = files.read_text(path, MAXIMUM_BYTES, "a profile")
    lines = text.partition("\n[")[0].splitlines()
    return tomllib.loads("\n".join(line for line in lines if line.startswith(_NAMING)))


_NAMING = ("name = ", "aliases = ")

BaseValues = Callable[[Path], Mapping[str, Any]]
"""Reads a bundled profile that another one builds on."""


def with_base(path: Path, file: dict[str, Any], kind: str, read: BaseValues) -> dict[str, Any]:
    """The values of a ``file`` with those it leaves out, entry by entry in some tables, from the
    bundled profile that it names as its ``base``; raises `InputError` where there is none."""
    if "base" not in file:
        return file
    name = file["base"]
    known = bundled_files(kind)
    if not isinstance(name, str) or name not in known:
        near = closest(str(name), list(known), 3, 0.5)
        hint = say(", nearest: {near}", near=", ".join(near)) if near else ""
        raise InputError(
            say(
                "{path}: base: found {name}, expected the id of a bundled profile{hint}",
                path=clean(str(path)),
                name=clean(repr(name), 60),
                hint=hint,
            )
        )
    values = {key: value for key, value in read(known[name]).items() if key != FORMER}
    own = {key: value for key, value in file.items() if key != "base"}
    for table in _MERGED:
        theirs, ours = values.get(table), own.get(table, {})
        if isinstance(theirs, dict) and isinstance(ours, dict):
            own[table] = {**theirs, **ours}
    return {**values, **own}


_MERGED = ("kernels", "launch")
"""Tables that say only what differs from the base's."""


def user_values(
    path: Path, schema: str, kind: str = "", base: BaseValues | None = None
) -> dict[str, Any]:
    """A user's file, checked against ``schema``, the dotted name of a pydantic model, which only
    such files load; with ``base`` it may build on a bundled profile of its ``kind``. Raises
    `InputError` naming file, key, found and expected."""
    from pydantic import ValidationError

    module, _, name = schema.rpartition(".")
    model: type[BaseModel] = getattr(importlib.import_module(module), name)
    try:
        file = read_toml(path)
        file = file if base is None else with_base(path, file, kind, base)
        values = model.model_validate(file).model_dump(mode="json")
    except ValidationError as error:
        raise InputError(f"{clean(str(path))}: {first_problem(error)}") from None
    if values["id"] != path.stem:
        raise InputError(
            say(
                "{path}: id: found {id!r}, expected the file's name {stem!r}",
                path=clean(str(path)),
                id=clean(values["id"], 60),
                stem=clean(path.stem, 60),
            )
        )
    return values


def first_problem(error: ValidationError) -> str:
    """The first of a validation's problems in one line."""
    problem = error.errors(include_url=False)[0]
    key = clean(".".join(str(part) for part in problem["loc"]), 120) or "file"
    if problem["type"] == "missing":
        return f"{key}: missing, expected a value"
    if problem["type"] == "extra_forbidden":
        return f"{key}: no such key"
    found = clean(repr(problem["input"]), 60)
    expected = problem["msg"].removeprefix("Input should be ").removeprefix("String should ")
    expected = expected.removeprefix("Value error, ")
    return f"{key}: found {found}, expected {clean(expected, 100)}"
