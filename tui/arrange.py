"""Which panes are open: all of them in a large terminal, one big and the rest folded in a small
one, one alone when it is zoomed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.geometry import Size

    from tui.screen import MainScreen

WIDE = (100, 30)
"""From this size on all panes are open; below, only the one in use is."""
SHORT = 20
"""Below this height folded panes give their lines to the open one."""
SMALLEST = (60, 16)
"""The smallest terminal that the panes are made for."""
_GROUPS = (
    ("#left", ("model", "hardware", "workload")),
    ("#right", ("table", "chart", "why")),
    ("#below", ("chart", "why")),
)


def arrange(screen: MainScreen) -> None:
    """Open, fold and hide panes for the terminal's size and the active pane."""
    width, height = screen.app.size
    narrow = width < WIDE[0] or height < WIDE[1]
    alone = screen.zoomed or height < SHORT
    screen.set_class(narrow, "narrow")
    screen.set_class(alone, "zoomed")
    for name, pane in screen.panes.items():
        active = name == screen.active
        pane.set_class(narrow and not active, "folded")
        pane.display = not alone or active
    for group, members in _GROUPS:
        box = screen.query_one(group)
        box.display = not alone or screen.active in members
        box.set_class(narrow and screen.active not in members, "folded")
    screen.answer.styles.height = 2 if width >= 110 else 3


def size_note(size: Size) -> str:
    """What a small terminal does not show; empty when it shows everything."""
    if size.width < SMALLEST[0] or size.height < SMALLEST[1]:
        least = f"{SMALLEST[0]}×{SMALLEST[1]}"
        return f"{size.width}×{size.height} is smaller than {least}: parts are hidden, none is cut"
    if size.height < SHORT:
        return f"{size.width}×{size.height}: one pane at a time, 1 to 6 choose; columns are hidden"
    return ""
