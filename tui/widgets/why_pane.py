"""Why the selected row is as fast as it is: what to change, time by operator, memory, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.words.messages import say
from tui.drawing.lines import Line, line, wrapped
from tui.drawing.styles import DIM, TITLE, WARN
from tui.widgets.panes import Pane, Place
from tui.widgets.why_lines import advice_lines, utilisation, why_lines

if TYPE_CHECKING:
    from engine.plan.why.explanation import Explanation
    from engine.plan.why.remedies import Advice


class WhyPane(Pane):
    """Draws an `Explanation` and the `Advice` for it; the screen brings new ones when the cursor
    rests."""

    short_name = "why"
    number = 6
    title = "why"
    place = Place.BELOW

    def __init__(self) -> None:
        super().__init__()
        self.explanation: Explanation | None = None
        self.next_explanation: Explanation | None = None
        """One that waits to be drawn with its advice."""
        self.advice: Advice | None = None
        self.advised_for: object = None
        """The scenario, layout and batch that the advice is about."""
        self.top = 0
        self._reserved = 0
        """Lines that advice took last: what lies below stays where it is while new advice is on
        its way."""

    @property
    def waits_for_advice(self) -> bool:
        """Whether advice about the row under the cursor is on its way."""
        return self.display and self.size.height > 1 and not self._advice_is_current()

    def turn(self) -> None:
        """Draw what is known of the row under the cursor now."""
        if self.next_explanation is not None:
            self.explanation, self.next_explanation = self.next_explanation, None
        self.update()

    def move(self, by: int) -> None:
        """Scroll."""
        self.top = max(0, self.top + by)

    def summary(self) -> tuple[str, ...]:
        """Which row, and how busy the chip is in its last pass."""
        found = self.explanation
        if found is None:
            return ("…",)
        return (
            f"B{found.batch} {found.arrangement.name}",
            utilisation(found, found.passes[-1].phase),
            say("↑↓ scrolls") if self.focused_pane else "",
        )

    def body(self, width: int, height: int) -> list[Line]:
        """As much as there is room for, from ``top``."""
        found = self.explanation
        if found is None:
            return [line((say("choose a row in the table"), DIM))]
        current = self._advice_is_current()
        advice = self.advice if current or self._is_of_this_scenario() else None
        lines = why_lines(found, advice, width, stale=not current, reserved=self._reserved)
        self._reserved = len(advice_lines(advice, width, stale=False)) or self._reserved
        lines += self._accuracy_lines(width)
        self.top = max(0, min(self.top, len(lines) - height))
        return lines[self.top : self.top + height]

    def _advice_is_current(self) -> bool:
        """Whether the advice is about the row under the cursor of the scenario on screen."""
        session = self.session
        if session is None or session.selected is None:
            return False
        table, row = session.selected
        return self.advised_for == (
            session.store.current,
            table.arrangement(row),
            int(table.batch[row]),
        )

    def _is_of_this_scenario(self) -> bool:
        """Whether the advice is about the scenario on screen, if about another row of it."""
        about = self.advised_for
        return (
            self.session is not None
            and isinstance(about, tuple)
            and (about[0] == self.session.store.current)
        )

    def _accuracy_lines(self, width: int) -> list[Line]:
        """Where the constants come from, how far off such predictions have been, and where no
        formula holds."""
        from engine.plan.waiting_ranks import row_ranks_note

        session = self.session
        known = session.accuracy() if session is not None else None
        if session is None or session.selected is None or known is None:
            return []
        words = wrapped(known.sentence(), width - 1, 9)
        doubts = wrapped(row_ranks_note(*session.selected), width - 1, 6)
        return [
            line((say("how sure"), TITLE)),
            *(line((f" {one}", DIM)) for one in words),
            *(line((f" {one}", WARN)) for one in doubts),
        ]
