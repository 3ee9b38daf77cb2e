"""The panes: each says its title line and its lines; what they show comes from the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.answer_lines import answer_lines, problem_lines
from tui.lines import Line, Run, cells, fit, joined, line, width_of
from tui.styles import BOLD, DIM, FOCUSED, PLAIN, RULE, TITLE
from tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.session import Session

PINNED_KEYS = 2
"""Keys at the end of the footer that stay when there is no room for all: help and quit."""
NUMBERS = {"model": 1, "hardware": 2, "workload": 3, "table": 4, "chart": 5, "why": 6}


class Pane(LinePane):
    """A numbered pane with a title line; one line high when it is folded."""

    title = ""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.session: Session | None = None
        self.focused_pane = False

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
        number = NUMBERS[self.id or ""]
        label = f" {number} {self.title} "
        style = FOCUSED if self.focused_pane else TITLE
        parts = self.summary() if self.session is not None else ()
        words = joined(parts, width - cells(label) - 2)
        rest = width - cells(label) - cells(words) - 3
        rule = "─" * rest if rest > 0 and self.size.height > 1 else ""
        return line(
            (label, style), (f" {words} ", PLAIN if self.focused_pane else DIM), (rule, RULE)
        )


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
            room = max(width - len(label) - 2, 1)
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
