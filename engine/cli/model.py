"""``rooftop model``: what was understood of a config, and checks of whole folders."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from engine.errors import InputError


def add_model_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the sub-command and its options."""
    parser = subparsers.add_parser(
        "model", help="print what was understood of a model's config.json"
    )
    parser.add_argument(
        "config", nargs="?", help="bundled profile, config.json, folder or hub id org/name"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--kv", default="", metavar="FORMAT", help="KV cache format, such as fp8")
    parser.add_argument(
        "--assume", default="", metavar="TYPE", help="read the file as this model_type"
    )
    parser.add_argument("--revision", default="", help="revision on the hub")
    parser.add_argument(
        "--check", default="", metavar="DIR", help="compare every config under DIR with --oracle"
    )
    parser.add_argument(
        "--oracle",
        default="",
        metavar="CSV",
        help="table of independent counts (DIR/../oracle_params.csv)",
    )
    parser.set_defaults(run=run_model)


def run_model(arguments: argparse.Namespace) -> int:
    """Run the command: 0 described or nothing differs, 1 some config differs.

    Raises `InputError` for bad input.
    """
    if arguments.check:
        return _check(Path(arguments.check), arguments.oracle, arguments.json)
    if not arguments.config:
        raise InputError("model: expected a profile, file, folder or hub id, or --check DIR")
    from engine.architecture import Architecture
    from engine.config import load_architecture
    from engine.describe import as_json, as_text, describe
    from engine.precision import number_format

    kv = number_format(arguments.kv) if arguments.kv else None
    model = load_architecture(
        arguments.config, assume=arguments.assume, revision=arguments.revision
    )
    if not isinstance(model.architecture, Architecture):
        raise InputError(f"{model.name}: a vision model; expected a language model")
    description = describe(model, kv)
    reference = hub_reference(arguments.config, arguments.revision)
    counted = _HubCounted(reference, model.architecture) if reference is not None else None
    if arguments.json:
        hub = counted.as_json() if counted is not None else {}
        print(json.dumps(as_json(description) | hub, indent=2, ensure_ascii=False))
    else:
        print(as_text(description))
        if counted is not None:
            print(counted.as_text())
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
