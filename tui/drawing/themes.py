"""Themes: how each role looks in the terminal's own sixteen colours, or in none.

Meaning never rests on colour alone, so that every theme says the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rich.style import Style

from tui.drawing.styles import Role

_SHAPES: dict[Role, Style] = {
    Role.PLAIN: Style(),
    Role.DIM: Style(dim=True),
    Role.BOLD: Style(bold=True),
    Role.TITLE: Style(bold=True),
    Role.FOCUSED: Style(bold=True, reverse=True),
    Role.RULE: Style(dim=True),
    Role.GOOD: Style(),
    Role.BEST: Style(bold=True),
    Role.BAD: Style(),
    Role.WARN: Style(),
    Role.ACCENT: Style(),
    Role.EDITED: Style(bold=True, underline=True),
    Role.CURSOR: Style(reverse=True),
    Role.CURSOR_IDLE: Style(underline=True),
    Role.INPUT: Style(bold=True, reverse=True),
    Role.BADGE_GOOD: Style(bold=True, reverse=True),
    Role.BADGE_BAD: Style(bold=True, reverse=True),
    Role.BADGE_BUSY: Style(bold=True),
}
"""No colour at all: bold, dim, underlined, reversed."""
SHOWN_WHEN_BLANK = frozenset(
    role for role, style in _SHAPES.items() if style.reverse or style.underline
)
"""Roles that are seen on spaces, too."""


def _coloured(colours: Mapping[Role, str], plainer: frozenset[Role] = frozenset()) -> Theme:
    styles = dict(_SHAPES)
    for role in plainer:
        styles[role] = Style()
    for role, colour in colours.items():
        styles[role] += Style.parse(colour)
    return styles


Theme = dict[Role, Style]

THEMES: dict[str, Theme] = {
    "dark": _coloured(
        {
            Role.TITLE: "cyan",
            Role.GOOD: "green",
            Role.BEST: "green",
            Role.BAD: "red",
            Role.WARN: "yellow",
            Role.ACCENT: "cyan",
            Role.EDITED: "yellow not underline",
            Role.FOCUSED: "cyan",
            Role.BADGE_GOOD: "green",
            Role.BADGE_BAD: "red",
            Role.BADGE_BUSY: "yellow",
        }
    ),
    "light": _coloured(
        {
            Role.TITLE: "blue",
            Role.GOOD: "green",
            Role.BEST: "green",
            Role.BAD: "red",
            Role.WARN: "magenta",
            Role.ACCENT: "blue",
            Role.EDITED: "magenta not underline",
            Role.FOCUSED: "blue",
            Role.BADGE_GOOD: "green",
            Role.BADGE_BAD: "red",
            Role.BADGE_BUSY: "magenta",
        }
    ),
    "contrast": _coloured(
        {
            Role.TITLE: "bright_white",
            Role.GOOD: "bright_green",
            Role.BEST: "bright_green",
            Role.BAD: "bold bright_red",
            Role.WARN: "bold bright_yellow",
            Role.ACCENT: "bold bright_cyan",
            Role.EDITED: "bright_yellow",
            Role.CURSOR: "bold",
            Role.BADGE_GOOD: "bright_green",
            Role.BADGE_BAD: "bright_red",
            Role.BADGE_BUSY: "bright_yellow",
        },
        frozenset({Role.DIM, Role.RULE}),
    ),
    "mono": dict(_SHAPES),
}


def default_theme() -> str:
    """The theme for this terminal when nobody chose one."""
    return "mono" if os.environ.get("NO_COLOR") else "dark"


def theme_after(name: str) -> str:
    """The next theme of the list."""
    names = list(THEMES)
    return names[(names.index(name) + 1) % len(names)]
