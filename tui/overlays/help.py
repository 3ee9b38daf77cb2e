"""The keys of a pane and the words of the screen: searched by typing after ``/``, run by enter."""

from __future__ import annotations

from collections.abc import Sequence

import textual.events as events

from engine.sources.languages import texts
from engine.words.errors import RooftopError
from engine.words.messages import say
from engine.words.text import clean
from tui.commands import COMMANDS, EVERYWHERE, Command
from tui.drawing.lines import Line, cells, fit, line, wrapped
from tui.drawing.styles import BOLD, DIM, INPUT, PLAIN, TITLE
from tui.keymap import Keymap, commands_of
from tui.overlays.palette import Wish, command_line
from tui.overlays.rows import Row, RowsPage
from tui.panes import KINDS
from tui.paths import config_file, session_file
from tui.terminal import line_editor
from tui.widgets.panes import Pane

_WORD_CELLS = 18
"""Cells of a word before its explanation."""
HELP_LINES = 17
"""So tall the page is, whatever is found: a box of less than 3 kB."""


class HelpPage(RowsPage[Wish]):
    """Gives the command to run."""

    asks_for_help = False

    def __init__(self, pane: Pane, keymap: Keymap, language: str) -> None:
        hint = "/ search, enter runs, tab words, esc closes"
        super().__init__(
            say("help: {pane}", pane=say(pane.title)), hint, steady=HELP_LINES, most=HELP_LINES
        )
        self._pane = pane
        self._keymap = keymap
        self._language = language
        self._shows_words = False
        self._typed: str | None = None

    def rows(self, width: int) -> Sequence[Row[Wish]]:
        """The keys or the words; of both what has all words that are typed."""
        rows = help_rows(self._pane, self._keymap)
        words = word_rows(self._language, width)
        if self._typed is None:
            return words if self._shows_words else rows
        asked = self._typed.lower().split()
        found = [one for one in (*rows, *words) if _has(one.line, asked) and len(one.line) > 1]
        head: Row[Wish] = Row(line((" / ", BOLD), (self._typed, BOLD), (" ", INPUT)))
        return (
            [head, *found] if found else [head, Row(line((say("   nothing has these words"), DIM)))]
        )

    def page_key(self, event: events.Key) -> bool:
        """Search, or turn to the words and back."""
        if self._typed is None:
            if event.character == "/":
                self._typed = ""
            elif event.key == "tab":
                self._shows_words = not self._shows_words
                self._cursor = self.view.top = 0
            else:
                return False
            self.refill()
            return True
        if event.key == "escape":
            self._typed = None
        elif (typed := line_editor.edited(self._typed, event)) is not None:
            self._typed = typed
        else:
            return False
        self._cursor = self.view.top = 0
        self.refill()
        return True

    def pasted(self, text: str) -> None:
        """What was pasted is looked for."""
        try:
            self._typed = line_editor.pasted(self._typed or "", text)
        except RooftopError:
            return
        self.refill()


def _has(one: Line, asked: Sequence[str]) -> bool:
    text = "".join(run for run, _ in one).lower()
    return all(word in text for word in asked)


def word_rows(language: str, width: int) -> list[Row[Wish]]:
    """The words of the screen with what they mean."""
    rows: list[Row[Wish]] = []
    for word, meaning in texts(language, "words")["words"].items():
        text = wrapped(meaning, width - _WORD_CELLS - 4, 4)
        name = word if cells(word) <= _WORD_CELLS else ""
        if not name:
            rows.append(Row(line((f" {word}", BOLD))))
        for place, part in enumerate(text):
            label = name if place == 0 else ""
            rows.append(Row(line((f" {fit(label, _WORD_CELLS)} ", BOLD), (part, PLAIN))))
    return rows


def help_rows(pane: Pane, keymap: Keymap) -> list[Row[Wish]]:
    """The keys of a pane, its own first, then those that work everywhere, then where the app's
    files are."""
    own = [one for one in commands_of(pane.short_name) if one.panes != EVERYWHERE]
    rows = [_title(say("In {pane}", pane=say(pane.title))), *_commands(own, keymap)]
    for heading, pairs in pane.help:
        rows += [Row(line()), _title(heading)] if heading else []
        rows += [_pair(*one) for one in pairs]
    rows += [Row(line()), _title("Everywhere")]
    digits = say("{number} to {number_2}", number=KINDS[0].number, number_2=KINDS[-1].number)
    rows.append(_pair(digits, say("to a pane; again gives it the whole screen")))
    rows.append(_pair("esc", say("one step back: clears, closes, cancels; never quits")))
    rows += _commands([one for one in COMMANDS if one.panes == EVERYWHERE], keymap)
    rows += [Row(line()), _title("Files")]
    rows.append(
        _pair(
            say("settings"),
            say("{config_file} (yours, never rewritten)", config_file=clean(str(config_file()))),
        )
    )
    rows.append(_pair("", 'theme = "light"  glyphs = "ascii"  language = "zh"  mouse = true'))
    rows.append(_pair("", say('[keys]  undo = ["u", "ctrl+r"]: a command\'s name and its keys')))
    rows.append(_pair("state", clean(str(session_file().parent))))
    rows.append(Row(line((" " * 20 + say("command names: "), DIM), (_names(), DIM))))
    return rows


def _title(text: str) -> Row[Wish]:
    return Row(line((say(text), TITLE)))


def _names() -> str:
    return ", ".join(command.id for command in COMMANDS)


def _commands(commands: list[Command], keymap: Keymap) -> list[Row[Wish]]:
    return [
        Row(command_line(one, keymap, PLAIN), Wish(one.id)) for one in commands if keymap.keys(one)
    ]


def _pair(keys: str, words: str) -> Row[Wish]:
    return Row(line((f"  {fit(say(keys), 16)}  ", BOLD), say(words)))
