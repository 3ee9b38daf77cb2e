"""What is the case now, by name: commands say which fact they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.screen import MainScreen


def facts_of(screen: MainScreen) -> frozenset[str]:
    """The facts that hold: ``past future offer row sweep away mark baseline edited
    edits``."""
    store, session = screen.store, screen.session
    found = {
        "past": bool(store.history),
        "future": store.can_redo,
        "offer": screen.offer is not None,
    }
    if session is not None:
        row = screen.model_tree.row
        found |= {
            "row": session.selected is not None,
            "sweep": session.sweep_is_current and session.selected is not None,
            "away": not session.following,
            "mark": bool(session.marked),
            "baseline": session.baseline is not None,
            "edited": row is not None and row.edited,
            "edits": bool(store.current.edits),
        }
    return frozenset(name for name, holds in found.items() if holds)
