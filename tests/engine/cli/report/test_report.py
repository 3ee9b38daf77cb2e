"""Reports: one file that loads nothing, all of its text escaped, written whole or not at all."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.cli import run
from engine.cli.report.document import (
    Bars,
    Chart,
    Grid,
    Listing,
    Report,
    Section,
    Sentences,
    Series,
)
from engine.cli.report.html import html_text
from engine.cli.report.markdown import markdown_text

OPTIONS = [
    *("--model", "llama-3.1-8b", "--chip", "h100_sxm", "--chips", "2"),
    *("--isl", "1000", "--osl", "500", "--tpot", "30", "--tp", "1,2"),
]
EVIL = "<script>alert(1)</script> | `x` \x1b[31m"
REPORT = Report(
    EVIL,
    EVIL,
    (
        Section(EVIL, Sentences([EVIL, EVIL])),
        Section("table", Grid([[EVIL, "b"], [EVIL, "1"]], (1,))),
        Section("text", Listing(EVIL)),
        Section("chart", Chart(EVIL, EVIL, EVIL, (Series(EVIL, ((1, 1), (2, 4))),), (2, 4), 3)),
        Section("bars", Bars(EVIL, EVIL, ((EVIL, 2.0, 0.1, True), ("b", 1.0, None, False)))),
        Section("nothing", Sentences([])),
    ),
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)
        assert not {"src", "href", "onload"} & {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_text_is_never_markup() -> None:
    page = html_text(REPORT)
    tags = _Tags()
    tags.feed(page)
    assert "script" not in tags.seen and {"svg", "table", "pre"} <= tags.seen
    assert "\x1b" not in page and "nothing" not in page


def test_markdown_is_escaped_and_cells_stay_cells() -> None:
    text = markdown_text(REPORT)
    assert "\x1b" not in text
    outside = re.sub(r"```+text.*?```+", "", text, flags=re.DOTALL)
    assert "<script" not in outside.replace("\\<", "")
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) in {3, 4} for row in rows)


def test_a_plan_has_a_report_with_everything_in_it(tmp_path: Path, capsys) -> None:
    plan, page = tmp_path / "p.toml", tmp_path / "p.html"
    assert run(["plan", *OPTIONS, "-o", str(plan), "--report", str(page)]) == 0
    assert f"Report written to {page}" in capsys.readouterr().out
    text = page.read_text()
    for part in ("Serve Llama-3.1-8B", "<svg", "Why", "range", "sources", "vllm serve", "verify"):
        assert part in text, part


@pytest.mark.parametrize(
    "command",
    [
        ["sweep", *OPTIONS],
        ["sweep", *OPTIONS, "--chip", "h100_sxm,h200_sxm"],
        ["fleet", *OPTIONS[:4], *OPTIONS[6:], "--rate", "20"],
    ],
)
def test_markdown_is_printed_alone(command: list[str], capsys) -> None:
    assert run([*command, "--markdown"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# ") and "|---" in shown and "sources" in shown


def test_a_fleet_has_a_report_with_everything_in_it(tmp_path: Path, capsys) -> None:
    page = tmp_path / "f.html"
    command = ["fleet", *OPTIONS[:4], *OPTIONS[6:], "--rate", "20", "--report", str(page)]
    assert run(command) == 0
    text = page.read_text()
    for part in (
        "requests/s of",
        "<svg",
        "Table",
        "Why",
        "How to start it",
        "vllm serve",
        "sources",
    ):
        assert part in text, part
    capsys.readouterr()
    assert run([*command[:-2], "--markdown", "--language", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "## 表\n" in shown and ".0 |\n" not in shown.split("## ")[1]


def test_a_day_has_a_report(tmp_path: Path) -> None:
    day, page = tmp_path / "d.csv", tmp_path / "d.html"
    day.write_text("hour,requests_per_second\n0,2\n1,20\n")
    command = ["fleet", *OPTIONS[:4], *OPTIONS[6:], "--day", str(day), "--report", str(page)]
    assert run(command) == 0
    assert "hour by hour" in page.read_text() and "<svg" in page.read_text()


def test_two_plans_are_reported(tmp_path: Path) -> None:
    plans = [str(tmp_path / f"{name}.toml") for name in "ab"]
    for path, osl in zip(plans, ("500", "600"), strict=True):
        assert run(["plan", *OPTIONS, "--osl", osl, "-o", path]) == 0
    page = tmp_path / "d.html"
    assert run(["diff", *plans, "--report", str(page)]) == 0
    assert "scenario.workload.output_tokens" in page.read_text()


@pytest.mark.parametrize(
    ("name", "before", "message"),
    [("r.pdf", "", "expected .html or .md"), ("r.html", "mine", "something else in it")],
)
def test_other_files_are_left_alone(
    tmp_path: Path, name: str, before: str, message: str, capsys
) -> None:
    path = tmp_path / name
    path.write_text(before)
    assert run(["sweep", *OPTIONS, "--report", str(path)]) == 2
    assert message in capsys.readouterr().err
    assert path.read_text() == before
