"""A pane is one class, listed once."""

from __future__ import annotations

import ast

from tests.import_graph import ROOT
from tui.keymap import RESERVED, Keymap
from tui.overlays.help import help_rows
from tui.panes import HOME, KINDS, Panes
from tui.widgets.panes import Pane


def test_the_digits_lead_to_the_panes_in_their_order():
    assert [kind.number for kind in KINDS] == list(range(1, len(KINDS) + 1))
    assert frozenset("123456") == RESERVED


def test_no_two_panes_have_one_name():
    assert len({kind.short_name for kind in KINDS}) == len(KINDS)


def test_every_pane_says_all_there_is_to_say_of_it():
    for kind in KINDS:
        assert kind.title and kind.place
        assert kind.move is not Pane.move


def test_a_name_from_elsewhere_leads_home():
    panes = Panes()
    assert panes.named("why").short_name == "why"
    assert panes.named("no such pane") is panes.home is panes.of(HOME)


def test_panes_follow_each_other_round_the_end():
    panes = Panes()
    first, *_, last = panes
    assert panes.beside(last, 1) is first
    assert panes.beside(first, -1) is last


def test_the_help_of_a_pane_is_its_own():
    panes, keymap = Panes(), Keymap()
    texts = {
        pane.short_name: "".join(run for row in help_rows(pane, keymap) for run, _ in row.line)
        for pane in panes
    }
    assert "opens a field" in texts["workload"]
    assert "Filter" in texts["table"]
    assert "Filter" not in texts["workload"]


def test_one_file_touches_what_textual_keeps_to_itself():
    inside = set()
    for path in ROOT.glob("tui/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if own and node.attr in {"_driver", "_mouse", "_handle_exception"}:
                inside.add(str(path.relative_to(ROOT)))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual"):
                names = [*(node.module or "").split("."), *(one.name for one in node.names)]
                if any(name.startswith("_") for name in names):
                    inside.add(str(path.relative_to(ROOT)))
    assert inside == {"tui/terminal/app.py"}
