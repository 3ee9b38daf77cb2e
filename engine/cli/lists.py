"""``rooftop chips``, ``models`` and ``frameworks``: what can be named."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from engine.cli import BAD_INPUT, FOUND
from engine.cli.streams import tell
from engine.cli.tables import print_grid
from engine.hardware.chip_profiles import chip_ids, load_chip
from engine.hardware.constants import written_part
from engine.hardware.framework import PARTS
from engine.hardware.framework_profiles import framework_ids, load_framework
from engine.model.config import load_architecture
from engine.model.model_profiles import model_names
from engine.plan.face.lists import chip_row, framework_row, model_row, runs_told
from engine.sources.profile_files import BUNDLED
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

Loaded = TypeVar("Loaded")


def run_chips(arguments: argparse.Namespace) -> int:
    """Every chip with its facts and where its constants come from."""
    chips, problems = _loaded(chip_ids(), load_chip)
    rows = [chip_row(chip) for chip in chips]
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return _told(problems)
    lines = [
        [
            "id",
            "GiB",
            "GB/s",
            "bf16",
            "fp8",
            "fp4",
            "node",
            "link GB/s",
            "constants",
            "runs",
            "from",
        ]
    ]
    for row in rows:
        peaks = row["peak_tflops"]
        bf16 = peaks.get("bf16") or peaks.get("fp16")
        lines.append(
            [
                row["id"],
                f"{row['memory_gib']:g}",
                f"{row['bandwidth_gbs']:g}",
                _peak(bf16),
                _peak(peaks.get("fp8")),
                _peak(peaks.get("fp4")),
                str(row["node_chips"]),
                f"{row['link_gbs']:g}",
                f"{row['generation']}: {say(row['constants'])}",
                runs_told(row),
                _owner(row["origin"]),
            ]
        )
    _print_columns(lines)
    print(say("Constants are those of the generation; without published runs nothing checks them."))
    return _told(problems)


def _loaded(ids: Iterable[str], load: Callable[[str], Loaded]) -> tuple[list[Loaded], list[str]]:
    """What can be loaded, and what is wrong with the rest: a broken profile of one's own does not
    hide the others."""
    found, problems = [], []
    for identity in ids:
        try:
            found.append(load(identity))
        except InputError as error:
            problems.append(str(error))
    return found, problems


def _told(problems: list[str]) -> int:
    """Say what was wrong on stderr; the exit code."""
    for problem in problems:
        tell(f"rooftop: {clean(problem)}")
    return BAD_INPUT if problems else FOUND


def _owner(origin: str) -> str:
    return say(origin if origin == BUNDLED else "yours")


def _peak(tflops: float | None) -> str:
    return "–" if tflops is None else f"{tflops:g}"


def run_models(arguments: argparse.Namespace) -> int:
    """Every model that has a name, with its size."""
    from engine.model.forward.index import named_architectures

    models, problems = _loaded(model_names(), load_architecture)
    rows = [model_row(model) for model in models]
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return _told(problems)
    lines = [["id", "kind", "parameters", "active", "from"]]
    for row in rows:
        lines.append(
            [
                row["id"],
                say(row["kind"]),
                _size(row["total_parameters"]),
                _size(row["active_parameters"]),
                _owner(row["origin"]),
            ]
        )
    _print_columns(lines)
    print(
        say(
            "and {named_architectures} vision models by their name in timm or torchvision",
            named_architectures=len(named_architectures()),
        )
    )
    return _told(problems)


def _size(parameters: int) -> str:
    billions = parameters / 1e9
    return f"{billions:.2f} B" if billions >= 0.1 else f"{billions * 1e3:.1f} M"


def run_frameworks(arguments: argparse.Namespace) -> int:
    """Every serving framework with what its runtime costs."""
    frameworks, problems = _loaded(framework_ids(), load_framework)
    rows = [framework_row(framework) for framework in frameworks]
    if arguments.json:
        for row, framework in zip(rows, frameworks, strict=True):
            for part in PARTS:
                row |= {**written_part(getattr(framework, part)), **row}
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return _told(problems)
    header = list(rows[0])
    rows = [
        row | {"origin": _owner(str(row["origin"])), "constants": say(str(row["constants"]))}
        for row in rows
    ]
    _print_columns([header, *[[str(row[name]) for name in header] for row in rows]])
    return _told(problems)


def _print_columns(lines: list[list[str]]) -> None:
    head, *rest = lines
    print_grid([[say(title) for title in head], *rest], ())
