"""The program itself: help, palette, look, terminal, leaving."""

from __future__ import annotations

from tui.actions.base import Group
from tui.look import Look


class Program(Group):
    """What is not about plans."""

    def do_help(self) -> None:
        """The keys of this pane."""
        from tui.overlays.help import help_lines

        screen = self._screen
        self._overlay(f"help: {screen.panes[screen.active].title}", help_lines(screen))

    def do_palette(self) -> None:
        """Find a command by name."""
        from tui.facts import facts_of
        from tui.overlays.palette import Palette

        screen = self._screen
        palette = Palette(screen.active, screen.rooftop.keymap, facts_of(screen))
        screen.app.push_screen(palette, self._chosen)

    def _chosen(self, id: str | None) -> None:
        if id is not None:
            self._screen.actions.run(id)

    def do_restore(self) -> None:
        """The session that was left, with its view; undo goes back."""
        screen, session, last = self._screen, self._session, self._screen.offer
        if session is None or last is None:
            screen.say("there is no session to restore")
            return
        scenario = last.scenario()
        screen.offer = None
        session.view = last.view
        screen.plan_path = last.plan_path
        self._change(scenario, "restore session")
        screen.focus_pane(last.pane)
        screen.call_after_refresh(screen.paint)
        screen.say(f"restored the session of {last.saved_at}; u takes it back")

    def do_theme(self) -> None:
        """The next theme."""
        from tui.themes import theme_after

        app = self._screen.rooftop
        theme = theme_after(app.look.theme)
        app.look_as(Look(theme, ascii_only=app.look.ascii_only))
        self._screen.say(f"theme {theme}")

    def do_glyphs(self) -> None:
        """Unicode or ASCII."""
        look = self._screen.rooftop.look
        self._screen.rooftop.look_as(Look(look.theme, ascii_only=not look.ascii_only))
        self._screen.say("unicode glyphs" if look.ascii_only else "ASCII glyphs")

    def do_mouse(self) -> None:
        """The mouse to the app, or back to the terminal."""
        app = self._screen.rooftop
        app.use_mouse(not app.mouse)
        taken = "the app has the mouse; M gives it back for selecting text"
        self._screen.say(taken if app.mouse else "the terminal has the mouse again")

    def do_redraw(self) -> None:
        """Draw the whole screen again."""
        self._screen.refresh(layout=True)

    def do_suspend(self) -> None:
        """Back to the shell."""
        self._screen.app.action_suspend_process()

    def do_quit(self) -> None:
        """Leave; the session is kept."""
        self._screen.app.exit(0)
