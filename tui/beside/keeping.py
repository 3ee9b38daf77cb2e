"""Keeps the session for the next start: while the app runs, so that nothing that ends it takes
more than a second's work along, and when it ends."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tui.beside.errand import Errand
from tui.desk import Desk

if TYPE_CHECKING:
    from tui.session.last_session import LastSession

REST_SECONDS = 1.0
"""How long a change rests before it is written: a disk is asked once, not at every digit."""


class Keeping:
    """Writes the session of a desk. One that was offered and that nothing has taken the place of
    stays."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._errand: Errand[bool] = Errand(lambda error: None)
        self._lock = Lock()
        self._over = False
        self._known: object = None
        """What the file says, or would say if anything had to be written."""

    def begin(self) -> None:
        """Take what there is now as not worth writing."""
        self._known = self._state()

    def soon(self) -> None:
        """Write what changed once it rests."""
        if self._known is not None:
            self._errand.after(REST_SECONDS, self._write_beside)

    def at_the_end(self, ended: str) -> None:
        """Write the session, once: the first that ends the app says how. A write beside that is
        under way comes first, one that waits never."""
        with self._lock:
            left = None if self._over else self._left(ended)
            if left is not None:
                self._over = _written(left)

    def _write_beside(self) -> None:
        from tui.session.last_session import RUNNING

        state = self._state()
        left = None if state == self._known else self._left(RUNNING)
        if left is None:
            return
        self._known = state

        def work(_: object) -> bool:
            with self._lock:
                return self._over or _written(left)

        def done(written: bool) -> None:
            if not written:
                # The next change tries again.
                self._known = ()

        self._errand.submit(work, done)

    def _state(self) -> object:
        """What makes a difference; nothing of it is ever changed in place."""
        desk, session = self._desk, self._desk.session
        if session is None:
            return None
        return (
            desk.store.current,
            desk.store.dirty,
            desk.plan_path,
            session.view,
            session.baseline,
            tuple(session.marked),
        )

    def _left(self, ended: str) -> LastSession | None:
        """The session as it is now; None where there is none to keep."""
        from engine.plan.saved.plan_file import scenario_document
        from tui.session.last_session import LastSession, kept_candidate, now

        desk, session = self._desk, self._desk.session
        if session is None or (desk.offer is not None and not desk.store.history):
            return None
        baseline = session.baseline
        return LastSession(
            document=scenario_document(desk.store.current),
            view=session.view,
            pane=desk.active.short_name,
            plan_path=desk.plan_path,
            saved_at=now(),
            ended=ended,
            unsaved=desk.store.dirty,
            baseline=None if baseline is None else kept_candidate(baseline.answer),
            marks=tuple(kept_candidate(one) for one in session.marked),
        )


def _written(left: LastSession) -> bool:
    """Write a session, and its scenario among those of the past; whether the former is done."""
    from tui.session.last_session import save_last_session
    from tui.session.past import remember_scenario

    remember_scenario(left.document, left.saved_at)
    return save_last_session(left)
