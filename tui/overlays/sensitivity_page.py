"""The page of what matters now; it is worked out beside the keys, with progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import textual.events as events

from engine.plan.nudges.nudge import Nudge
from engine.words.messages import say
from tui.drawing.lines import line
from tui.drawing.styles import DIM, TITLE
from tui.overlays.rows import Row, RowsPage
from tui.overlays.sensitivity import remedy_rows, response_rows, sort_names

if TYPE_CHECKING:
    from engine.plan.sensitivity.knobs import Response
    from engine.plan.why.remedies import Advice


STEADY_LINES = 20
"""So tall the page is while its lines come in."""


@dataclass(frozen=True, slots=True)
class Thoughts:
    """What there is so far: ``responses`` is None while they are being worked out."""

    advice: Advice | None
    base: float
    samples: str
    responses: tuple[Response, ...] | None = None
    done: int = 0
    of: int = 0


class SensitivityPage(RowsPage[Nudge]):
    """Gives the nudge to make."""

    def __init__(self) -> None:
        super().__init__(
            "what matters now", "enter makes it, < > sort, esc closes", steady=STEADY_LINES
        )
        self._thoughts: Thoughts | None = None
        self._sort = 0

    def show(self, thoughts: Thoughts) -> None:
        """Draw what there is so far."""
        self._thoughts = thoughts
        self.refill()

    def page_key(self, event: events.Key) -> bool:
        """Sort by the column before or after."""
        if event.character not in {"<", ">"} or self._thoughts is None:
            return False
        names = sort_names(self._thoughts.samples)
        self._sort = (self._sort + (1 if event.character == ">" else -1)) % len(names)
        self.refill()
        return True

    def rows(self, width: int) -> Sequence[Row[Nudge]]:
        """Remedies first, then the knobs."""
        thoughts = self._thoughts
        if thoughts is None:
            return [Row(line((say(" trying what would let the next batch pass …"), DIM)))]
        rows = remedy_rows(thoughts.advice, thoughts.base, width)
        # One change has two figures on this page, and this is why.
        words = say(" one step of every knob, the best plan sought anew for each")
        rows.append(Row(line((words, TITLE))))
        if thoughts.responses is None:
            words = say(
                " one step of every knob: {done} of {of} …", done=thoughts.done, of=thoughts.of
            )
            return [*rows, Row(line((words, DIM)))]
        return [*rows, *response_rows(thoughts.responses, width, thoughts.samples, self._sort)]
