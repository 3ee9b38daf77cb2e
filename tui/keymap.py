"""Which key means which command where: the commands' own keys, or those of the config file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from tui.commands import BY_ID, COMMANDS, EVERYWHERE, Command
from tui.panes import KINDS

_NAMES = {
    "question_mark": "?",
    "full_stop": ".",
    "colon": ":",
    "comma": ",",
    "minus": "-",
    "plus": "+",
    "slash": "/",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
}
_KNOWN = frozenset(
    ["up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"]
    + ["tab", "shift+tab", "enter", "space", "backspace"]
    + [f"f{number}" for number in range(1, 13)]
    + [f"ctrl+{letter}" for letter in "abcdefgklnopqrstuvwxyz"]
)
"""Keys with names that every terminal sends. ctrl+h, i, j and m are backspace, tab and enter."""
ASKING = frozenset({"question_mark", "f1"})
"""Keys that ask for help wherever they are pressed."""
RESERVED = frozenset(str(kind.number) for kind in KINDS)
"""Digits jump to panes."""


def key_name(key: str) -> str:
    """How a key is written for people."""
    return _NAMES.get(key, key)


def parse_key(text: str) -> str:
    """Textual's name of a key as a person writes it; `InputError` when there is none."""
    if text in _KNOWN or text in BY_CHARACTER.values():
        return text
    if len(text) == 1 and text.isprintable() and text not in RESERVED:
        return BY_CHARACTER.get(text, text)
    raise InputError(
        say(
            "found {text!r}, expected a character, f1 to f12, ctrl+letter or a key name",
            text=clean(text, 60),
        )
    )


_ESC_DIGITS = "º¡™£¢∞§¶•ª"
"""What esc and a digit, from 0 on, come as."""


def as_pressed(key: str, character: str | None) -> tuple[tuple[str, str | None], ...]:
    """The keys that were pressed. Esc and a key right after it, as quick fingers and slow lines
    send them, reach a program as alt with that key. No command has alt, so that it is what it
    was. With a digit they are read as what that is on another system's keyboard."""
    if character and character in _ESC_DIGITS:
        digit = str(_ESC_DIGITS.index(character))
        return (("escape", None), (digit, digit))
    if not key.startswith("alt+") or not character or not character.isprintable():
        return ((key, character),)
    return (("escape", None), (BY_CHARACTER.get(character, character), character))


BY_CHARACTER = {name: key for key, name in _NAMES.items() if len(name) == 1 and name.isascii()}
BY_CHARACTER[" "] = "space"


class Keymap:
    """The keys of every pane. ``changed`` gives commands other keys than their own."""

    def __init__(self, changed: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._keys = {command.id: command.keys for command in COMMANDS}
        self._keys.update(changed or {})
        self._by_pane: dict[str, dict[str, Command]] = {kind.short_name: {} for kind in KINDS}
        chosen = set(changed or {})
        # What a person chose comes first; another command's own key gives way to it.
        for command in sorted(COMMANDS, key=lambda one: one.id not in chosen):
            for table in self._tables(command):
                for key in self._keys[command.id]:
                    other = table.setdefault(key, command)
                    if other is not command and {other.id, command.id} <= chosen:
                        raise InputError(
                            say(
                                "keys.{command}: {key!r} is keys.{other} already",
                                command=command.id,
                                key=key_name(key),
                                other=other.id,
                            )
                        )

        self._reachable = {command.id: self._leading_to(command) for command in COMMANDS}

    def _leading_to(self, command: Command) -> tuple[str, ...]:
        tables = self._tables(command)
        return tuple(
            key
            for key in self._keys[command.id]
            if any(table.get(key) is command for table in tables)
        )

    def _tables(self, command: Command) -> list[dict[str, Command]]:
        """What the keys mean in every pane where the command works."""
        return [table for pane, table in self._by_pane.items() if command.works_in(pane)]

    def keys(self, command: Command) -> tuple[str, ...]:
        """The keys that lead to ``command`` somewhere."""
        return self._reachable[command.id]

    def command(self, pane: str, key: str, character: str | None = None) -> Command | None:
        """What a key means in ``pane``."""
        table = self._by_pane[pane]
        names = ["/" if key == "slash" else key, character]
        return next((table[name] for name in names if name and name in table), None)

    def footer(self, pane: str, facts: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Keys and labels for the footer of ``pane``: those that can do something now, the
        pane's own first."""
        known = set(facts)
        mine = [
            command
            for command in commands_of(pane)
            if command.footer and self.keys(command) and command.needs in known | {""}
        ]
        mine.sort(key=lambda command: command.panes == EVERYWHERE)
        return tuple((key_name(self.keys(one)[0]), say(one.label)) for one in mine)


def commands_of(pane: str) -> tuple[Command, ...]:
    """Every command that works in ``pane``."""
    return tuple(command for command in COMMANDS if command.works_in(pane))


def parse_keys(written: Mapping[str, str | list[str]]) -> dict[str, tuple[str, ...]]:
    """The ``[keys]`` table of the config file; `InputError` naming the key that is wrong."""
    keys: dict[str, tuple[str, ...]] = {}
    for id, value in written.items():
        if id not in BY_ID:
            raise InputError(
                say("keys.{id}: no such command; `?` and `:` in the app name them all", id=id)
            )
        try:
            keys[id] = tuple(
                parse_key(one) for one in ([value] if isinstance(value, str) else value)
            )
        except InputError as error:
            raise InputError(say("keys.{id}: {error}", id=id, error=error)) from None
    return keys
