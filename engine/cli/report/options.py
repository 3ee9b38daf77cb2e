"""``--report FILE`` and ``--markdown``: the options of commands that make a report."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from engine.sources.files import refuse_other, user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

FORMS = (".html", ".md")
_WRITTEN = re.compile(rb"rooftop \d+\.\d")
"""At the end of a report, in whatever language."""


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """The two options."""
    parser.add_argument(
        "--report", metavar="FILE", help="write answer, charts and tables as .html, or as .md"
    )
    parser.add_argument("--markdown", action="store_true", help="print the report as Markdown")


def wants_report(arguments: argparse.Namespace) -> bool:
    """Whether a report is to be made; raises `InputError` for a file that none can be written
    to, before anything is worked out."""
    if arguments.report:
        report_path(arguments.report)
    return bool(arguments.report or arguments.markdown)


def report_path(text: str) -> Path:
    """Where a report goes: a report of before is replaced, another file never. Raises
    `InputError`."""
    path = user_path(text)
    if path.suffix.lower() not in FORMS:
        raise InputError(
            say(
                "--report {text}: found no ending of a report, expected .html or .md",
                text=clean(text, 160),
            )
        )
    if os.path.lexists(path):
        refuse_other(path, _is_report, "report")
    return path


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - 400, 0))
        return _WRITTEN.search(file.read()) is not None
