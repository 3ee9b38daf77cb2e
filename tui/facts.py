"""What is the case now, by name: commands say which fact they need."""

from __future__ import annotations

from tui.desk import Desk
from tui.widgets.tree_pane import TreePane


def facts_of(desk: Desk) -> frozenset[str]:
    """The facts that hold: ``past future offer row sweep away mark baseline edited
    edits``."""
    store, session = desk.store, desk.session
    found = {
        "past": bool(store.history),
        "future": store.can_redo,
        "offer": desk.offer is not None,
    }
    if session is not None:
        row = desk.panes.of(TreePane).row
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
