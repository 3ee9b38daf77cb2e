"""Which panes are open: all of them in a large terminal, one big and the rest folded in a small
one, one alone when it is zoomed or the terminal is tiny."""

from __future__ import annotations

from collections.abc import Mapping

from textual.geometry import Size
from textual.screen import Screen

from engine.words.messages import say
from tui.panes import KINDS, Panes
from tui.widgets.panes import FILL, AnswerPane, Pane, Place

WIDE = (100, 30)
"""From this size on all panes are open; below, only the one in use is."""
SHORT = 20
"""Below this height the panes not in use are hidden, not folded."""
LEFT_COLUMNS, MOST_LEFT = 44, 76
"""Columns of the forms and the tree beside a table that needs all others, and at most."""
ROOMY = 132
"""From this width on the table has its columns, and half of what is more goes to the left."""
SMALLEST = (60, 16)
"""The smallest terminal that the panes are made for."""
TABLE_LINES = 6
"""Answer, footer, and of the table a header and a row, beside the other panes' lines."""


def arrange(
    screen: Screen[None], panes: Panes, active: Pane, answer: AnswerPane, *, zoomed: bool
) -> None:
    """Open, fold and hide panes for the terminal's size and the active pane."""
    width, height = screen.app.size
    narrow = width < WIDE[0] or height < WIDE[1]
    alone = zoomed or height < SHORT
    screen.set_class(narrow or alone, "narrow")
    boxes = {place: screen.query_one(f"#{place.value}") for place in Place}
    for pane in panes:
        pane.display = not alone or pane is active
    for place, box in boxes.items():
        box.display = not alone or active.place in _inside(place)
    heights: Mapping[str, int | str] = {pane.short_name: pane.open_lines for pane in panes}
    if alone:
        heights = dict.fromkeys([*heights, *(place.value for place in Place)], FILL)
    elif narrow:
        heights = folded_heights(active, panes.home, active.wanted_lines(), height)
    for name, widget in (
        *((pane.short_name, pane) for pane in panes),
        *((place.value, box) for place, box in boxes.items()),
    ):
        if name in heights:
            widget.styles.height = heights[name]
        else:
            widget.styles.clear_rule("height")
    left = boxes[Place.LEFT].styles
    if narrow or alone:
        left.clear_rule("width")
    else:
        left.width = left_columns(width)
    answer.styles.height = answer_lines(width)


def _inside(place: Place) -> tuple[Place, ...]:
    """A box and the one inside it."""
    return (Place.RIGHT, Place.BELOW) if place is Place.RIGHT else (place,)


def left_columns(width: int) -> int:
    """Columns of the box on the left in a terminal of ``width`` columns."""
    return min(LEFT_COLUMNS + max(width - ROOMY, 0) // 2, MOST_LEFT)


def answer_lines(width: int) -> int:
    """Lines that the answer's sentence needs in a terminal of ``width`` columns."""
    return 2 if width >= 110 else 3 if width >= 70 else 4


def folded_heights(
    active: Pane | type[Pane], home: Pane | type[Pane], wanted: int | None, height: int
) -> dict[str, int | str]:
    """Heights of panes and boxes in a small terminal: the active pane takes what there is, the
    others a line each. One that says what it wants leaves the rest to the table, so that its
    answer is seen while it is typed."""
    heights: dict[str, int | str] = {kind.short_name: 1 for kind in KINDS}
    lines = {place: sum(1 for kind in KINDS if kind.place in _inside(place)) for place in Place}
    heights |= {place.value: count for place, count in lines.items()}
    if wanted is None:
        heights |= {active.short_name: FILL, active.place.value: FILL}
        if active.place in _inside(home.place):
            heights[home.place.value] = FILL
        return heights
    own = max(min(wanted, height - len(KINDS) - TABLE_LINES), 2)
    heights |= {active.short_name: own, active.place.value: lines[active.place] - 1 + own}
    return heights | {home.short_name: FILL, home.place.value: FILL}


def size_note(size: Size) -> str:
    """What a small terminal does not show; empty when it shows everything."""
    if size.width < SMALLEST[0] or size.height < SMALLEST[1]:
        least = f"{SMALLEST[0]}×{SMALLEST[1]}"
        return say(
            "{width}×{height} is smaller than {least}: parts are hidden, none is cut",
            width=size.width,
            height=size.height,
            least=least,
        )
    if size.height < SHORT:
        return say(
            "{width}×{height}: one pane at a time, 1 to 6 choose; columns are hidden",
            width=size.width,
            height=size.height,
        )
    return ""
