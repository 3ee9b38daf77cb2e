"""Every text that people see, read from the source and from the tables of the product."""

from __future__ import annotations

import argparse
import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.import_graph import ROOT

SPOKEN = ("engine", "tui")
NAMES = {"GiB", "MiB", "GB", "TB", "TFLOP", "FLOP", "byte", "ms", "tok", "token"}
"""Units and names that every language writes alike."""
SINKS = {"say", "warn", "mention", "ask", "give_up", "once_swept"}
"""Methods of the app that show a text: constants are translated there."""


def sources() -> Iterator[Path]:
    for room in SPOKEN:
        yield from sorted((ROOT / room).rglob("*.py"))
    yield ROOT / "rooftop.py"


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Every call of the product with the file it stands in."""
    return tuple(
        (str(path.relative_to(ROOT)), node)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )


def named(call: ast.Call) -> str:
    """The name of what is called."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def said() -> set[str]:
    """The templates of all `say` calls."""
    return {
        call.args[0].value
        for _, call in calls()
        if isinstance(call.func, ast.Name)
        and named(call) == "say"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def shown_by_the_app() -> set[str]:
    """Constant texts that the app's own methods show."""
    return {
        one.value
        for path, call in calls()
        if path.startswith("tui") and isinstance(call.func, ast.Attribute) and named(call) in SINKS
        for argument in call.args
        for one in ast.walk(argument)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value
        if not any(one in ast.walk(inner) for inner in said_in(argument))
    }


def said_in(node: ast.AST) -> list[ast.AST]:
    return [
        inner
        for inner in ast.walk(node)
        if isinstance(inner, ast.JoinedStr)
        or (isinstance(inner, ast.Call) and named(inner) == "say")
    ]


def of_tables() -> set[str]:
    """Labels, hints and help of commands, forms, metrics, panes, nouns and options."""
    from engine.evidence.calibration.constants import NAMES as CONSTANTS
    from engine.evidence.calibration.formats import OTHER
    from engine.model.foreign import BESIDE, TOOLS
    from engine.plan.launch.fields import SAID
    from engine.plan.metrics.table import METRICS, VERDICTS
    from tui.commands import COMMANDS
    from tui.drawing.format import counted
    from tui.fields.forms import HARDWARE, WORKLOAD
    from tui.nouns.every import NOUNS
    from tui.panes import KINDS

    found = {text for one in COMMANDS for text in (one.label, one.help)}
    found |= {text for one in (*HARDWARE, *WORKLOAD) for text in (one.label, one.hint)}
    found |= {counted(text, "") for one in METRICS for text in (one.label, one.short)}
    found |= {counted(text, "sequences") for one in METRICS for text in (one.label, one.short)}
    found |= {text for one in VERDICTS for text in (one.name, one.short)}
    found |= {noun.title for noun in NOUNS}
    found |= {says for _, says, _ in SAID} | {*OTHER.values(), *CONSTANTS.values()}
    found |= {what for _, what in (*TOOLS, *BESIDE)}
    for kind in KINDS:
        found.add(kind.title)
        for heading, pairs in kind.help:
            found |= {heading, *(text for _, text in pairs)}
    return (found | of_options() | of_profiles() | of_names()) - {""}


def of_names() -> set[str]:
    """The fields of benchmark names, as `rooftop name` prints them."""
    from dataclasses import fields

    from engine.plan.names.benchmark import EncoderName, FpsName, FtlName, TpsName

    kinds = (TpsName, FtlName, FpsName, EncoderName)
    return {field.name.replace("_", " ") for kind in kinds for field in fields(kind)}


def of_profiles() -> set[str]:
    """Sentences that profiles hold."""
    from engine.hardware.framework_profiles import load_framework
    from engine.hardware.launch_table import LaunchTable
    from engine.model.refused import refused_families
    from engine.plan.launch.fill import sentence_of
    from engine.sources.profile_files import profile_ids

    engines = [load_framework(id).launch for id in profile_ids("frameworks")]
    tables = [one for one in engines if isinstance(one, LaunchTable)]
    sentences = {sentence_of(text) for one in tables for text in (*one.refuses, *one.notes)}
    return sentences | {text for one in refused_families().values() for text in one}


def of_options() -> set[str]:
    """Help of the command line, as argparse shows it."""
    from engine.cli.parser import build_parser
    from tui.main import _app_parser

    found: set[str] = set()
    waiting: list[argparse.ArgumentParser] = [build_parser(), _app_parser()]
    while waiting:
        parser = waiting.pop()
        found |= {parser.description or "", parser.epilog or ""}
        found |= {group.title or "" for group in parser._action_groups if group._group_actions}
        for action in parser._actions:
            found |= said_of_limits(action.help or "")
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
                found |= {one.help or "" for one in action._choices_actions}
    return found


def said_of_limits(text: str) -> set[str]:
    """Help as it is translated: that of a limit in two parts."""
    from engine.plan.metrics.table import LIMITED

    for metric, limit in LIMITED:
        if text == f"{metric.name}: {limit.help}":
            return {metric.name, limit.help}
    return {text}


@cache
def constants() -> frozenset[str]:
    """Every constant text of the product's source."""
    found: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


def placeholders(template: str) -> set[str]:
    """The names of the values in a template; those of nested formats too."""
    found: set[str] = set()
    for _, name, spec, _ in string.Formatter().parse(template):
        if name:
            found.add(name)
        if spec:
            found |= placeholders(spec)
    return found


def has_words(text: str) -> bool:
    """Whether there is anything to translate: a word that is no name, unit or option."""
    bare = re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "", text)
    words = set(re.findall(r"[A-Za-z][A-Za-z0-9]+", bare))
    return any(one not in NAMES and not re.fullmatch(r"[A-Z0-9]+|p\d\d", one) for one in words)
