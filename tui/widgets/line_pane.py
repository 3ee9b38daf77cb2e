"""A widget made of lines that repaints only those that changed."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.lines import Line, padded


class LinePane(Widget):
    """Base of every pane. Subclasses say what their lines are for a size; `update` compares
    them with what is on screen and repaints the difference.

    The stock widgets repaint themselves whole; over a slow line that is most of the traffic.
    """

    DEFAULT_CSS = "LinePane { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._strips: list[Strip] = []

    def content(self, width: int, height: int) -> list[Line]:
        """The pane's lines for a size; at most ``height`` are shown."""
        raise NotImplementedError

    def update(self) -> None:
        """Draw what changed."""
        width, height = self.size
        if not width or not height:
            return
        lines = [padded(one, width) for one in self.content(width, height)[:height]]
        changed = [
            y
            for y in range(max(len(lines), len(self._lines)))
            if y >= len(lines) or y >= len(self._lines) or lines[y] != self._lines[y]
        ]
        if not changed:
            return
        self._lines = lines
        self._strips = [
            Strip([Segment(text, style) for text, style in one], width) for one in lines
        ]
        self.refresh(*(Region(0, y, width, 1) for y in changed))

    def on_resize(self) -> None:
        """Lay out again for the new size."""
        self._lines = []
        self._strips = []
        self.update()

    def render_line(self, y: int) -> Strip:
        """One line of the pane."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width)

    @property
    def text(self) -> str:
        """What the pane shows, for tests and screen readers."""
        return "\n".join("".join(run for run, _ in one).rstrip() for one in self._lines)
