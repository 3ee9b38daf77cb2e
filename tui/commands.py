"""Every command once: its keys, its words, where it applies. Feeds keys, help, palette, footer."""

from __future__ import annotations

from dataclasses import dataclass

TABLE = frozenset({"table"})
FORMS = frozenset({"hardware", "workload"})
TREE = frozenset({"model"})
STEPPED = FORMS | TREE
CHART = frozenset({"chart"})
EVERYWHERE: frozenset[str] = frozenset()
"""No pane is named: every one is meant."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the app can do. ``keys`` are Textual's key names; the first is shown, none means
    that only the palette has it. ``panes`` are the short names of those where they work;
    ``footer`` puts it into the footer there; ``needs`` names the fact without which it can do
    nothing now (`tui.facts`)."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    panes: frozenset[str] = EVERYWHERE
    footer: bool = False
    needs: str = ""

    def works_in(self, pane: str) -> bool:
        """Whether it is a command of ``pane``."""
        return self.panes == EVERYWHERE or pane in self.panes


COMMANDS: tuple[Command, ...] = (
    Command("restore", ("R",), "restore", "Back to the session that was left", needs="offer"),
    Command("save", ("s", "ctrl+s"), "save", "Save the selected plan as TOML", footer=True),
    Command("open", ("o",), "open", "Pick a saved plan or a scenario of before", footer=True),
    Command("model", ("m",), "model", "Pick a model; also a file, folder, hub id, benchmark name"),
    Command("chip", ("a",), "chip", "Pick the chip (accelerator), or mark several"),
    Command("engine", ("e",), "engine", "Pick the serving engine, or mark several"),
    Command("precisions", ("W",), "precisions", "Precisions side by side: plan, quality, weights"),
    Command("precision", (), "precision", "Pick the precision: W16A16, W8A8, W4A16 …"),
    Command("undo", ("u", "z"), "undo", "Undo the last change", footer=True, needs="past"),
    Command("redo", ("U", "Z"), "redo", "Redo what was undone", footer=True, needs="future"),
    Command("view", ("v",), "view", "Batches of this layout / best of each layout / all rows"),
    Command("best", ("f",), "best", "Back to the best plan, and follow it", TABLE, True, "away"),
    Command("layout", ("enter",), "this layout", "Show the batches of this row's layout", TABLE),
    Command(
        "filter", ("/",), "filter", "Only rows that match: meets, tp8, b>64, !text", TABLE, True
    ),
    Command("verdicts", ("F",), "verdicts", "All rows / those that fit / that meet", TABLE),
    Command("search", ("/",), "search", "Only keys that match", TREE, True),
    Command("sort_next", ("greater_than_sign",), "sort", "Sort by the next column", TABLE),
    Command("sort_back", ("less_than_sign",), "sort", "Sort by the column before", TABLE),
    Command("reverse", ("r",), "reverse", "Reverse the sort order", TABLE),
    Command("columns", ("C",), "columns", "Show, hide and order the table's columns", TABLE),
    Command("mark", ("space",), "mark", "Mark this row for comparing", TABLE, True, "row"),
    Command(
        "compare", ("c",), "compare", "Marked rows and plans side by side", footer=True, needs="row"
    ),
    Command("diff", ("D",), "differences", "Only the keys that differ from a plan", needs="row"),
    Command("unmark", ("x",), "unmark", "Forget the marks", needs="mark"),
    Command("baseline", ("b",), "baseline", "Pin the scenario: cells show their change; unpin it"),
    Command("swap", ("B",), "swap", "Swap the scenario with the pinned one", needs="baseline"),
    Command("sensitivity", ("w",), "what matters", "Which knob matters most now", footer=True),
    Command(
        "simulate", ("S",), "simulate", "Serve requests one by one on the row's plan", needs="row"
    ),
    Command(
        "fleet", ("d",), "fleet", "Chips for the rate, a day (CSV) or loads on one stock (TOML)"
    ),
    Command("history", ("H",), "history", "Every change so far; back to any of them"),
    Command("chart", ("p",), "next chart", "Next chart: over batch, Pareto, roofline"),
    Command("chart_right", ("right", "l", "space"), "next chart", "Next chart", CHART, True),
    Command("chart_left", ("left", "h"), "chart before", "The chart before", CHART),
    Command("chart_back", ("P",), "chart back", "The chart before"),
    Command("up", ("up", "k"), "up", "Up"),
    Command("down", ("down", "j"), "down", "Down"),
    Command("page_up", ("pageup", "ctrl+u"), "page up", "A page up"),
    Command("page_down", ("pagedown", "ctrl+d"), "page down", "A page down"),
    Command("top", ("g", "home"), "top", "To the first row"),
    Command("bottom", ("G", "end"), "bottom", "To the last row"),
    Command(
        "edit", ("enter",), "edit", "Open the value: type over it, or pick", FORMS | TREE, True
    ),
    Command("less", ("left", "h", "minus"), "less", "Previous choice, or one step down", STEPPED),
    Command(
        "more", ("right", "l", "plus"), "more, ← less", "Next choice, or one step up", STEPPED, True
    ),
    Command("revert", ("r",), "revert", "Take this what-if back", TREE, True, "edited"),
    Command("revert_all", (), "revert all", "Take all what-ifs on the model back", needs="edits"),
    Command("language", ("L",), "language", "The next language: English, 中文"),
    Command("order", ("O",), "order", "Keys by our groups / in the document's eight blocks", TREE),
    Command("next_pane", ("tab",), "next pane", "To the next pane"),
    Command("previous_pane", ("shift+tab",), "previous pane", "To the pane before"),
    Command("zoom", ("full_stop",), "zoom", "Give this pane the whole screen, and back"),
    Command("copy", ("y",), "copy row", "Copy the row with its benchmark name", needs="row"),
    Command("copy_launch", ("Y",), "copy launch", "Copy the row's launch command", needs="row"),
    Command("deploy", ("E",), "deploy", "See and write what starts the row", needs="row"),
    Command("copy_plan", ("ctrl+y",), "copy plan", "Copy the row's plan as TOML", needs="sweep"),
    Command("rerun", ("f5",), "rerun", "Sweep again"),
    Command("theme", ("T",), "theme", "Next theme: dark, light, contrast, mono"),
    Command("glyphs", (), "glyphs", "Unicode or plain ASCII glyphs"),
    Command("mouse", ("M",), "mouse", "Let the mouse choose panes and rows, or give it back"),
    Command("redraw", ("ctrl+l",), "redraw", "Draw the whole screen again"),
    Command("suspend", ("ctrl+z",), "suspend", "Back to the shell; `fg` returns"),
    Command(
        "palette",
        ("colon", "ctrl+p"),
        "commands",
        "Find a command; :chip h20, :tp 8, :rate 3, a benchmark name",
        footer=True,
    ),
    Command(
        "help",
        ("question_mark", "f1"),
        "help",
        "Keys of this pane, words of the screen",
        footer=True,
    ),
    Command("quit", ("q", "ctrl+q", "ctrl+c"), "quit", "Leave; the session is kept", footer=True),
)

BY_ID = {command.id: command for command in COMMANDS}
