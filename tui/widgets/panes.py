"""The panes: each says its title line and its lines; what they show comes from the session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from engine.words.messages import say
from tui.answer_lines import answer_lines, problem_lines
from tui.drawing.lines import Line, Run, cells, fit, joined, line, width_of
from tui.drawing.styles import BOLD, DIM, FOCUSED, PLAIN, RULE, TITLE
from tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from tui.session.session import Session

PINNED_KEYS = 2
"""Keys at the end of the footer that stay when there is no room for all: help and quit."""
FILL = "1fr"
"""The height of what takes all there is."""
Help = tuple[str, tuple[tuple[str, str], ...]]
"""A heading, or none, and pairs of what is pressed or seen and what it means."""


class Place(Enum):
    """The box of the screen that a pane stands in; the last is inside the one before."""

    LEFT = "left"
    RIGHT = "right"
    BELOW = "below"


class Moves(Enum):
    """What a pane's keys move. Slower work follows: a row is explained and advised on, a key of
    the config is tried out."""

    VIEW = "what it shows, or a cursor of its own"
    ROW = "the row under the cursor"
    KEY = "the key under the cursor"


class Pane(LinePane):
    """A numbered pane with a title line; one line high when it is folded.

    A subclass says all there is to say of it: where it stands, what its keys move, what its help
    adds to the commands. `tui.panes` lists it.
    """

    short_name: ClassVar[str]
    """Of the pane in commands, the session's file and the style sheet."""
    number: ClassVar[int]
    """The digit that leads to it."""
    title: ClassVar[str]
    place: ClassVar[Place]
    open_lines: ClassVar[int | str] = FILL
    """Its height where all panes are open."""
    moves: ClassVar[Moves] = Moves.VIEW
    help: ClassVar[tuple[Help, ...]] = ()

    def __init__(self) -> None:
        super().__init__(id=self.short_name)
        self.session: Session | None = None
        self.focused_pane = False

    def move(self, by: int) -> None:
        """Move the cursor, or what is shown, by lines."""
        raise NotImplementedError

    @property
    def page(self) -> int:
        """Lines that are visible at a time."""
        return max(self.size.height - 2, 1)

    def wanted_lines(self) -> int | None:
        """Lines that it wants with its title in a small terminal; None for all there are."""
        return None

    def unfold(self, groups: Iterable[str]) -> None:
        """Open the groups of these names, where the pane has such."""

    def fold_key(self, direction: int) -> tuple[str, ...] | None:
        """Open (1), close (-1) or turn (0) the group whose heading the cursor stands on; those
        that are open then, None where it stands on none."""
        return None

    def back(self) -> bool:
        """Take back what narrows the pane; False when nothing does."""
        return False

    def choose(self, y: int) -> None:
        """Put the cursor on what is drawn in line ``y``."""

    def summary(self) -> tuple[str, ...]:
        """What the title line says beside the title, most important first; parts that have no
        room are left out whole."""
        return ()

    def body(self, width: int, height: int) -> list[Line]:
        """The lines below the title."""
        raise NotImplementedError

    def content(self, width: int, height: int) -> list[Line]:
        """Title line, then the body."""
        head = self._title_line(width)
        if height <= 1 or self.session is None:
            return [head]
        return [head, *self.body(width, height - 1)]

    def _title_line(self, width: int) -> Line:
        """Number and title, what there is to say beside them, and a rule to the edge."""
        label = f" {self.number} {say(self.title)} "
        style = FOCUSED if self.focused_pane else TITLE
        parts = self.summary() if self.session is not None else ()
        words = joined([say(one) for one in parts], width - cells(label) - 2)
        rest = width - cells(label) - cells(words) - 3
        rule = "─" * rest if rest > 0 and self.size.height > 1 else ""
        return line(
            (label, style), (f" {words} ", PLAIN if self.focused_pane else DIM), (rule, RULE)
        )


class TypedPane(Pane):
    """A pane whose values are typed over. ``typed`` is what is being typed over the value under
    the cursor, or None; ``complaint`` says why a value is not taken."""

    takes_every_key: ClassVar[bool]
    """Whether the scenario follows every key; otherwise it waits for enter."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: str | None = None
        self.complaint = ""
        self.before: Scenario | None = None
        """The scenario when the value was opened: what esc goes back to, and what is in force
        while something else is refused."""

    def begin(self, scenario: Scenario) -> None:
        """Open the value under the cursor."""
        self.typed, self.before = "", scenario

    def leave(self) -> None:
        """Typing ends."""
        self.typed, self.complaint, self.before = None, "", None

    def can_be_typed(self) -> bool:
        """Whether there is a value under the cursor."""
        return True

    def steps_with(self, character: str) -> bool:
        """Whether a key that could be typed is a step up or down instead."""
        return False

    def written(self, scenario: Scenario, text: str) -> tuple[Scenario, str]:
        """The scenario with ``text`` under the cursor and what was changed; raises
        `RooftopError` where it makes no sense."""
        raise NotImplementedError

    def stepped(self, scenario: Scenario, direction: int) -> tuple[Scenario, str] | None:
        """The scenario with the next or previous choice, or one step up or down, and what was
        changed; None where the value has no steps. Raises `RooftopError` where it is refused."""
        raise NotImplementedError


class AnswerPane(LinePane):
    """The answer in one sentence, on top of everything."""

    DEFAULT_CSS = "AnswerPane { height: 2; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.sentence = "rooftop"
        self.verdict = "busy"
        self.error = ""
        self.notice = ""
        """A message too long for the last line, until the next key."""

    def content(self, width: int, height: int) -> list[Line]:
        """The sentence behind its verdict; a notice or an error instead when there is one."""
        problem = self.notice or self.error
        if problem:
            return problem_lines(problem, width, height)
        return answer_lines(self.sentence, self.verdict, width, height)


class FooterPane(LinePane):
    """The last line: a question being answered, a message, or the keys of the pane."""

    DEFAULT_CSS = "FooterPane { height: 1; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.keys: tuple[tuple[str, str], ...] = ()
        self.message = ""
        self.status = ""
        self.prompt: tuple[str, str] | None = None

    def content(self, width: int, height: int) -> list[Line]:
        """One line."""
        if self.prompt is not None:
            label, text = self.prompt
            room = max(width - cells(label) - 2, 1)
            return [line((f"{label} ", BOLD), (text[-room:], BOLD), ("▏", FOCUSED))]
        if self.message:
            return [line((fit(self.message, width), BOLD))]
        room = width - cells(self.status) - 1
        last = self.keys[-PINNED_KEYS:]
        while last and width_of(_key_runs(last)) > room:
            last = last[1:]
        room -= width_of(_key_runs(last))
        runs: list[Run] = []
        for key in self.keys[:-PINNED_KEYS]:
            pair = _key_runs([key])
            if width_of([*runs, *pair]) > room:
                break
            runs.extend(pair)
        runs.extend(_key_runs(last))
        room = width - cells(self.status) - 1 - width_of(runs)
        runs.append((" " * max(room, 0), DIM))
        runs.append((f" {self.status}", DIM))
        return [tuple(runs)]


def _key_runs(keys: Sequence[tuple[str, str]]) -> list[Run]:
    return [run for key, label in keys for run in ((key, BOLD), (f" {label}  ", DIM))]
