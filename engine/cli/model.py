"""``rooftop model``: what was understood of a config, and checks of whole folders."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from engine.errors import InputError


def run_model(arguments: argparse.Namespace) -> int:
    """Run the command: 0 described or nothing differs, 1 some config differs.

    Raises `InputError` for bad input.
    """
    if arguments.check:
        return _check(Path(arguments.check), arguments.oracle, arguments.json)
    if not arguments.config:
        raise InputError("model: expected a profile, file, folder or hub id, or --check DIR")
    from engine.architecture import Architecture
    from engine.config import hub_reference, load_architecture
    from engine.describe import as_json, as_text, describe
    from engine.hub.comparison import hub_json, hub_text
    from engine.hub.contents import hub_count
    from engine.precision import number_format

    kv = number_format(arguments.kv) if arguments.kv else None
    model = load_architecture(
        arguments.config, assume=arguments.assume, revision=arguments.revision
    )
    if not isinstance(model.architecture, Architecture):
        raise InputError(f"{model.name}: a vision model; expected a language model")
    description = describe(model, kv)
    reference = hub_reference(arguments.config, arguments.revision)
    count = hub_count(reference) if reference is not None else None
    ours = model.architecture.total_parameters, model.architecture.prediction_parameters
    if arguments.json:
        document = as_json(description) | hub_json(count, *ours)
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(as_text(description))
        if reference is not None:
            print(hub_text(count, *ours))
    return 0


def _check(folder: Path, oracle: str, as_json: bool) -> int:
    from engine.zoo import compare_folder

    table = Path(oracle) if oracle else folder.parent / "oracle_params.csv"
    comparisons = list(compare_folder(folder, table))
    counts = {"matched": 0, "differing": 0, "refused": 0, "uncounted": 0}
    for comparison in comparisons:
        counts[comparison.verdict] += 1
    if as_json:
        rows = [asdict(comparison) for comparison in comparisons]
        print(json.dumps({"counts": counts, "configs": rows}, indent=2, ensure_ascii=False))
    else:
        for comparison in comparisons:
            reason = f"  {comparison.reason}" if comparison.reason else ""
            sys.stdout.write(f"{comparison.verdict:<10} {comparison.name}{reason}\n")
        print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["differing"] else 0
