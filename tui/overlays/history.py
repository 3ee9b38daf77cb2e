"""The history: every change with what it did, and the way back to any of them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.scenario import Scenario
from engine.words.messages import listed, say
from tui.drawing.lines import fit, line
from tui.drawing.styles import ACCENT, BOLD, DIM, PLAIN
from tui.overlays.rows import Row, RowsPage
from tui.session.changes import changed_words
from tui.session.store import Store


class HistoryPage(RowsPage[int]):
    """Gives the place in the timeline to go to."""

    def __init__(self, store: Store) -> None:
        super().__init__("history", "enter goes there, esc closes")
        self._store = store

    def on_mount(self) -> None:
        """The cursor where the scenario is now."""
        super().on_mount()
        self.put_cursor(self._store.place)

    def rows(self, width: int) -> Sequence[Row[int]]:
        """One line a change."""
        return history_rows(self._store.timeline, self._store.place, width)


def _said(made: str) -> str:
    """A change in today's language; the name in it stays."""
    verb, _, name = made.partition(" ")
    return say(made) if say(made) != made else f"{say(verb)} {name}".rstrip()


def history_rows(
    timeline: Sequence[tuple[str, Scenario]], place: int, width: int
) -> list[Row[int]]:
    """The changes, oldest first; undone ones after the current one."""
    rows = []
    for number, (made, scenario) in enumerate(timeline):
        if number == 0:
            words = say(
                "start: {model}, {chips} × {chip}",
                model=scenario.model,
                chips=scenario.chips,
                chip=scenario.chip,
            )
        else:
            changes = changed_words(timeline[number - 1][1], scenario)
            what = (
                f"{_said(made)}: " if made.startswith(("open", "swap", "revert", "restore")) else ""
            )
            words = what + (listed(changes) or _said(made))
        now, undone = number == place, number > place
        mark = say("▸ now ") if now else say("undone") if undone else ""
        style = BOLD if now else DIM if undone else PLAIN
        one = line((f"{number:>4} ", DIM), (fit(mark, 7), ACCENT), (fit(words, width - 13), style))
        rows.append(Row(one, number))
    return rows
