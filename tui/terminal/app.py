"""The one file that touches what Textual keeps to itself, and why.

- Textual decodes what is typed strictly, in a thread whose error ends the app with a traceback
  and exit code 0: one byte that is not UTF-8, as a terminal set to Latin-1 sends for ``é``, is
  enough. The decoder is a name in the driver's module.
- There is no public way to take the mouse or to give it back while an app runs.
- There is no public way to hear what is displayed: Textual sends whole regions where a few cells
  have changed (`tui.terminal.frame`).
- What blank lines were cut into is kept as long as the widget, and that of every page for ever: a
  cache of two colours is kept by the widget's, too.
- Keys that wait for a screen are dropped when it goes.
- There is no public hook for an error of our own: Textual prints pages with every local variable.
- An esc key that stands alone needs a sequence of its own (`tui.terminal.typed_text`), and two
  letters behind one are read as what one terminal sends for its arrow keys: the table of keys
  says both.
"""

from __future__ import annotations

from asyncio import Queue
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._styles_cache import StylesCache
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.color import Color
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.keys import Keys
from textual.message import Message
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

from tui.terminal.frame import Frame
from tui.terminal.typed_text import ALONE, TypedText, keys_apart

vars(linux_driver)["getincrementaldecoder"] = lambda encoding: TypedText
_sequences = cast(dict[str, object], ANSI_SEQUENCES_KEYS)
_sequences[f"\x1b{ALONE}"] = (Keys.Escape,)
for _letter in "bf":
    _sequences.pop(f"\x1b{_letter}", None)


_inner_outer = cast(Any, StylesCache.get_inner_outer).__wrapped__


@lru_cache(64)
def _of_colours(base: Color, background: Color) -> tuple[Style, Style]:
    found: tuple[Style, Style] = _inner_outer(None, base, background)
    return found


cast(Any, StylesCache).get_inner_outer = lambda _, base, background: _of_colours(base, background)


class KeyParser(XTermParser):
    """Reads esc and a key right behind it as these two."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._escaped = False

    def feed(self, data: str) -> Iterable[Message]:
        """The keys of a text."""
        # Without a time to wait for, the esc key has been told already.
        waits = self._escaped and self._timeout_time is not None
        self._escaped = data.endswith("\x1b")
        yield from super().feed(keys_apart(data, escaped=waits))


vars(linux_driver)["XTermParser"] = KeyParser


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


def waiting_keys(screen: Screen[Any]) -> list[events.Key]:
    """Take the keys that a screen has not handled yet: Textual drops them when the screen goes."""
    queue: Queue[Message | None] = screen._message_queue
    waiting: list[Message | None] = [queue.get_nowait() for _ in range(queue.qsize())]
    for one in waiting:
        if not isinstance(one, events.Key):
            queue.put_nowait(one)
    if isinstance(screen._pending_message, events.Key):
        waiting.insert(0, screen._pending_message)
        screen._pending_message = None
    found = [one for one in waiting if isinstance(one, events.Key)]
    return [events.Key(one.key, one.character) for one in found]


def forget_pieces(screen: Screen[Any]) -> None:
    """Drop what widgets keep of their blank lines: every piece that pages of any size ever cut
    out of them, tens of megabytes in the end."""
    for widget in screen.walk_children(with_self=True):
        if isinstance(widget, Widget):
            widget._styles_cache.clear()


class TerminalApp(App[int], inherit_bindings=False):
    """An app in a terminal."""

    def __init__(self) -> None:
        super().__init__(driver_class=TerminalDriver, ansi_color=True)
        self._frame = Frame(self.console._color_system or ColorSystem.TRUECOLOR)

    def take_mouse(self, wanted: bool) -> bool:
        """Take the mouse or give it back; whether that can be done."""
        if not isinstance(self._driver, TerminalDriver):
            return False
        self._driver.use_mouse(wanted)
        return True

    def draw_anew(self) -> None:
        """Send the whole screen again: the terminal may show anything."""
        self._frame.forget()
        self.screen.refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        """Terminals move or drop lines when they change their size."""
        self._frame.forget()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if not isinstance(renderable, LayoutUpdate | ChopsUpdate) or self.is_headless:
            super()._display(screen, renderable)
            return
        driver = self._driver
        if driver is None or self._batch_count or self._closed or not self._running:
            return
        if sent := self._changed(renderable, screen.size):
            self._begin_update()
            driver.write(sent)
            self._end_update()
            driver.flush()
        self.post_display_hook()

    def _changed(self, update: LayoutUpdate | ChopsUpdate, size: Size) -> str:
        """What has to be sent of an update."""
        frame = self._frame
        frame.begin(*size)
        if isinstance(update, LayoutUpdate):
            for y, strips in enumerate(update.strips):
                frame.put(0, y, (segment for strip in strips for segment in strip))
            return frame.end()
        for y, first, last in update.spans:
            pieces = zip(update.chop_ends[y], update.chops[y].items(), strict=False)
            for end, (x, strip) in pieces:
                # What lies outside of the spans was not drawn, or only in part.
                if strip is not None and x <= last and end > first:
                    frame.put(x, y, strip, min(end, last))
        return frame.end()

    def broke(self, error: Exception) -> None:
        """A mistake of ours came to light; end the app in order."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self.broke(error)
