"""The README's table of keys is the command table's. ``python -m tests.tui.test_readme`` writes
it anew."""

from __future__ import annotations

import re

from tests.tui.program import ROOT
from tui.commands import COMMANDS, EVERYWHERE, Command
from tui.keymap import Keymap, key_name
from tui.panes import KINDS

README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- keys -->\n(.*?)<!-- /keys -->", re.DOTALL)


def key_table() -> str:
    """Every command with its keys, those of single panes first."""
    keymap = Keymap()
    rows = ["| keys | where | what |", "| --- | --- | --- |"]
    digits = f"`{KINDS[0].number}` … `{KINDS[-1].number}`"
    rows.append(f"| {digits} | everywhere | To a pane; again gives it the whole screen |")
    rows.append("| `esc` | everywhere | One step back: clears, closes, cancels; never quits |")
    for command in sorted(COMMANDS, key=lambda one: one.panes == EVERYWHERE):
        keys = " ".join(f"`{key_name(key)}`" for key in keymap.keys(command))
        rows.append(f"| {keys or '`:`'} | {where(command)} | {cell(command.help)} |")
    return "\n".join(rows) + "\n"


def where(command: Command) -> str:
    """The panes of a command in words."""
    if command.panes == EVERYWHERE:
        return "everywhere"
    names = {"table": "table", "model": "tree", "hardware": "forms", "workload": "forms"}
    return ", ".join(dict.fromkeys(names.get(pane, pane) for pane in sorted(command.panes)))


def cell(text: str) -> str:
    """Text that does not end a cell."""
    return text.replace("|", "\\|")


def test_readme_names_every_key():
    found = BLOCK.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found[1] == key_table()


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(
        BLOCK.sub(lambda _: f"<!-- keys -->\n{key_table()}<!-- /keys -->", text), encoding="utf-8"
    )
