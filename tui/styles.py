"""Named styles in the terminal's own sixteen colours; meaning never rests on colour alone."""

from __future__ import annotations

from rich.style import Style

PLAIN = Style()
DIM = Style(dim=True)
BOLD = Style(bold=True)
TITLE = Style(bold=True, color="cyan")
FOCUSED = Style(bold=True, reverse=True)
GOOD = Style(color="green")
BEST = Style(color="green", bold=True)
BAD = Style(color="red")
WARN = Style(color="yellow")
ACCENT = Style(color="cyan")
EDITED = Style(color="yellow", bold=True)
CURSOR = Style(reverse=True)
CURSOR_IDLE = Style(underline=True)
INPUT = Style(reverse=True, bold=True)
