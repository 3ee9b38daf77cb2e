"""Parameters against ``oracle_params.csv``: total and active, to the unit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.evidence.zoo.tables import Comparison, config_folders, number, read_table
from engine.model.architecture import Architecture
from engine.words.errors import RooftopError
from engine.words.text import clean

if TYPE_CHECKING:
    from engine.model.config import LoadedModel
    from engine.model.forward.architecture import ForwardArchitecture

COLUMNS = ("name", "total_params")


def compare_folder(folder: Path, oracle: Path) -> Iterator[Comparison]:
    """Compare every sub-folder of ``folder`` that holds a config.json.

    ``oracle`` is a CSV with the columns name, total_params, active_params_per_token and, where a
    figure was corrected, total_corrected. Raises `InputError` when either cannot be read.
    """
    folders = list(config_folders(folder))
    rows = {row["name"]: row for row in read_table(oracle, COLUMNS)}
    for path in folders:
        yield compare(path, rows.get(path.name, {}))


def compare(path: Path, row: dict[str, str]) -> Comparison:
    """One config folder against its row of the table."""
    from engine.model.config import load_architecture

    name = clean(path.name)
    try:
        architecture = _language_model(load_architecture(str(path)))
    except RooftopError as error:
        return Comparison(name, "refused", str(error))
    if not isinstance(architecture, Architecture):
        return Comparison(name, "uncounted", "a vision model")
    total, active = architecture.total_parameters, architecture.active_parameters
    expected = number(row, "total_corrected", name) or number(row, "total_params", name)
    if expected is None:
        return Comparison(name, "uncounted", "the table has no count", total, active=active)
    expected_active = number(row, "active_params_per_token", name)
    if not architecture.generates and _counted_with_head(architecture, expected):
        reason = f"the table counts an LM head, which {architecture.name} does not have"
        return Comparison(name, "convention", reason, total, expected, active)
    reasons = []
    if total != expected:
        reasons.append(f"total {total:,}, expected {expected:,.0f}")
    if expected_active is not None and active != expected_active:
        reasons.append(f"active {active:,}, expected {expected_active:,.0f}")
    return Comparison(
        name,
        "differing" if reasons else "matched",
        "; ".join(reasons),
        total,
        expected,
        active,
        int(expected_active or active),
    )


def _language_model(model: LoadedModel) -> Architecture | ForwardArchitecture:
    """What the config says: a decoder without LM head is planned as an encoder, counted as it
    is."""
    from engine.model.dialects.index import reader_for
    from engine.model.dialects.reading import read_architecture

    stated = model.config.get("model_type")
    if isinstance(model.architecture, Architecture) or reader_for(str(stated)) is None:
        return model.architecture
    return read_architecture(model.config, model.origin, model.name)


def _counted_with_head(architecture: Architecture, expected: float) -> bool:
    """True when ``expected`` is the generating class's count of a checkpoint without LM head."""
    bare = architecture.total_parameters - architecture.head_parameters
    return expected == bare + architecture.vocabulary_size * architecture.hidden_size
