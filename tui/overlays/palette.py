"""The command palette."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import textual.events as events

from engine.plan.names.parse import is_benchmark_name
from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.commands import Command
from tui.drawing.lines import Line, fit, line
from tui.drawing.styles import BOLD, CURSOR, DIM, INPUT, PLAIN, WARN, Role
from tui.fields.forms import HARDWARE, WORKLOAD, Field
from tui.fields.knobs import Knob, knob
from tui.keymap import Keymap, commands_of, key_name
from tui.nouns.every import BY_WORD
from tui.nouns.noun import Noun
from tui.overlays.picker import picked_lines
from tui.page import Page
from tui.terminal import line_editor

MOST_LINES = 18
"""So tall a list is, however much is found."""


_ALSO = {
    "draft": "mtp eagle speculative decoding",
    "draft_tokens": "mtp eagle speculative decoding",
    "arrangement": "disaggregated disaggregation p/d",
    "usd_per_million_output": "cost price dollars",
    "prices": "cost",
    "rate": "load qps rps",
    "kv": "precision cache",
    "weights": "precision quantisation",
    "activations": "precision quantisation",
    "tensor": "tensor parallel",
    "pipeline": "pipeline parallel",
    "expert": "expert parallel",
}
"""Words by which fields are looked for besides their own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A command to run; where it takes one, with what was typed for it."""

    command: str
    text: str = ""


class Palette(Page[Wish]):
    """Commands by name: type to narrow, enter to run. What can do nothing now is dim. A benchmark
    name is a command, too: to plan what it names; ``chip h20`` picks as the list of chips does.
    The name of a field leads to it, with a value behind it the field is set: ``rate 3``."""

    def __init__(
        self, pane: str, keymap: Keymap, facts: frozenset[str], scenario: Scenario
    ) -> None:
        super().__init__("commands", "enter runs, ↑↓ choose, esc closes", steady=MOST_LINES)
        self._pane = pane
        self._keymap = keymap
        self._facts = facts | {""}
        self._scenario = scenario
        self._typed = ""
        self._cursor = 0

    def on_mount(self) -> None:
        """Show every command at first."""
        self._fill()

    def _found(self) -> list[Command | Field]:
        words = self._typed.lower().split()
        return [*self._commands(words), *(_fields(words, _words_of_field) if words else ())]

    def _commands(self, words: list[str]) -> list[Command]:
        mine = [one for one in commands_of(self._pane) if one.id != "palette"]
        found: list[Command] = [
            one for one in mine if all(word in _words_of(one) for word in words)
        ]
        found.sort(key=lambda one: one.needs not in self._facts)
        return found

    def _noun(self) -> tuple[Noun, str] | None:
        """The noun that is typed, with what is looked for among its values."""
        word, space, rest = self._typed.lstrip().partition(" ")
        noun = BY_WORD.get(word.lower())
        return (noun, rest) if noun is not None and space else None

    def _knob(self) -> Knob | None:
        """The field that is to be set; none where the field does not take the words, which find a
        command, or a field by its name: one that only its hint answers to was meant as a value."""
        found, words = knob(self._typed), self._typed.lower().split()
        if found is None or not found.complaint(self._scenario):
            return found
        return None if self._commands(words) or _fields(words, _names_of_field) else found

    def _fill_picked(self, noun: Noun, text: str) -> None:
        """The values of a noun in place of the commands."""
        found = noun.found(self._scenario, text)
        self._cursor = max(0, min(self._cursor, len(found) - 1))
        room = max(self.view.room - 1, 1)
        top = max(0, min(self._cursor - room // 2, len(found) - room))
        window = (top, top + room)
        self.view.lines += picked_lines(noun, self._scenario, found, self._cursor, window)
        self.view.top = 0
        self.view.update()

    def _wish(self) -> Wish | None:
        """What enter is to do."""
        if is_benchmark_name(self._typed):
            return Wish("name", self._typed.strip())
        picked = self._noun()
        if picked is not None:
            noun, text = picked
            values = noun.found(self._scenario, text)
            value = noun.meant(text, values[self._cursor] if values else None)
            return Wish(noun.id, value) if value else None
        if self._knob() is not None:
            return Wish("knob", self._typed)
        found = self._found()
        if not found:
            return None
        chosen = found[self._cursor]
        return Wish("field", chosen.id) if isinstance(chosen, Field) else Wish(chosen.id)

    def _count(self) -> int:
        picked = self._noun()
        return len(picked[0].found(self._scenario, picked[1]) if picked else self._found())

    def _fill(self) -> None:
        found = self._found()
        self.view.lines = [line((" › ", BOLD), (f"{self._typed}", BOLD), (" ", INPUT))]
        if is_benchmark_name(self._typed):
            self.view.lines.append(line((say("   enter plans what this name says"), PLAIN)))
            self.view.top = 0
            self.view.update()
            return
        picked = self._noun()
        if picked is not None:
            self._fill_picked(*picked)
            return
        set_to = self._knob()
        if set_to is not None:
            self.view.lines.append(_knob_line(set_to, self._scenario))
            self.view.top = 0
            self.view.update()
            return
        self._cursor = max(0, min(self._cursor, len(found) - 1))
        for place, one in enumerate(found):
            here = place == self._cursor
            if isinstance(one, Field):
                self.view.lines.append(_field_line(one, CURSOR if here else PLAIN))
                continue
            style = PLAIN if one.needs in self._facts else DIM
            self.view.lines.append(command_line(one, self._keymap, CURSOR if here else style))
        if not found:
            self.view.lines.append(line((say("   no command has these words"), DIM)))
        self.view.top = max(0, self._cursor - self.view.room + 3)
        self.view.update()

    def keyed(self, event: events.Key) -> None:
        """Type, move, run or close."""
        if event.key in {"escape", "ctrl+c", "ctrl+q"}:
            self.close()
            return
        if event.key == "enter":
            self.close(self._wish())
            return
        if event.key in {"down", "up", "ctrl+n", "ctrl+p", "tab", "shift+tab"}:
            self._cursor += 1 if event.key in {"down", "ctrl+n", "tab"} else -1
            self._cursor %= max(self._count(), 1)
        elif (typed := line_editor.edited(self._typed, event)) is not None:
            self._type(typed)
        self._fill()

    def pasted(self, text: str) -> None:
        """Narrow by what was pasted; what is longer than any command's words is not taken."""
        with contextlib.suppress(RooftopError):
            self._type(line_editor.pasted(self._typed, text))
        self._fill()

    def _type(self, typed: str) -> None:
        if typed != self._typed:
            self._typed, self._cursor = typed, 0


def _fields(words: list[str], words_of: Callable[[Field], str]) -> list[Field]:
    """The fields of the forms that all words are about."""
    return [one for one in (*HARDWARE, *WORKLOAD) if all(word in words_of(one) for word in words)]


def _words_of_field(field: Field) -> str:
    """What a field is found by, likewise."""
    return f"{_names_of_field(field)} {field.hint} {say(field.hint)}".lower()


def _names_of_field(field: Field) -> str:
    """The same without what it takes."""
    told = (field.label, field.group)
    return " ".join((*told, *map(say, told), _ALSO.get(field.id, ""))).lower()


def _field_line(field: Field, style: Role) -> Line:
    """A field: where it stands and what it takes."""
    return (
        (f"  {fit(say('field'), 16)}  ", DIM),
        (f"{say(field.label)}: {say(field.hint)}", style),
    )


def _knob_line(found: Knob, scenario: Scenario) -> Line:
    """What enter sets, from what to what; or why it cannot."""
    complaint = found.complaint(scenario)
    if complaint:
        return line((f"   {complaint}", WARN))
    field = found.fields[0]
    told = say(
        "   enter sets {name}: {before} → {after}",
        name=say(field.label),
        before=say(field.read(scenario)),
        after=found.text,
    )
    return line((told, PLAIN))


def _words_of(command: Command) -> str:
    """What a command is found by: its English, and its words on the screen."""
    own = f"{command.id} {command.label} {command.help}"
    return f"{own} {say(command.label)} {say(command.help)}".lower()


def command_line(command: Command, keymap: Keymap, style: Role) -> Line:
    """A command's keys and what it does."""
    keys = " ".join(key_name(key) for key in keymap.keys(command))
    return ((f"  {fit(keys, 16)}  ", BOLD if style is not DIM else DIM), (say(command.help), style))
