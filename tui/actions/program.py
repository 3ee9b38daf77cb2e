"""The program itself: help, palette, terminal, leaving."""

from __future__ import annotations

from tui.actions.base import Group


class Program(Group):
    """What is not about plans."""

    def do_help(self) -> None:
        """The keys of this pane."""
        from tui.overlays.help import help_lines

        self._overlay(f"help: {self._screen.active}", help_lines(self._screen.active))

    def do_palette(self) -> None:
        """Find a command by name."""
        from tui.overlays.palette import Palette

        self._screen.app.push_screen(Palette(self._screen.active), self._chosen)

    def _chosen(self, id: str | None) -> None:
        if id is not None:
            self._screen.actions.run(id)

    def do_redraw(self) -> None:
        """Draw the whole screen again."""
        self._screen.refresh(layout=True)

    def do_suspend(self) -> None:
        """Back to the shell."""
        self._screen.app.action_suspend_process()

    def do_quit(self) -> None:
        """Leave; the session is kept."""
        self._screen.app.exit(0)
