"""The panes: each says its title line and its lines; what they show comes from the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.lines import Line, Run, cells, fit, joined, line, width_of, wrapped
from tui.styles import BOLD, DIM, FOCUSED, TITLE, WARN
from tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.session import Session

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
        number = NUMBERS[self.id or ""]
        label = f" {number} {self.title} "
        style = FOCUSED if self.focused_pane else TITLE
        parts = self.summary() if self.session is not None else ()
        return line((label, style), (" ", DIM), (joined(parts, width - cells(label) - 1), DIM))


class AnswerPane(LinePane):
    """The answer in one sentence, on top of everything."""

    DEFAULT_CSS = "AnswerPane { height: 2; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.sentence = "rooftop"
        self.error = ""
        self.notice = ""
        """A message too long for the last line, until the next key."""

    def content(self, width: int, height: int) -> list[Line]:
        """The sentence, wrapped; a notice or an error instead of it when there is one."""
        problem = self.notice or self.error
        text, style = (f"! {problem}", WARN) if problem else (self.sentence, BOLD)
        return [line((one, style)) for one in wrapped(text, width, height)]


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
        runs: list[Run] = []
        room = width - len(self.status) - 1
        for key, label in self.keys:
            pair: tuple[Run, Run] = ((f"{key} ", BOLD), (f"{label}  ", DIM))
            if width_of([*runs, *pair]) > room:
                break
            runs.extend(pair)
        runs.append((" " * max(room - width_of(runs), 0), DIM))
        runs.append((f" {self.status}", DIM))
        return [tuple(runs)]
