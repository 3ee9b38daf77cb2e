"""The keys of a pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.words.text import clean
from tui.commands import COMMANDS, EVERYWHERE, Command
from tui.keymap import Keymap, commands_of
from tui.lines import Line, line
from tui.overlays.palette import command_line
from tui.paths import config_file, session_file
from tui.styles import BOLD, DIM, PLAIN, TITLE

if TYPE_CHECKING:
    from tui.screen import MainScreen

_TYPING = (
    ("digits", "type over the value; 4K, 1.5s, 70B are read"),
    ("enter esc", "take what is typed / leave it"),
)
_FILTER = (
    ("/meets", "also fits, misses: rows with that verdict"),
    ("/b>64", "batch; also ttft tpot e2e tps user gib with < <= > >= ="),
    ("/tp8 fp8", "words of layout and precision; all must be there"),
    ("/!tpot", "! turns a word around: not those that miss TPOT"),
)
_GLYPHS = (
    ("★ ✓ ✗", "the plan / meets every objective / misses one, or no room"),
    ("● ▲ ▼", "marked / sorted up, down"),
)


def help_lines(screen: MainScreen) -> list[object]:
    """The keys of the active pane, its own first, then those that work everywhere, then where
    the app's files are."""
    keymap, pane = screen.rooftop.keymap, screen.active
    own = [one for one in commands_of(pane) if one.panes != EVERYWHERE]
    lines: list[object] = [line((f"In {screen.panes[pane].title}", TITLE))]
    lines += _commands(own, keymap)
    if pane in {"hardware", "workload"}:
        lines += [_pair(*one) for one in _TYPING]
    if pane == "table":
        lines += [line(), line(("Filter", TITLE)), *(_pair(*one) for one in _FILTER)]
        lines += [line(), line(("Glyphs", TITLE)), *(_pair(*one) for one in _GLYPHS)]
    lines += [line(), line(("Everywhere", TITLE))]
    lines.append(_pair("1 to 6", "to a pane; again gives it the whole screen"))
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
