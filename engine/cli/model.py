"""``rooftop model``: what was understood of a config, and checks of whole folders."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from engine.scenario import Task
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say

if TYPE_CHECKING:
    from engine.model.architecture import Architecture
    from engine.model.config import LoadedModel
    from engine.model.forward.architecture import ForwardArchitecture


def run_model(arguments: argparse.Namespace) -> int:
    """Run the command: 0 described or nothing differs, 1 some config differs.

    Raises `InputError` for bad input.
    """
    if arguments.check:
        return _check(user_path(arguments.check), arguments.oracle, arguments.json)
    if not arguments.config:
        raise InputError(say("model: expected a profile, file, folder or hub id, or --check DIR"))
    from engine.model.architecture import Architecture
    from engine.model.config import load_architecture
    from engine.words.units import parse_count, parse_resolution

    model = load_architecture(
        arguments.config,
        assume=arguments.assume,
        revision=arguments.revision,
        resolution=parse_resolution(arguments.resolution) if arguments.resolution else None,
        sequence=parse_count(arguments.isl, "--isl") if arguments.isl else 0,
        task=Task(arguments.task),
    )
    _refuse_idle(model, arguments)
    if isinstance(model.architecture, Architecture):
        return _print_language(model, model.architecture, arguments)
    return _print_forward(model, model.architecture, arguments)


def _refuse_idle(model: LoadedModel, arguments: argparse.Namespace) -> None:
    """Refuse what says nothing about the model."""
    from engine.model.kinds import ModelCategory

    meant = {
        "resolution": ModelCategory.VISION,
        "isl": ModelCategory.ENCODER,
        "kv": ModelCategory.LANGUAGE,
    }
    for name, category in meant.items():
        if getattr(arguments, name) and model.kind is not category:
            raise InputError(
                say(
                    "{model}: --{name} is for {noun}s",
                    model=model.name,
                    name=name,
                    noun=say(category.noun),
                )
            )


def _print_language(
    model: LoadedModel, architecture: Architecture, arguments: argparse.Namespace
) -> int:
    from engine.model.described.tokens import as_json, as_text, describe
    from engine.model.precision import number_format

    kv = number_format(arguments.kv) if arguments.kv else None
    description = describe(model, kv)
    ours = architecture.total_parameters, architecture.prediction_parameters
    return _print(arguments, as_json(description), as_text(description), *ours)


def _print_forward(
    model: LoadedModel, architecture: ForwardArchitecture, arguments: argparse.Namespace
) -> int:
    from engine.model.described.forward import as_json, as_text

    document, text = as_json(model, architecture), as_text(model, architecture)
    return _print(arguments, document, text, architecture.parameters, 0)


def _print(
    arguments: argparse.Namespace,
    document: dict[str, object],
    text: str,
    parameters: int,
    prediction: int,
) -> int:
    """Print the figures, for a model of the hub beside the hub's own count."""
    from engine.model.config import hub_reference
    from engine.sources.hub.comparison import hub_json, hub_text
    from engine.sources.hub.contents import hub_count

    reference = hub_reference(arguments.config, arguments.revision)
    count = hub_count(reference) if reference is not None else None
    if arguments.json:
        both = document | hub_json(count, parameters, prediction)
        print(json.dumps(both, indent=2, ensure_ascii=False))
        return 0
    print(text)
    if reference is not None:
        print(hub_text(count, parameters, prediction))
    return 0


def _check(folder: Path, oracle: str, as_json: bool) -> int:
    """Parameters first; then whatever further tables lie beside theirs, a summary each."""
    from engine.evidence.zoo import VERDICTS, Comparison, compare_folder, compare_others

    table = user_path(oracle) if oracle else folder.parent / "oracle_params.csv"
    comparisons = list(compare_folder(folder, table))
    others = list(compare_others(folder, table))
    subjects = list(dict.fromkeys(one.subject for one in [*comparisons, *others]))
    counts = {subject: dict.fromkeys(VERDICTS, 0) for subject in subjects}
    for comparison in [*comparisons, *others]:
        counts[comparison.subject][comparison.verdict] += 1

    def line(one: Comparison) -> str:
        reason = f"  {one.reason}" if one.reason else ""
        return f"{one.verdict:<10} {one.name}{reason}\n"

    if as_json:
        document = {
            "counts": counts.get("parameters", {}),
            "configs": [asdict(one) for one in comparisons],
            "other_counts": {name: counts[name] for name in subjects if name != "parameters"},
            "others": [asdict(one) for one in others],
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for comparison in comparisons:
            sys.stdout.write(line(comparison))
        for subject in subjects[1:]:
            sys.stdout.write(f"\n{subject}\n")
            sys.stdout.writelines(line(one) for one in others if one.subject == subject)
        sys.stdout.write("\n")
        for subject in subjects:
            said = [f"{n} {verdict}" for verdict, n in counts[subject].items() if n]
            sys.stdout.write(f"{subject + ':':<12} {', '.join(said)}\n")
    return 1 if any(count["differing"] for count in counts.values()) else 0
