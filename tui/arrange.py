"""Which panes are open: all of them in a large terminal, one big and the rest folded in a small
one, one alone when it is zoomed or the terminal is tiny."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.geometry import Size

    from tui.screen import MainScreen

WIDE = (100, 30)
"""From this size on all panes are open; below, only the one in use is."""
SHORT = 20
"""Below this height the panes not in use are hidden, not folded."""
SMALLEST = (60, 16)
"""The smallest terminal that the panes are made for."""
LEFT = ("model", "hardware", "workload")
BELOW = ("chart", "why")
FORMS = ("hardware", "workload")
FILL = "1fr"


def arrange(screen: MainScreen) -> None:
    """Open, fold and hide panes for the terminal's size and the active pane."""
    width, height = screen.app.size
    narrow = width < WIDE[0] or height < WIDE[1]
    alone = screen.zoomed or height < SHORT
    screen.set_class(narrow or alone, "narrow")
    boxes = {name: screen.query_one(f"#{name}") for name in ("left", "right", "below")}
    for name, pane in screen.panes.items():
        pane.display = not alone or name == screen.active
    for name, members in (("left", LEFT), ("right", ("table", *BELOW)), ("below", BELOW)):
        boxes[name].display = not alone or screen.active in members
    heights: dict[str, int | str] = {}
    if alone:
        heights = dict.fromkeys([*screen.panes, *boxes], FILL)
    elif narrow:
        heights = folded_heights(screen.active, _form_lines(screen), height)
    for name, widget in (*screen.panes.items(), *boxes.items()):
        if name in heights:
            widget.styles.height = heights[name]
        else:
            widget.styles.clear_rule("height")
    screen.answer.styles.height = answer_lines(width)


def answer_lines(width: int) -> int:
    """Lines that the answer's sentence needs in a terminal of ``width`` columns."""
    return 2 if width >= 110 else 3 if width >= 70 else 4


def _form_lines(screen: MainScreen) -> int:
    """Lines that the active form wants with its title; 0 when the active pane is no form."""
    if screen.active not in FORMS:
        return 0
    form = screen.hardware if screen.active == "hardware" else screen.workload
    return len(form.fields) + 1


def folded_heights(active: str, form_lines: int, height: int) -> dict[str, int | str]:
    """Heights of panes and boxes in a small terminal: the active pane takes what there is, the
    others a line each. A form takes what it needs and leaves the rest to the table, so that its
    answer is seen while it is typed."""
    heights: dict[str, int | str] = dict.fromkeys((*LEFT, "table", *BELOW), 1)
    heights |= {"left": len(LEFT), "right": 1 + len(BELOW), "below": len(BELOW)}
    heights[active] = FILL
    if active in FORMS:
        # Answer, footer and the five other panes are 9 lines; the table keeps a header and a row.
        lines = max(min(form_lines, height - 12), 2)
        heights[active] = lines
        heights |= {"left": len(LEFT) - 1 + lines, "table": FILL, "right": FILL}
    elif active in LEFT:
        heights["left"] = FILL
    else:
        heights["right"] = FILL
        if active in BELOW:
            heights["below"] = FILL
    return heights


def size_note(size: Size) -> str:
    """What a small terminal does not show; empty when it shows everything."""
    if size.width < SMALLEST[0] or size.height < SMALLEST[1]:
        least = f"{SMALLEST[0]}×{SMALLEST[1]}"
        return f"{size.width}×{size.height} is smaller than {least}: parts are hidden, none is cut"
    if size.height < SHORT:
        return f"{size.width}×{size.height}: one pane at a time, 1 to 6 choose; columns are hidden"
    return ""
