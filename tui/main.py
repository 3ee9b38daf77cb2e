"""The ``rooftop`` command: a sub-command, or the terminal app on a scenario or a plan."""

from __future__ import annotations

import argparse
import sys
from os.path import lexists

from engine.cli import COMMANDS, language_asked, run, speak
from engine.cli.streams import guarded
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(start(sys.argv[1:]))


def start(arguments: list[str]) -> int:
    """Run a command or the app; the exit code."""
    _, rest = language_asked(arguments)
    if rest and rest[0] in {*COMMANDS, "-h", "--help", "--version"}:
        from tui.settings.config_file import configured_language

        return run(arguments, configured_language())
    return guarded(lambda: _start_app(arguments))


def _start_app(arguments: list[str]) -> int:
    from engine.cli.scenario.chosen import scenario_from
    from engine.scenario import Scenario
    from tui.settings.config_file import configured_language
    from tui.terminal.checks import refuse_bad_terminal

    speak(arguments, configured_language())
    if arguments and not arguments[0].startswith("-"):
        _refuse_misspelt(arguments[0])
    parsed = _app_parser().parse_args(arguments)
    plan_path = None
    if parsed.subject and _is_plan(parsed.subject):
        plan_path, parsed.subject = user_path(parsed.subject), None
    base = Scenario()
    if plan_path is not None:
        from engine.plan.saved.plan_file import load_plan

        base = load_plan(plan_path).scenario
    scenario = scenario_from(parsed, base)
    refuse_bad_terminal()
    from tui.allocator import collect_nothing
    from tui.settings.settings import settings_from

    settings = settings_from(parsed)
    collect_nothing()
    from tui.app import run_app

    return run_app(scenario, plan_path, settings)


def _is_plan(text: str) -> bool:
    """Whether a word is a plan file: neither a benchmark name nor a model, which may be a folder
    or a config.json."""
    from engine.plan.names.parse import is_benchmark_name

    path = user_path(text)
    if path.suffix == ".toml":
        return True
    return (
        lexists(path)
        and path.suffix != ".json"
        and not path.is_dir()
        and not (is_benchmark_name(text))
    )


def _refuse_misspelt(text: str) -> None:
    """Refuse a word that is no plan, name, path or hub id, and no model that is known."""
    from engine.model.model_profiles import model_spelt
    from engine.plan.names.parse import is_benchmark_name

    if _is_plan(text) or "/" in text or is_benchmark_name(text) or model_spelt(text):
        return
    path = user_path(text)
    if path.suffix or lexists(path):
        return
    import difflib

    near = difflib.get_close_matches(text, COMMANDS, 1, 0.6)
    hint = f"; nearest command: {near[0]}" if near else "; rooftop --help lists the commands"
    raise InputError(
        say("{text!r} is no command, plan file or model{hint}", text=clean(text, 80), hint=hint)
    )


def _app_parser() -> argparse.ArgumentParser:
    from engine.cli.one_line_parser import OneLineParser
    from engine.cli.scenario.options import add_scenario_options
    from tui.drawing.themes import THEMES

    parser = OneLineParser(prog="rooftop", description="Open the app.")
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="PLAN.toml | MODEL | NAME",
        help="a saved plan, a model, or a benchmark name",
    )
    parser.add_argument("--mouse", action="store_true", help="let the app use the mouse")
    parser.add_argument("--ascii", action="store_true", help="no glyphs beyond ASCII")
    parser.add_argument("--theme", choices=list(THEMES), help="colours")
    add_scenario_options(parser)
    return parser
