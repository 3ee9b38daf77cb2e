"""What starts a row, one kind of deployment at a time, before anything is copied or written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import textual.events as events

from engine.plan.deploy.files import Artefacts
from engine.plan.launch.remark import gaps_of, notes_of
from engine.words.errors import InputError
from engine.words.messages import error_text, say
from engine.words.text import clean
from tui.drawing.lines import Line, line, wrapped
from tui.drawing.styles import BAD, DIM, GOOD, PLAIN, WARN
from tui.page import CLOSING, Page

_COLUMNS, _ROWS = 76, 4
"""Of a remark, which narrow terminals show whole."""
_NEXT, _BEFORE = {"right", "l", "tab"}, {"left", "h", "shift+tab"}


class DeployPage(Page[Artefacts]):
    """Kinds go round by ``←`` and ``→``; its result are the files to write."""

    def __init__(
        self,
        kinds: Sequence[str],
        made: Callable[[str], Artefacts],
        copy: Callable[[str], None],
        first: str = "sh",
    ) -> None:
        super().__init__("", "← → kind, y copies, s writes, esc closes", whole=True)
        self._kinds = kinds
        self._made = made
        self._copy = copy
        self._shown: Artefacts | None = None
        self._place = kinds.index(first) if first in kinds else 0
        self._show()

    def keyed(self, event: events.Key) -> None:
        """Go round, copy, write, scroll or close."""
        if event.key in _NEXT or event.key in _BEFORE:
            self._place = (self._place + (1 if event.key in _NEXT else -1)) % len(self._kinds)
            self.view.top = 0
            self._show()
            self.view.update()
        elif event.key == "y" and self._shown is not None:
            self._copy("\n".join(self._shown.files.values()))
            self.close()
        elif event.key == "s" and self._shown is not None:
            self.close(self._shown)
        elif event.key in CLOSING:
            self.close()
        else:
            self.view.scroll_key(event.character if event.character == "G" else event.key)

    def _show(self) -> None:
        kind = self._kinds[self._place]
        self.view.title = say(
            "{kind} ({place} of {kinds})", kind=kind, place=self._place + 1, kinds=len(self._kinds)
        )
        try:
            self._shown = self._made(kind)
        except InputError as refused:
            self._shown = None
            self.view.lines = [line((clean(error_text(refused)), DIM))]
            return
        self.view.lines = [
            *_remarks(self._shown),
            *(one for text in self._shown.files.values() for one in _lines(text)),
        ]


def _remarks(made: Artefacts) -> list[Line]:
    """In what it differs from the prediction, and what the reader has to see to."""
    gaps, notes = gaps_of(made.remarks), notes_of(made.remarks)
    told = [(say("gap: {gap}", gap=one), BAD) for one in gaps]
    if not gaps:
        told.append((say("It starts exactly what was predicted."), GOOD))
    told += [(say("see to: {note}", note=one), WARN) for one in notes]
    rows = [
        line((one, role)) for text, role in told for one in wrapped(clean(text), _COLUMNS, _ROWS)
    ]
    return [*rows, line()]


def _lines(text: str) -> list[Line]:
    return [line((clean(one), DIM if one.startswith("#") else PLAIN)) for one in text.split("\n")]
