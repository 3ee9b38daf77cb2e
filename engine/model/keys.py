"""Raw config keys, read with aliases, bounds and class defaults, and a memory of what was read.

A dialect asks for values by name. Whatever the file does not say comes from the model type's
class default (`profiles/class_defaults.json`) or from the dialect, and is noted as an assumption.
What nobody asked for can be listed afterwards, so that a key which would change bytes or FLOPs is
never passed over in silence (`engine.model.dialects.unread`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.model.architecture import Assumption
from engine.words.errors import InputError
from engine.words.messages import Said, say

MAXIMUM_SIZE = 10_000_000
"""No width, vocabulary or context in a config is larger; more is a typing error or an attack."""
MAXIMUM_LAYERS = 10_000


class _Missing:
    """The value was not given (None is a value: JSON null)."""


MISSING = _Missing()


def shown(value: object) -> str:
    """``value`` as JSON-like text short enough for a one-line message."""
    if isinstance(value, Said):
        return str(value)
    text = repr(value) if isinstance(value, str) else str(value)
    names = {"None": "null", "True": "true", "False": "false"}
    text = names.get(text, text)
    return text if len(text) <= 60 else text[:57] + "..."


class Keys:
    """One mapping of a config (the top level, or a nested one such as ``text_config``)."""

    def __init__(
        self,
        values: Mapping[str, Any],
        source: str,
        model_type: str,
        defaults: Mapping[str, Any],
        path: str = "",
        nested: bool = False,
        assumptions: list[Assumption] | None = None,
        opened: list[Keys] | None = None,
    ) -> None:
        self.values = values
        self.source = source
        self.model_type = model_type
        self.defaults = defaults
        self.path = path
        self.nested = nested
        """Nested configs may hold only what differs from their class; the top level may not
        leave out its dimensions."""
        self.assumptions: list[Assumption] = [] if assumptions is None else assumptions
        self.opened: list[Keys] = [] if opened is None else opened
        self.opened.append(self)
        self.read: set[str] = set()
        self.warnings: list[str] = []
        self.tower = False
        """Whether this is the config of a tower, which is counted and no more."""
        self.left_over: list[str] = []
        """Keys with their values that the model's class does not look at."""
        self.uncounted: list[str] = []
        """Parts of the checkpoint that are in no count, by their keys."""

    # Finding ------------------------------------------------------------------------------

    def has(self, *names: str) -> bool:
        """True when the file gives any of ``names`` (null counts as given)."""
        return any(name in self.values for name in names)

    def raw(self, *names: str) -> tuple[str, Any]:
        """The first of ``names`` that the file gives, with its value; `MISSING` when none.

        All of ``names`` count as read: they are spellings of one thing. When several are given
        and not null, the first wins; `agree` checks that the others say the same.
        """
        self.read.update(names)
        found: tuple[str, Any] | None = None
        for name in names:
            if name not in self.values:
                continue
            value = self.values[name]
            if found is None or (found[1] is None and value is not None):
                found = (name, value)
        return found if found is not None else (names[0], MISSING)

    def agree(self, *names: str) -> None:
        """Raise `InputError` when two spellings of one quantity are given and differ."""
        given = [name for name in names if self.values.get(name) is not None]
        for name in given[1:]:
            if self.values[name] != self.values[given[0]]:
                expected = say(
                    "{value}, as {key} says",
                    value=shown(self.values[given[0]]),
                    key=f"{self.path}{given[0]}",
                )
                raise self.problem(name, self.values[name], expected)

    def ignore(self, *names: str) -> None:
        """Count ``names`` as understood: in this family they change neither bytes nor FLOPs."""
        self.read.update(names)

    def leave_out(self, what: str, *names: str) -> None:
        """Note that the parts described by ``names``, or all of this mapping, are in no count;
        ``what`` says of what kind they are, or why."""
        paths = [self.path + name for name in names] or [self.path.removesuffix(".")]
        self.uncounted += paths
        self.warnings.append(say("{paths}: {what} not counted", paths=", ".join(paths), what=what))

    def assume(self, name: str, value: object, reason: str) -> None:
        """Note that ``name`` was not in the file and where its value came from."""
        assumption = Assumption(self.path + name, shown(value), reason)
        if assumption not in self.assumptions:
            self.assumptions.append(assumption)

    def problem(self, name: str, value: object, expected: str) -> InputError:
        """The error for a bad value of ``name``."""
        found = say("missing") if value is MISSING else shown(value)
        return InputError(
            say(
                "{source}: {path}{name} is {found}, expected {expected}",
                source=self.source,
                path=self.path,
                name=name,
                found=found,
                expected=expected,
            )
        )

    # Numbers ------------------------------------------------------------------------------

    def integer(
        self,
        *names: str,
        default: int | _Missing | None = MISSING,
        reason: str = "",
        minimum: int = 1,
        maximum: int = MAXIMUM_SIZE,
        required: bool = False,
    ) -> int:
        """A whole number.

        Absent: the class default, else ``default``. Null: ``default``. With ``required`` the top
        level of a file must give it. Raises `InputError`.
        """
        name, value = self._value(names, default, reason, required)
        return self._checked_integer(name, value, minimum, maximum)

    def optional_integer(
        self, *names: str, minimum: int = 0, maximum: int = MAXIMUM_SIZE
    ) -> int | None:
        """A whole number, or None when null or neither given nor a class default."""
        name, value = self._value(names, None, "", required=False)
        return None if value is None else self._checked_integer(name, value, minimum, maximum)

    def number(self, *names: str, default: float | _Missing | None = MISSING) -> float:
        """A finite number. Raises `InputError`."""
        name, value = self._value(names, default, "", required=False)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.problem(name, value, say("a number"))
        if not abs(value) <= 1e12:
            raise self.problem(name, value, say("a number of usual size"))
        return float(value)

    def flag(self, *names: str, default: bool | _Missing | None = MISSING) -> bool:
        """true or false; null is false. Raises `InputError`."""
        name, value = self._value(names, default, "", required=False)
        if value is None:
            return False
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        raise self.problem(name, value, say("true or false"))

    def text(self, *names: str, default: str | _Missing | None = MISSING) -> str:
        """A string; null is the empty string. Raises `InputError`."""
        name, value = self._value(names, default, "", required=False)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.problem(name, value, say("text"))
        return value

    def _value(
        self,
        names: tuple[str, ...],
        default: Any,
        reason: str,
        required: bool,
    ) -> tuple[str, Any]:
        name, value = self.raw(*names)
        if value is None and not isinstance(default, _Missing):
            return name, default
        if value is not MISSING:
            return name, value
        if required and not self.nested:
            raise self.problem(
                name, value, say("a whole number{other}", other=self._alias_hint(names))
            )
        for alias in names:
            if alias in self.defaults:
                inherited = self.defaults[alias]
                if inherited is None and not isinstance(default, _Missing):
                    break
                if inherited is not None:
                    self.assume(
                        name, inherited, say("class default of {name}", name=self.model_type)
                    )
                return name, inherited
        if isinstance(default, _Missing):
            raise self.problem(name, value, say("a value{other}", other=self._alias_hint(names)))
        if default is not None and default is not False and default != "":
            self.assume(
                name, default, reason or say("default of the {name} family", name=self.model_type)
            )
        return name, default

    def _alias_hint(self, names: tuple[str, ...]) -> str:
        return say(" (or {names})", names=", ".join(names[1:])) if len(names) > 1 else ""

    def _checked_integer(self, name: str, value: Any, minimum: int, maximum: int) -> int:
        expected = say(
            "a whole number from {minimum} to {maximum}", minimum=minimum, maximum=maximum
        )
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.problem(name, value, expected)
        if not minimum <= value <= maximum:
            raise self.problem(name, value, expected)
        return value

    # Lists and nested configs -------------------------------------------------------------

    def items(self, *names: str) -> list[Any] | None:
        """A list as it is, or None when null or absent. Raises `InputError`."""
        name, value = self._value(names, None, "", required=False)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > 4 * MAXIMUM_LAYERS:
            raise self.problem(name, value, say("a list"))
        return value

    def integers(
        self, *names: str, minimum: int = 0, maximum: int = MAXIMUM_SIZE
    ) -> list[int] | None:
        """A list of whole numbers, or None when null or absent."""
        name, values = names[0], self.items(*names)
        if values is None:
            return None
        return [self._checked_integer(name, value, minimum, maximum) for value in values]

    def texts(self, *names: str) -> list[str] | None:
        """A list of strings, or None when null or absent."""
        values = self.items(*names)
        if values is None:
            return None
        for value in values:
            if not isinstance(value, str):
                raise self.problem(names[0], value, say("a list of texts"))
        return list(values)

    def scope(self, *names: str, model_type: str = "") -> Keys | None:
        """A nested config, or None when null or absent.

        Its class defaults are those of the ``model_type`` it states, else of the one given.
        """
        from engine.model.defaults import class_defaults

        name, value = self.raw(*names)
        if value is MISSING or value is None:
            return None
        if not isinstance(value, dict):
            raise self.problem(name, value, say("a mapping"))
        stated = value.get("model_type")
        kind = stated if isinstance(stated, str) and stated else model_type
        return Keys(
            value,
            self.source,
            kind,
            class_defaults(kind) or class_defaults(model_type),
            f"{self.path}{name}.",
            nested=True,
            assumptions=self.assumptions,
            opened=self.opened,
        )

    def scopes(self, name: str) -> list[Keys]:
        """A list of nested configs; empty when null or absent."""
        values = self.items(name) or []
        found = []
        for position, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.problem(f"{name}[{position}]", value, say("a mapping"))
            found.append(
                Keys(
                    value,
                    self.source,
                    self.model_type,
                    {},
                    f"{self.path}{name}[{position}].",
                    nested=True,
                    assumptions=self.assumptions,
                    opened=self.opened,
                )
            )
        return found

    def unread(self) -> Iterator[tuple[str, Any]]:
        """Keys of this mapping that nobody asked for."""
        for name, value in self.values.items():
            if name not in self.read:
                yield name, value
