"""A report to a file or to stdout, as the options say."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from engine.cli.report.document import Report
from engine.cli.report.html import html_text
from engine.cli.report.markdown import markdown_text
from engine.cli.report.options import report_path
from engine.sources.files import write_text
from engine.words.messages import say
from engine.words.text import clean

_FORMS: dict[str, Callable[[Report], str]] = {
    ".html": html_text,
    ".md": markdown_text,
}


def give_report(arguments: argparse.Namespace, report: Report) -> str:
    """Write or print a report as the options say; what was done, in a sentence (empty where it
    was only printed)."""
    if arguments.markdown:
        print(markdown_text(report), end="")
    if not arguments.report:
        return ""
    path = report_path(arguments.report)
    write_text(path, _FORMS[path.suffix.lower()](report))
    return say("Report written to {path}", path=clean(str(path)))
