"""``--report FILE`` and ``--markdown``: where a report goes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from engine.cli.report.document import Report
from engine.cli.report.html import html_text
from engine.cli.report.markdown import markdown_text
from engine.sources.files import refuse_other, user_path, write_text
from engine.words.errors import InputError
from engine.words.text import clean

_FORMS: dict[str, Callable[[Report], str]] = {
    ".html": html_text,
    ".htm": html_text,
    ".md": markdown_text,
}


def wants_report(arguments: argparse.Namespace) -> bool:
    """Whether a report is to be made; raises `InputError` for a file that none can be written
    to, before anything is worked out."""
    if arguments.report:
        _checked(arguments.report)
    return bool(arguments.report or arguments.markdown)


def give_report(arguments: argparse.Namespace, report: Report) -> str:
    """Write or print a report as the options say; what was done, in a sentence (empty where it
    was only printed)."""
    if arguments.markdown:
        print(markdown_text(report), end="")
    if not arguments.report:
        return ""
    path = _checked(arguments.report)
    write_text(path, _FORMS[path.suffix.lower()](report))
    return f"Report written to {clean(str(path))}"


def _checked(text: str) -> Path:
    """A report of before is replaced, another file never."""
    path = user_path(text)
    if path.suffix.lower() not in _FORMS:
        raise InputError(
            f"--report {clean(text, 160)}: found no ending of a report, expected .html or .md"
        )
    if os.path.lexists(path):
        refuse_other(path, _is_report, "report")
    return path


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - 400, 0))
        return b"Written by rooftop" in file.read()
