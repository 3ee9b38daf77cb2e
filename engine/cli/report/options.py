"""The options of commands that make a report."""

from __future__ import annotations

import argparse


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """The two options of every command that makes a report."""
    parser.add_argument(
        "--report", metavar="FILE", help="write answer, charts and tables as .html, or as .md"
    )
    parser.add_argument("--markdown", action="store_true", help="print the report as Markdown")
