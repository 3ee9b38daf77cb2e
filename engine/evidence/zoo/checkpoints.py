"""Stored bytes against ``oracle_checkpoints.csv``: sizes of published checkpoints, within 1 %.

A checkpoint may be quantised where the config in the folder is not (an AWQ of a base model); its
name says so, and the base config is then read as if it held the method's usual settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine.evidence.zoo.tables import Comparison, number, read_table
from engine.model.architecture import Architecture
from engine.model.bytes import prediction_bytes, weight_bytes
from engine.model.config import LoadedModel, load_architecture
from engine.model.precision import Precision
from engine.words.errors import RooftopError

COLUMNS = ("zoo_dir", "checkpoint", "element_count", "size_GiB")
SUBJECT = "weights"
TOLERANCE = 0.01
CONVENTION_TOLERANCE = 0.003
"""Stricter, because a convention is only believed when it explains the difference."""
GIB = 2.0**30
_USUAL: dict[str, dict[str, object]] = {
    "AWQ": {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True},
    "FP8": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}
"""Usual settings of the methods that checkpoint names carry."""
_UNKNOWN = ("W8A8", "W4A16", "INT8", "INT4", "GPTQ")
"""Marks of checkpoints whose settings the folder's config does not hold."""


def compare_checkpoints(folder: Path, oracle: Path) -> Iterator[Comparison]:
    """One comparison per row whose config is in ``folder``; raises `InputError`."""
    for row in read_table(oracle, COLUMNS):
        name = row["zoo_dir"]
        if not name or not (folder / name / "config.json").is_file():
            continue
        try:
            model = _as_stored(str(folder / name), row["checkpoint"])
        except RooftopError as error:
            yield Comparison(row["checkpoint"], "refused", str(error), subject=SUBJECT)
            continue
        plain = model.precision.weights.bits >= 16
        if plain and any(mark in row["checkpoint"] for mark in _UNKNOWN):
            said = "the config does not say how this checkpoint is quantised"
            yield Comparison(row["checkpoint"], "uncounted", said, subject=SUBJECT)
        elif isinstance(model.architecture, Architecture):
            yield compare_checkpoint(model, model.architecture, row)


def _as_stored(reference: str, checkpoint: str) -> LoadedModel:
    model = load_architecture(reference)
    if model.precision.weights.bits < 16:
        if "bf16" in checkpoint.lower() or checkpoint.endswith("-it"):
            return replace(model, precision=_plain(model.precision))
        return model
    for mark, settings in _USUAL.items():
        if mark in checkpoint:
            return load_architecture(reference, (("quantization_config", settings),))
    return model


def _plain(precision: Precision) -> Precision:
    plain = precision.plain
    return Precision(plain, plain, plain, plain)


def compare_checkpoint(
    model: LoadedModel, architecture: Architecture, row: dict[str, str]
) -> Comparison:
    """Stored bytes with and without prediction layers, and with a shared head stored twice."""
    name = row["checkpoint"]
    size = number(row, "size_GiB", name)
    own = weight_bytes(architecture, model.precision)
    if not size:
        return Comparison(name, "uncounted", "no size", own, subject=SUBJECT)
    expected = size * GIB
    plain = model.precision.plain.bytes_per_element
    table = architecture.embedding_parameters * plain
    predicted = prediction_bytes(architecture, model.precision)
    if abs(own / expected - 1) <= TOLERANCE:
        return Comparison(name, "matched", "", own, expected, subject=SUBJECT)
    ways = [(own + table, "the checkpoint holds the shared head twice")]
    if predicted:
        said = "the checkpoint holds the prediction layers"
        ways += [
            (own + predicted, said),
            (own + predicted + 2 * table, f"{said} with their own embedding and head"),
        ]
    more = (number(row, "element_count", name) or 0.0) - architecture.total_parameters
    if more > 0:
        width = min(model.precision.weights.bytes_per_element, plain)
        ways.append((own + more * width, f"the checkpoint holds {more:,.0f} elements more"))
    nearest, reason = min(ways, key=lambda way: abs(way[0] / expected - 1))
    if abs(nearest / expected - 1) <= CONVENTION_TOLERANCE:
        return Comparison(name, "convention", reason, nearest, expected, subject=SUBJECT)
    reason = f"{own / GIB:.2f} GiB, expected {size:.2f}"
    return Comparison(name, "differing", reason, own, expected, subject=SUBJECT)
