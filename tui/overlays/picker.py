"""One list for everything that can be picked: type to narrow, enter takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import textual.events as events

from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.drawing.lines import Line, cells, fit, line
from tui.drawing.styles import ACCENT, BOLD, CURSOR, DIM, INPUT, PLAIN, WARN
from tui.nouns.noun import Noun
from tui.page import Page
from tui.terminal import line_editor

_STEPS = {"down": 1, "ctrl+n": 1, "tab": 1, "up": -1, "ctrl+p": -1, "shift+tab": -1}
MOST_LINES = 18
"""So tall a list is, however much is found."""
NAME_WIDTH = (12, 40)
"""Least and most cells of a name."""


class Picker(Page[str]):
    """Gives the value that was picked, or what was typed where that is meant as it stands."""

    def __init__(self, noun: Noun, scenario: Scenario, typed: str = "") -> None:
        most = min(len(noun.values(scenario)) + 1, MOST_LINES)
        several = say(", space marks several") if noun.several else ""
        super().__init__(
            noun.title, say("enter takes{several}, esc closes", several=several), steady=most
        )
        self._noun = noun
        self._scenario = scenario
        self._typed = typed
        self._cursor = 0
        self._found: list[str] = []
        self._complaint = ""
        self._marked: list[str] = []
        self._facts = lru_cache(maxsize=None)(lambda value: noun.told(scenario, value))

    def on_mount(self) -> None:
        """Everything, the cursor on what is in force."""
        self._find()
        current = self._noun.current(self._scenario)
        known = not self._typed and current in self._found
        self._cursor = self._found.index(current) if known else 0
        self._fill()

    def on_resize(self) -> None:
        """Lines for the new size."""
        self.call_after_refresh(self._fill)

    def _find(self) -> None:
        self._found = self._noun.found(self._scenario, self._typed)

    def _fill(self) -> None:
        room = max(min(self.view.room, MOST_LINES) - 1, 1)
        self._cursor = max(0, min(self._cursor, len(self._found) - 1))
        top = max(0, min(self._cursor - room // 2, len(self._found) - room))
        self.view.lines = [line((" › ", BOLD), (self._typed, BOLD), (" ", INPUT))]
        if self._complaint:
            self.view.lines.append(line((f"   {self._complaint}", WARN)))
        self.view.lines += self._rows(top, top + room)
        if not self._found:
            self.view.lines.append(
                line((say("   nothing is called so; enter takes it as typed"), DIM))
            )
        self.view.top = 0
        self.view.update()

    def _mark(self) -> None:
        """Mark the value under the cursor, or take its mark away, and go on."""
        value = self.under_cursor
        if value is None:
            return
        if value in self._marked:
            self._marked.remove(value)
        else:
            self._marked.append(value)
        self._cursor += 1

    def _rows(self, first: int, last: int) -> list[Line]:
        return picked_lines(
            self._noun,
            self._scenario,
            self._found,
            self._cursor,
            (first, last),
            self._facts,
            self._marked,
        )

    @property
    def under_cursor(self) -> str | None:
        """The value that the cursor stands on."""
        return self._found[self._cursor] if self._found else None

    def keyed(self, event: events.Key) -> None:
        """Type, move, take or close."""
        self._complaint = ""
        page = max(self.view.room - 2, 1)
        steps = {**_STEPS, "pagedown": page, "pageup": -page}
        if event.key in {"escape", "ctrl+c", "ctrl+q"}:
            self.close()
            return
        if event.key == "space" and self._noun.several:
            self._mark()
            self._fill()
            return
        if event.key == "enter" and len(self._marked) > 1:
            self.close(",".join(self._marked))
            return
        if event.key == "enter":
            self.close(self._noun.meant(self._typed, self.under_cursor) or None)
            return
        if event.key in steps:
            self._cursor += steps[event.key]
        elif (typed := line_editor.edited(self._typed, event)) is not None:
            self._type(typed)
        self._fill()

    def pasted(self, text: str) -> None:
        """Narrow by what was pasted; what is longer than a line is not taken."""
        try:
            self._type(line_editor.pasted(self._typed, text))
        except RooftopError as error:
            self._complaint = str(error)
        self._fill()

    def _type(self, typed: str) -> None:
        if typed != self._typed:
            self._typed, self._cursor = typed, 0
            self._find()


def picked_lines(
    noun: Noun,
    scenario: Scenario,
    found: list[str],
    cursor: int,
    window: tuple[int, int],
    facts: object = None,
    marked: Sequence[str] = (),
) -> list[Line]:
    """The values of a window, one a line: the mark of what is in force, the name, its facts."""
    told = facts if callable(facts) else lambda value: noun.told(scenario, value)
    shown = found[window[0] : window[1]]
    width = max((cells(one) for one in shown), default=0)
    width = min(max(width, NAME_WIDTH[0]), NAME_WIDTH[1])
    current = noun.current(scenario)
    lines: list[Line] = []
    for place, value in enumerate(shown, window[0]):
        here = place == cursor
        mark = "✓ " if value in marked else "● " if value == current else "  "
        # Of a path its end is what tells it from others.
        cut = "/" in value and cells(value) > width
        name = f" {fit(f'…{value[1 - width :]}' if cut else value, width)} "
        style = CURSOR if here else PLAIN
        lines.append(line((f" {mark}", ACCENT), (name, style), (f" {told(value)}", DIM)))
    return lines
