"""How lines become what the terminal is sent: the theme's styles, ASCII where it must be."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip

from tui.glyphs import in_ascii
from tui.lines import Line
from tui.themes import THEMES


class Look:
    """A theme and a set of glyphs."""

    def __init__(self, theme: str = "dark", *, ascii_only: bool = False) -> None:
        self.theme = theme
        self.ascii_only = ascii_only

    def strip(self, line: Line, width: int) -> Strip:
        """A line that is ``width`` cells wide as Textual draws it."""
        styles = THEMES[self.theme]
        if self.ascii_only:
            return Strip([Segment(in_ascii(text), styles[role]) for text, role in line], width)
        return Strip([Segment(text, styles[role]) for text, role in line], width)
