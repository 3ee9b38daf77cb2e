"""The argument parser, one function per sub-command; heavy modules load when a command runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from engine import __version__
from engine.cli.one_line_parser import OneLineParser
from engine.cli.report.options import add_report_options
from engine.cli.scenario.options import (
    add_output_options,
    add_requests_option,
    add_scenario_options,
    add_subject,
)
from engine.scenario import Task

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction["OneLineParser"]


def build_parser() -> argparse.ArgumentParser:
    """The whole parser."""
    parser = OneLineParser(
        prog="rooftop",
        description="Plan model deployments: the batch with the most tokens per second per chip "
        "that still meets the objectives. Without a command the terminal app opens.",
        epilog="rooftop [PLAN.toml | MODEL | NAME] [--chip C …] [--theme T] [--ascii] [--mouse] "
        "opens the app; ? there names its keys, its settings file and where its sessions are kept.",
    )
    parser.add_argument("--version", action="version", version=f"rooftop {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_sweep(commands)
    _add_predict(commands)
    _add_simulate(commands)
    _add_fleet(commands)
    _add_memory(commands)
    _add_plan(commands)
    _add_deploy(commands)
    _add_check(commands)
    _add_diff(commands)
    _add_model(commands)
    _add_name(commands)
    _add_lists(commands)
    _add_validation(commands)
    return parser


def _late(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """A command whose module is imported when it runs."""

    def run(arguments: argparse.Namespace) -> int:
        code: int = getattr(import_module(module), function)(arguments)
        return code

    return run


def _add_sweep(commands: Subparsers) -> None:
    parser = commands.add_parser("sweep", help="rank every batch and layout")
    add_subject(parser)
    add_scenario_options(parser)
    add_requests_option(parser)
    parser.add_argument("--whole-nodes", action="store_true", help="--chips auto in whole nodes")
    add_output_options(parser)
    add_report_options(parser)
    parser.set_defaults(run=_late("engine.cli.sweep", "run_sweep"))


def _add_predict(commands: Subparsers) -> None:
    parser = commands.add_parser("predict", help="what one layout will be, without a search")
    add_subject(parser)
    add_scenario_options(parser)
    add_requests_option(parser)
    parser.add_argument("--batch", help="sequences in flight per replica, as 1,8,32, or most")
    parser.add_argument("--concurrency", help="requests in flight in all, as 1,8,32")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    parser.set_defaults(run=_late("engine.cli.predict", "run_predict"))


def _add_simulate(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "simulate", help="serve requests one by one on a deployment, and say what each saw"
    )
    parser.add_argument(
        "target", nargs="?", metavar="PLAN.toml | MODEL", help="a saved plan, or as --model"
    )
    add_scenario_options(parser)
    add_requests_option(parser)
    parser.add_argument("--concurrency", help="so many clients that wait for each answer")
    parser.add_argument("--count", help="requests at most; 5000 where they are drawn")
    parser.add_argument("--duration", help="those that come in so long, as 60s or 10min")
    parser.add_argument("--seed", help="of lengths and times that are drawn, as 1")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_late("engine.cli.simulate", "run_simulate"))


def _add_fleet(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "fleet", help="chips that a rate, a day or several loads take, and what they cost"
    )
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="PLAN.toml | MODEL | NAME",
        help="the layout of a saved plan, a model, or a benchmark name",
    )
    add_scenario_options(parser)
    add_requests_option(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--day", metavar="FILE", help="CSV of hour and requests_per_second, or a trace"
    )
    what.add_argument(
        "--pool", metavar="FILE", help="TOML: [chips] that there are, [[loads]] that share them"
    )
    parser.add_argument("--whole-nodes", action="store_true", help="count chips in whole nodes")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    add_report_options(parser)
    parser.set_defaults(run=_late("engine.cli.fleet", "run_fleet"))


def _add_memory(commands: Subparsers) -> None:
    parser = commands.add_parser("memory", help="what a server prints of its memory as it starts")
    add_subject(parser)
    add_scenario_options(parser)
    add_requests_option(parser)
    parser.add_argument("--batch", help="what so many sequences per replica hold")
    parser.add_argument("--concurrency", help="what so many requests in all hold")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    parser.set_defaults(run=_late("engine.cli.memory", "run_memory"))


def _add_plan(commands: Subparsers) -> None:
    parser = commands.add_parser("plan", help="write the winner as a TOML plan")
    add_subject(parser)
    add_scenario_options(parser)
    add_requests_option(parser)
    parser.add_argument("--whole-nodes", action="store_true", help="--chips auto in whole nodes")
    parser.add_argument("-o", "--output", required=True, metavar="PLAN.toml", help="file to write")
    add_report_options(parser)
    parser.set_defaults(run=_late("engine.cli.plan", "run_plan"))


def _add_deploy(commands: Subparsers) -> None:
    parser = commands.add_parser("deploy", help="write what a plan is started with")
    parser.add_argument("plan", metavar="PLAN.toml")
    parser.add_argument(
        "--to",
        required=True,
        metavar="KIND",
        help="sh, compose, slurm, dynamo, llmisvc, llm-d, lws",
    )
    parser.add_argument("-o", "--output", metavar="DIR", help="folder to write to; else printed")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument(
        "--engine-version", default="", metavar="V", help="write the options of this version"
    )
    parser.set_defaults(run=_late("engine.cli.deploy", "run_deploy"))


def _add_check(commands: Subparsers) -> None:
    check = commands.add_parser("check", help="work a saved plan out again with today's profiles")
    check.add_argument("plan", metavar="PLAN.toml")
    check.add_argument("--within", default="0.05", help="drift that is allowed, as a share")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_late("engine.cli.check", "run_check"))
    verify = commands.add_parser("verify", help="compare measured runs with what a plan said")
    verify.add_argument("plan", metavar="PLAN.toml")
    verify.add_argument("results", nargs="+", metavar="RESULT")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_late("engine.cli.verify", "run_verify"))


def _add_diff(commands: Subparsers) -> None:
    parser = commands.add_parser("diff", help="print the keys in which two plans differ")
    parser.add_argument("plans", nargs=2, metavar="PLAN.toml", help="before and after")
    add_report_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_late("engine.cli.diff", "run_diff"))


def _add_model(commands: Subparsers) -> None:
    parser = commands.add_parser("model", help="say what was understood of a config.json")
    parser.add_argument(
        "config", nargs="?", metavar="CONFIG", help="profile, file, folder or hub id"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--kv", default="", help="KV-cache format (bf16, fp8)")
    parser.add_argument("--assume", default="", help="read an unknown model_type as this one")
    parser.add_argument(
        "--task",
        default=Task.AUTO,
        choices=[one.value for one in Task],
        help="what a language model is asked for",
    )
    parser.add_argument("--revision", default="", help="hub revision")
    parser.add_argument("--resolution", default="", help="images: width x height, as 224x224")
    parser.add_argument("--isl", default="", help="text encoders: tokens of a sequence, as 384")
    parser.add_argument("--check", metavar="DIR", help="compare a folder of configs with an oracle")
    parser.add_argument("--oracle", metavar="CSV", help="the oracle's parameter counts")
    parser.set_defaults(run=_late("engine.cli.model", "run_model"))


def _add_name(commands: Subparsers) -> None:
    parser = commands.add_parser("name", help="parse a benchmark name")
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_late("engine.cli.name", "run_name"))


def _add_lists(commands: Subparsers) -> None:
    for kind in ("chips", "models", "frameworks"):
        parser = commands.add_parser(kind, help=f"list the known {kind}")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(run=_late("engine.cli.lists", f"run_{kind}"))


def _add_validation(commands: Subparsers) -> None:
    validate = commands.add_parser("validate", help="predict measured rows and report the error")
    validate.add_argument(
        "file", metavar="FILE", help="CSV of measured rows, or a client's result with --model …"
    )
    add_scenario_options(validate)
    validate.add_argument("--configs", metavar="DIR", help="folders <org>__<name>/config.json")
    validate.add_argument("--json", action="store_true", help="print JSON")
    validate.add_argument("--csv", metavar="OUT", help="write one prediction per row")
    validate.set_defaults(run=_late("engine.cli.validation.validate", "run_validate"))
    accuracy = commands.add_parser("accuracy", help="print the published error table")
    accuracy.add_argument("--full", metavar="FILE.csv", help="of this file's rows instead")
    accuracy.add_argument("--configs", metavar="DIR", help="folders <org>__<name>/config.json")
    accuracy.add_argument("--json", action="store_true", help="print JSON")
    accuracy.set_defaults(run=_late("engine.cli.validation.validate", "run_accuracy"))
    calibrate = commands.add_parser("calibrate", help="fit constants to your own benchmark runs")
    calibrate.add_argument("results", nargs="+", metavar="RESULTS")
    add_scenario_options(calibrate)
    calibrate.add_argument("--name", default="", help="id of the profile to write")
    calibrate.add_argument("--dry-run", action="store_true", help="show the fit, write nothing")
    calibrate.add_argument(
        "--also",
        action="append",
        nargs="+",
        default=[],
        metavar=("MODEL", "RESULTS"),
        help="runs of another model on the same chips and engine, fitted together with these",
    )
    calibrate.set_defaults(run=_late("engine.cli.calibrate", "run_calibrate"))
