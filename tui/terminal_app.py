"""The one file that touches what Textual keeps to itself, and why.

- Textual decodes what is typed strictly, in a thread whose error ends the app with a traceback
  and exit code 0: one byte that is not UTF-8, as a terminal set to Latin-1 sends for ``é``, is
  enough. The decoder is a name in the driver's module.
- There is no public way to take the mouse or to give it back while an app runs.
- There is no public hook for an error of our own: Textual prints pages with every local variable.
"""

from __future__ import annotations

from textual.app import App
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver

from tui.typed_text import TypedText

vars(linux_driver)["getincrementaldecoder"] = lambda encoding: TypedText


class TerminalDriver(LinuxDriver):
    """Reads anything; takes the mouse and gives it back."""

    def run_input_thread(self) -> None:
        """Go on reading after a sequence that Textual cannot make sense of, as one with the
        number of no character. A terminal that is gone is another matter."""
        while not self.exit_event.is_set():
            try:
                super().run_input_thread()
            except OSError:
                raise
            except Exception:
                continue

    def use_mouse(self, wanted: bool) -> None:
        """Ask the terminal for the mouse, or give it back for the terminal's own selection."""
        if wanted:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False
        self.flush()


class TerminalApp(App[int], inherit_bindings=False):
    """An app in a terminal."""

    def __init__(self) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=True)

    def take_mouse(self, wanted: bool) -> bool:
        """Take the mouse or give it back; whether that can be done."""
        if not isinstance(self._driver, TerminalDriver):
            return False
        self._driver.use_mouse(wanted)
        return True

    def broke(self, error: Exception) -> None:
        """A mistake of ours came to light; end the app in order."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self.broke(error)
