"""Every command once: its keys, its words, where it applies. Feeds keys, help, palette, footer."""

from __future__ import annotations

from dataclasses import dataclass

PANES = ("model", "hardware", "workload", "table", "chart", "why")
"""Panes in the order of their numbers."""

TABLE = frozenset({"table"})
FORMS = frozenset({"hardware", "workload"})
TREE = frozenset({"model"})
EVERYWHERE = frozenset(PANES)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the app can do. ``keys`` are Textual's key names; the first is shown.
    ``panes`` is where they work; ``footer`` puts it into the footer there."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    panes: frozenset[str] = EVERYWHERE
    footer: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("save", ("s", "ctrl+s"), "save", "Save the selected plan as TOML", footer=True),
    Command("open", ("o",), "open", "Open a saved plan and restore its scenario", footer=True),
    Command("model", ("m",), "model", "Choose a model: profile, file, folder or hub id"),
    Command("undo", ("u", "z"), "undo", "Undo the last change", footer=True),
    Command("redo", ("U", "Z"), "redo", "Redo what was undone"),
    Command("view", ("v",), "view", "Batches of this layout / best of each layout / all rows"),
    Command("best", ("f", "home"), "best", "Back to the best plan, and follow it", TABLE, True),
    Command("layout", ("enter",), "this layout", "Show the batches of this row's layout", TABLE),
    Command("filter", ("/",), "filter", "Show all rows / those that fit / that meet", TABLE, True),
    Command("sort_next", ("greater_than_sign",), "sort", "Sort by the next column", TABLE),
    Command("sort_back", ("less_than_sign",), "sort", "Sort by the column before", TABLE),
    Command("reverse", ("r",), "reverse", "Reverse the sort order", TABLE),
    Command("mark", ("space",), "mark", "Mark this row for comparing", TABLE, True),
    Command("compare", ("c",), "compare", "Compare the marked rows side by side"),
    Command("unmark", ("x",), "unmark", "Forget the marks"),
    Command("baseline", ("b",), "baseline", "Pin this row: cells show their change against it"),
    Command("swap", ("B",), "swap", "Swap the scenario with the pinned one"),
    Command("sensitivity", ("w",), "what matters", "Which knob matters most now", footer=True),
    Command("up", ("up", "k"), "up", "Up"),
    Command("down", ("down", "j"), "down", "Down"),
    Command("page_up", ("pageup", "ctrl+u"), "page up", "A page up"),
    Command("page_down", ("pagedown", "ctrl+d"), "page down", "A page down"),
    Command("top", ("g",), "top", "To the first row"),
    Command("bottom", ("G", "end"), "bottom", "To the last row"),
    Command("edit", ("enter",), "edit", "Change the value", FORMS | TREE, True),
    Command("less", ("left", "h", "minus"), "less", "Previous choice, or one step down", FORMS),
    Command(
        "more", ("right", "l", "plus"), "←→ change", "Next choice, or one step up", FORMS, True
    ),
    Command("revert", ("r",), "revert", "Take this what-if back", TREE, True),
    Command("language", ("L",), "language", "English or Chinese explanations"),
    Command("next_pane", ("tab",), "next pane", "To the next pane"),
    Command("previous_pane", ("shift+tab",), "previous pane", "To the pane before"),
    Command("zoom", ("full_stop",), "zoom", "Give this pane the whole screen, and back"),
    Command("copy", ("y",), "copy", "Copy the row's launch command"),
    Command("copy_plan", ("Y",), "copy plan", "Copy the row's plan as TOML"),
    Command("rerun", ("f5",), "rerun", "Sweep again"),
    Command("redraw", ("ctrl+l",), "redraw", "Draw the whole screen again"),
    Command("suspend", ("ctrl+z",), "suspend", "Back to the shell; `fg` returns"),
    Command("palette", ("colon", "ctrl+p"), "commands", "Find a command by name"),
    Command("help", ("question_mark", "f1"), "help", "Keys of this pane", footer=True),
    Command("quit", ("q", "ctrl+q", "ctrl+c"), "quit", "Leave", footer=True),
)

_KEY_NAMES = {
    "question_mark": "?",
    "full_stop": ".",
    "colon": ":",
    "minus": "-",
    "plus": "+",
    "slash": "/",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(key: str) -> str:
    """How a key is written for people."""
    return _KEY_NAMES.get(key, key)


def _table() -> dict[str, dict[str, Command]]:
    table: dict[str, dict[str, Command]] = {pane: {} for pane in PANES}
    for command in COMMANDS:
        for pane in command.panes:
            for key in command.keys:
                table[pane].setdefault(key, command)
    return table


BY_PANE = _table()


def command_for(pane: str, key: str) -> Command | None:
    """The command that ``key`` means in ``pane``."""
    return BY_PANE[pane].get("/" if key == "slash" else key)


def commands_of(pane: str) -> tuple[Command, ...]:
    """Every command that works in ``pane``."""
    return tuple(command for command in COMMANDS if pane in command.panes)


def footer_of(pane: str) -> tuple[tuple[str, str], ...]:
    """Keys and labels for the footer of ``pane``, the pane's own first."""
    mine = [c for c in commands_of(pane) if c.footer]
    mine.sort(key=lambda command: command.panes == EVERYWHERE)
    return tuple((key_name(command.keys[0]), command.label) for command in mine)
