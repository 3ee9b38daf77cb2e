"""``rooftop deploy``: what a saved plan is started with, as files of one kind."""

from __future__ import annotations

import argparse
import sys

from engine.cli import FOUND
from engine.cli.streams import having
from engine.plan.deploy.files import deploy, write_artefacts
from engine.plan.launch.remark import remark_lines
from engine.plan.saved.plan_file import load_plan
from engine.sources.files import user_path
from engine.words.messages import say
from engine.words.text import clean


def run_deploy(arguments: argparse.Namespace) -> int:
    """Write the files into a folder, or print them; gaps and notes go to stderr."""
    plan = load_plan(user_path(arguments.plan))
    made = deploy(plan, arguments.to, arguments.engine_version)
    if not arguments.output:
        print("\n".join(made.files.values()), end="")
    else:
        paths = write_artefacts(made, user_path(arguments.output), force=arguments.force)
        written = [say("Written: {path}", path=clean(str(path))) for path in paths]
        with having("; ".join(written)):
            print("\n".join(written))
    for line in remark_lines(made.remarks):
        print(clean(line, len(line)), file=sys.stderr)
    return FOUND
