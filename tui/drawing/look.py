"""How lines become what the terminal is sent: the theme's styles, ASCII where it must be."""

from __future__ import annotations

from typing import Protocol

from rich.segment import Segment

from tui.drawing.glyphs import in_ascii
from tui.drawing.lines import Line
from tui.drawing.styles import PLAIN
from tui.drawing.themes import SHOWN_WHEN_BLANK, THEMES


class Dressed(Protocol):
    """An app that says how its lines look."""

    look: Look


class Look:
    """A theme and a set of glyphs."""

    def __init__(self, theme: str = "dark", *, ascii_only: bool = False) -> None:
        self.theme = theme
        self.ascii_only = ascii_only

    def segments(self, line: Line) -> list[Segment]:
        """A line as Textual draws it.

        Every change of style costs a slow line a dozen bytes: runs that look the same become
        one, and blanks take the style of the terminal unless theirs would be seen.
        """
        styles = THEMES[self.theme]
        segments: list[Segment] = []
        text, current = "", PLAIN
        for piece, role in line:
            if role is not current and piece:
                if role not in SHOWN_WHEN_BLANK and piece.isspace():
                    role = current if current not in SHOWN_WHEN_BLANK else PLAIN
                if role is not current:
                    if text:
                        segments.append(Segment(text, styles[current]))
                    text, current = "", role
            text += in_ascii(piece) if self.ascii_only else piece
        if text:
            segments.append(Segment(text, styles[current]))
        return segments
