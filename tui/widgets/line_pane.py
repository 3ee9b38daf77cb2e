"""A widget made of lines that repaints only those that changed."""

from __future__ import annotations

from typing import cast

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.drawing.lines import Line, padded
from tui.drawing.look import Dressed


class LinePane(Widget):
    """Base of every pane. Subclasses say what their lines are for a size; `update` compares
    them with what is on screen and repaints the difference.

    The stock widgets repaint themselves whole; over a slow line that is most of the traffic.
    """

    DEFAULT_CSS = "LinePane { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._segments: list[list[Segment]] = []
        self._columns = 0
        """Cells of every line."""

    def content(self, width: int, height: int) -> list[Line]:
        """The pane's lines for a size; at most ``height`` are shown."""
        raise NotImplementedError

    @property
    def extent(self) -> tuple[int, int]:
        """Columns and lines to draw for."""
        return self.size

    def update(self) -> None:
        """Draw what changed."""
        width, height = self.extent
        if not width or not height:
            return
        lines = [padded(one, width) for one in self.content(width, height)[:height]]
        old = self._lines
        changed = [
            y
            for y in range(max(len(lines), len(old)))
            if y >= len(lines) or y >= len(old) or lines[y] != old[y]
        ]
        if not changed:
            return
        look = cast(Dressed, self.app).look
        segments = self._segments[: len(lines)]
        segments += [[]] * (len(lines) - len(segments))
        for y in changed:
            if y < len(lines):
                segments[y] = look.segments(lines[y])
        self._lines, self._segments, self._columns = lines, segments, width
        self.refresh(*(Region(0, y, width, 1) for y in changed))

    def redraw(self) -> None:
        """Draw everything again, for another size or another look."""
        self._lines = []
        self._segments = []
        self.update()

    def on_resize(self) -> None:
        """Lay out again for the new size."""
        self.redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region. The panes have no border and no padding, so that what
        `Widget` does for those is left out; it is most of the time of a frame."""
        x, y, width, height = crop
        whole = x == 0 and width == self.size.width
        # A strip keeps every piece that it was cut into: over the hours tens of megabytes.
        strips = [Strip(one, self._columns) for one in self._segments[y : y + height]]
        if not whole:
            strips = [one.crop(x, x + width) for one in strips]
        return strips + [Strip.blank(width)] * (height - len(strips))

    @property
    def text(self) -> str:
        """What the pane shows, for tests and screen readers."""
        return "\n".join("".join(run for run, _ in one).rstrip() for one in self._lines)
