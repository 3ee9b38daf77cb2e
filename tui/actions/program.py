"""The program itself: help, palette, look, terminal, leaving."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.actions.base import Group
from tui.drawing.look import Look

if TYPE_CHECKING:
    from tui.overlays.palette import Wish
    from tui.session.last_session import LastSession
    from tui.session.session import Session


class Program(Group):
    """What is not about plans."""

    def do_help(self) -> None:
        """The keys of this pane and the words of the screen."""
        from tui.overlays.help import HelpPage

        desk = self._desk
        page = HelpPage(desk.active, desk.program.keymap, self._tree.language)
        desk.open(page, self._chosen)

    def do_palette(self) -> None:
        """Find a command by name."""
        from tui.facts import facts_of
        from tui.overlays.palette import Palette

        desk = self._desk
        keymap, pane = desk.program.keymap, desk.active.short_name
        palette = Palette(pane, keymap, facts_of(desk), desk.store.current)
        desk.open(palette, self._chosen)

    def _chosen(self, wish: Wish | None) -> None:
        if wish is not None:
            self._desk.run(wish.command, wish.text)

    def do_restore(self) -> None:
        """The session that was left, with its view; undo goes back."""
        desk, session, last = self._desk, self._session, self._desk.offer
        if session is None or last is None:
            desk.say("there is no session to restore")
            return
        scenario = last.scenario()
        desk.offer = None
        session.view = last.view
        lost = _bring_back(session, last)
        desk.plan_path = last.plan_path
        self._change(scenario, "restore session")
        desk.focus_pane(desk.panes.named(last.pane))
        desk.paint_arranged()
        without = say(" without {lost}", lost=lost) if lost else ""
        desk.say(
            say(
                "restored the session of {saved_at}{without}; u takes it back",
                saved_at=last.saved_at,
                without=without,
            )
        )

    def do_theme(self) -> None:
        """The next theme."""
        from tui.drawing.themes import theme_after

        app = self._desk.program
        theme = theme_after(app.look.theme)
        app.look_as(Look(theme, ascii_only=app.look.ascii_only))
        self._desk.say(say("theme {theme}", theme=theme))

    def do_glyphs(self) -> None:
        """Unicode or ASCII."""
        look = self._desk.program.look
        self._desk.program.look_as(Look(look.theme, ascii_only=not look.ascii_only))
        self._desk.say("unicode glyphs" if look.ascii_only else "ASCII glyphs")

    def do_mouse(self) -> None:
        """The mouse to the app, or back to the terminal."""
        app = self._desk.program
        app.use_mouse(not app.mouse)
        taken = "the app has the mouse; M gives it back for selecting text"
        self._desk.say(taken if app.mouse else "the terminal has the mouse again")

    def do_redraw(self) -> None:
        """Draw the whole screen again."""
        self._desk.redraw()

    def do_suspend(self) -> None:
        """Back to the shell."""
        self._desk.suspend()

    def do_quit(self) -> None:
        """Leave; the session is kept."""
        self._desk.leave()


def _bring_back(session: Session, last: LastSession) -> str:
    """The baseline and the marks of the session that was left; in words what of it could not be
    worked out any more."""
    from tui.session.baseline import Baseline
    from tui.session.pinned import pin_kept

    lost = []
    session.baseline = None
    if last.baseline is not None:
        try:
            session.baseline = Baseline(pin_kept(last.baseline))
        except RooftopError:
            lost.append(say("its baseline"))
    session.marked = []
    for kept in last.marks:
        with contextlib.suppress(RooftopError):
            session.marked.append(pin_kept(kept))
    if missing := len(last.marks) - len(session.marked):
        lost.append(say("{missing} of its marks", missing=missing))
    return say(" and ").join(lost)
