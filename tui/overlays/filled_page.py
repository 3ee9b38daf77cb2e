"""A page that whoever works for it fills as figures come."""

from __future__ import annotations

from typing import Generic, TypeVar

import textual.events as events

from tui.page import CLOSING, Page

Shown = TypeVar("Shown")


class FilledPage(Page[None], Generic[Shown]):
    """What is ``shown`` so far, drawn anew when there is more or another size; esc stops it."""

    def __init__(self, title: str, shown: Shown) -> None:
        super().__init__(title, "esc stops and closes", whole=True)
        self._shown = shown

    def on_mount(self) -> None:
        """Show that it begins."""
        self._fill()

    def on_resize(self) -> None:
        """Lines for the new size."""
        self.call_after_refresh(self._fill)

    def show(self, shown: Shown) -> None:
        """Draw what there is so far."""
        self._shown = shown
        self._fill()

    @property
    def shown(self) -> Shown:
        """What is drawn."""
        return self._shown

    def _fill(self) -> None:
        """Draw lines and hint for the view's size."""
        raise NotImplementedError

    def keyed(self, event: events.Key) -> None:
        """Scroll or close."""
        key = event.character if event.character in {"g", "G"} else event.key
        if not self.view.scroll_key(key or "") and event.key in CLOSING:
            self.close()
