"""The keys of a pane."""

from __future__ import annotations

from engine.words.text import clean
from tui.commands import COMMANDS, EVERYWHERE, Command
from tui.keymap import Keymap, commands_of
from tui.lines import Line, line
from tui.overlays.palette import command_line
from tui.panes import KINDS
from tui.paths import config_file, session_file
from tui.styles import BOLD, DIM, PLAIN, TITLE
from tui.widgets.panes import Pane


def help_lines(pane: Pane, keymap: Keymap) -> list[Line]:
    """The keys of a pane, its own first, then those that work everywhere, then where the app's
    files are."""
    own = [one for one in commands_of(pane.short_name) if one.panes != EVERYWHERE]
    lines = [line((f"In {pane.title}", TITLE))]
    lines += _commands(own, keymap)
    for heading, pairs in pane.help:
        lines += [line(), line((heading, TITLE))] if heading else []
        lines += [_pair(*one) for one in pairs]
    lines += [line(), line(("Everywhere", TITLE))]
    digits = f"{KINDS[0].number} to {KINDS[-1].number}"
    lines.append(_pair(digits, "to a pane; again gives it the whole screen"))
    lines.append(_pair("esc", "one step back: clears, closes, cancels; never quits"))
    lines += _commands([one for one in COMMANDS if one.panes == EVERYWHERE], keymap)
    lines += [line(), line(("Files", TITLE))]
    lines.append(_pair("settings", f"{clean(str(config_file()))} (yours, never rewritten)"))
    lines.append(_pair("", 'theme = "light"  glyphs = "ascii"  language = "zh"  mouse = true'))
    lines.append(_pair("", '[keys]  undo = ["u", "ctrl+r"]: a command\'s name and its keys'))
    lines.append(_pair("state", clean(str(session_file().parent))))
    lines.append(line((f"{'':20}command names: ", DIM), (_names(), DIM)))
    return lines


def _names() -> str:
    return ", ".join(command.id for command in COMMANDS)


def _commands(commands: list[Command], keymap: Keymap) -> list[Line]:
    return [command_line(one, keymap, PLAIN) for one in commands if keymap.keys(one)]


def _pair(keys: str, words: str) -> Line:
    return line((f"  {keys:<16}  ", BOLD), words)
