"""Read, edit and interpret what a reference names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.model.config.edit import apply_edits, unheard_of
from engine.model.config.find import is_layer_table
from engine.model.config.interpret import interpret
from engine.model.config.loaded import Edits, LoadedModel, Resolution
from engine.model.config.read import read_raw
from engine.model.precision import FORMATS, Precision
from engine.scenario import Task
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardLayer, Input


def load_architecture(
    reference: str,
    edits: Edits = (),
    assume: str = "",
    revision: str = "",
    resolution: Resolution | None = None,
    sequence: int = 0,
    task: Task = Task.AUTO,
) -> LoadedModel:
    """Read the model that ``reference`` names.

    ``edits`` are what-ifs (dotted key path, JSON value) applied before reading. ``assume`` reads
    an unknown model type by the dialect of a known one. ``revision`` is the hub's. ``resolution``
    is the width and height of a vision model's input, ``sequence`` the tokens of a text encoder's;
    None and 0 are its own. ``task`` is what a language model is asked for. Raises `InputError`,
    and `UnknownArchitecture` when no dialect understands the config.
    """
    if is_layer_table(reference):
        return _load_table(reference, edits, resolution, sequence)
    raw = read_raw(reference, revision)
    edited = replace(raw, config=apply_edits(raw, edits), added=unheard_of(raw, edits))
    return interpret(edited, reference, assume, resolution, sequence, task)


def _load_table(
    reference: str, edits: Edits, resolution: Resolution | None, sequence: int
) -> LoadedModel:
    """A layer table as a model; it is of one size and has no keys to edit."""
    from engine.model.forward.table import read_layer_table

    path = user_path(reference)
    source = clean(str(path))
    architecture = read_layer_table(path)
    if edits:
        raise InputError(
            say(
                "{source}: edit {edits}: a layer table has no keys",
                source=source,
                edits=clean(edits[0][0], 80),
            )
        )
    _check_size(source, architecture.input, resolution, sequence)
    plain = FORMATS["bf16"]
    return LoadedModel(
        name=architecture.name,
        reference=reference,
        origin=source,
        config={"layers": {layer.name: _layer_words(layer) for layer in architecture.layers}},
        architecture=architecture,
        precision=Precision(plain, plain, plain),
        warnings=architecture.warnings,
    )


def _check_size(source: str, own: Input, resolution: Resolution | None, sequence: int) -> None:
    """Refuse another size than the table's ``own``."""
    from engine.model.forward.architecture import Image, Text
    from engine.model.forward.source import resolution_of_text

    match own:
        case Image() if resolution is not None and Image(*resolution) != own:
            asked: Input = Image(*resolution)
            raise InputError(
                say(
                    "{source}: resolution: found {asked}, expected {own}, which the "
                    "layer table is for",
                    source=source,
                    asked=asked,
                    own=own,
                )
            )
        case Text() if resolution is not None:
            raise resolution_of_text(source, resolution)
        case Text() if sequence and Text(sequence) != own:
            raise InputError(
                say(
                    "{source}: sequence length: found {sequence}, expected {tokens}, "
                    "which the layer table is for",
                    source=source,
                    sequence=sequence,
                    tokens=own.tokens,
                )
            )


def _layer_words(layer: ForwardLayer) -> str:
    """A layer of a table in place of a config's value."""
    work = f", {layer.flops / 1e6:,.1f} MFLOPs" if layer.flops else ""
    weights = f", {layer.parameters:,} parameters" if layer.parameters else ""
    return f"{layer.kind.value}{work}{weights}"
