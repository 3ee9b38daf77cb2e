"""From a reference (bundled profile, file, folder, hub id) to a described model.

Files are bounded before parsing, every string is cleaned, and each problem becomes one
`InputError` that names file, key, what was found and what is expected.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.model.architecture import Architecture
from engine.model.model_profiles import model_file, model_names
from engine.model.precision import FORMATS, Precision
from engine.sources.files import MAXIMUM_CONFIG_BYTES, read_bytes, user_path
from engine.sources.json_text import parse_json
from engine.words.errors import InputError
from engine.words.text import clean

if TYPE_CHECKING:
    from engine.model.forward.architecture import VisionArchitecture, VisionLayer
    from engine.sources.hub.reference import HubReference

Edits = Sequence[tuple[str, object]]
TIMM = "timm/"
"""timm's organisation on the hub, which published tables write before a name."""

Resolution = tuple[int, int]
"""Width and height of a vision model's input; for encoders of text, sequence length and 1."""


@dataclass(frozen=True)
class LoadedModel:
    """A model as it was read: where from, the raw config after edits, and what it means.

    ``origin`` is "bundled", a path or a hub id. ``precision`` is the checkpoint's own.
    """

    name: str
    reference: str
    origin: str
    config: dict[str, Any]
    kind: Literal["language", "vision"]
    architecture: Architecture | VisionArchitecture
    precision: Precision
    warnings: tuple[str, ...] = ()
    repository: str = ""
    """Where engines find the checkpoint on the hub, as ``org/name``; empty where unknown."""


@dataclass(frozen=True)
class RawConfig:
    """A parsed config.json with its neighbour, before anyone interprets it."""

    name: str
    origin: str
    source: str
    """How messages name the file."""
    config: dict[str, Any]
    hf_quantisation: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    """What the reader should know about where this came from."""
    repository: str = ""


def load_architecture(
    reference: str,
    edits: Edits = (),
    assume: str = "",
    revision: str = "",
    resolution: Resolution | None = None,
) -> LoadedModel:
    """Read the model that ``reference`` names.

    ``edits`` are what-ifs (dotted key path, JSON value) applied before reading. ``assume`` reads
    an unknown model type by the dialect of a known one. ``revision`` is the hub's. ``resolution``
    is the width and height of a vision model's input, None for its own. Raises `InputError`, and
    `UnknownArchitecture` when no dialect understands the config.
    """
    if is_layer_table(reference):
        return _load_table(reference, edits, resolution)
    raw = read_raw(reference, revision)
    edited = replace(raw, config=apply_edits(raw, edits))
    return interpret(edited, reference, assume, resolution)


def is_layer_table(reference: str) -> bool:
    """Whether ``reference`` names a CSV of layers instead of a config."""
    return reference.lower().endswith(".csv")


def _load_table(reference: str, edits: Edits, resolution: Resolution | None) -> LoadedModel:
    """A layer table as a model; it is of one resolution and has no keys to edit."""
    from engine.model.forward.table import read_layer_table

    path = user_path(reference)
    source = clean(str(path))
    architecture = read_layer_table(path)
    if edits:
        raise InputError(f"{source}: edit {clean(edits[0][0], 80)}: a layer table has no keys")
    own = (architecture.width, architecture.height)
    if resolution is not None and resolution != own:
        raise InputError(
            f"{source}: resolution: found {resolution[0]}x{resolution[1]}, "
            f"expected {own[0]}x{own[1]}, which the layer table is for"
        )
    plain = FORMATS["bf16"]
    return LoadedModel(
        name=architecture.name,
        reference=reference,
        origin=source,
        config={"layers": {layer.name: _layer_words(layer) for layer in architecture.layers}},
        kind="vision",
        architecture=architecture,
        precision=Precision(plain, plain, plain),
        warnings=architecture.warnings,
    )


def _layer_words(layer: VisionLayer) -> str:
    """A layer of a table in place of a config's value."""
    work = f", {layer.flops / 1e6:,.1f} MFLOPs" if layer.flops else ""
    weights = f", {layer.parameters:,} parameters" if layer.parameters else ""
    return f"{layer.kind.value}{work}{weights}"


def interpret(
    raw: RawConfig, reference: str, assume: str = "", resolution: Resolution | None = None
) -> LoadedModel:
    """Describe an already parsed config; raises `InputError`."""
    from engine.model.dialects.reading import read_architecture
    from engine.model.forward.reading import is_vision
    from engine.model.quantisation import name_warning

    if is_vision(raw.config, assume):
        return _interpret_vision(raw, reference, assume, resolution)
    architecture = read_architecture(raw.config, raw.source, raw.name, assume)
    precision = _precision(raw, architecture)
    return LoadedModel(
        name=raw.name,
        reference=reference,
        origin=raw.origin,
        config=raw.config,
        kind="language",
        architecture=architecture,
        precision=precision,
        warnings=(*architecture.warnings, *name_warning(raw.name, precision), *raw.notes),
        repository=raw.repository,
    )


def _interpret_vision(
    raw: RawConfig, reference: str, assume: str, resolution: Resolution | None
) -> LoadedModel:
    from engine.model.forward.precision import read_precision
    from engine.model.forward.reading import read_vision

    architecture = read_vision(raw.config, raw.source, raw.name, assume, resolution)
    precision, note = read_precision(raw.config, raw.hf_quantisation)
    if note:
        architecture = replace(architecture, assumptions=(*architecture.assumptions, note))
    return LoadedModel(
        name=raw.name,
        reference=reference,
        origin=raw.origin,
        config=raw.config,
        kind="vision",
        architecture=architecture,
        precision=precision,
        warnings=architecture.warnings,
        repository=raw.repository,
    )


def _precision(raw: RawConfig, architecture: Architecture) -> Precision:
    from engine.model.dialects.reading import text_values
    from engine.model.quantisation import read_quantisation

    try:
        return read_quantisation(
            raw.config, text_values(raw.config), raw.hf_quantisation, architecture
        )
    except InputError as error:
        raise InputError(f"{raw.source}: {error}") from None


def read_raw(reference: str, revision: str = "") -> RawConfig:
    """Find and parse the file; raises `InputError`."""
    found = hub_reference(reference, revision)
    if found is not None:
        return _read_hub(found)
    lowered = reference.lower()
    if revision:
        raise InputError(
            f"--revision: found {clean(revision, 60)!r}, expected none: {clean(reference, 80)} is "
            "no model of the hub"
        )
    if model_file(reference) is not None:
        return _read_profile(reference)
    if _is_path(reference):
        return _read_path(user_path(reference))
    named = _vision_name(reference)
    if named:
        return _read_named(named)
    raise InputError(
        f"model {clean(reference, 80)!r} is neither a profile, nor a file or folder, nor a "
        f"hub id org/name{_nearest(lowered)}"
    )


def hub_reference(reference: str, revision: str = "") -> HubReference | None:
    """The hub's repository that ``reference`` names, or None when it names something else:
    bundled profiles and what lies on the disk come first."""
    from engine.sources.hub.reference import HubReference

    if model_file(reference) is not None or _is_path(reference):
        return None
    if reference.lower().startswith(TIMM) and _vision_name(reference):
        return None
    return HubReference.parse(reference, revision)


def _is_path(reference: str) -> bool:
    if reference.startswith((".", "/", "~")):
        return True
    try:
        path = Path(reference)
        return path.suffix == ".json" or os.path.lexists(path)
    except ValueError:
        return False


def _read_hub(reference: HubReference) -> RawConfig:
    """Fetch the files and read them; code in the repository is never run."""
    from engine.sources.hub import fetch_config

    fetched = fetch_config(reference)
    found = _read_path(fetched.folder, str(reference))
    notes = fetched.notes
    if found.config.get("auto_map"):
        notes += ("the repository names code of its own (auto_map); rooftop never runs it",)
    return replace(
        found,
        name=reference.name,
        origin=str(reference),
        notes=notes,
        repository=reference.repository,
    )


def _read_named(name: str) -> RawConfig:
    from engine.model.forward.index import named_architectures

    return RawConfig(name, "bundled", name, dict(named_architectures()[name]))


def _vision_name(reference: str) -> str:
    """The known architecture that ``reference`` names, with or without timm's organisation, or
    "". With the tag of its weights it is a repository of the hub instead."""
    return _vision_names().get(reference.lower().removeprefix(TIMM), "")


def _vision_names() -> dict[str, str]:
    """Vision models that timm or torchvision name, by the name in lower case."""
    from engine.model.forward.index import named_architectures

    return {name.lower(): name for name in named_architectures()}


def _nearest(name: str) -> str:
    import difflib

    known = [*model_names(), *_vision_names()]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; nearest profile: {near[0]}" if near else ""


def _read_profile(name: str) -> RawConfig:
    """A profile wraps a config with a name; in a person's own folder a bare config does, too."""
    found = model_file(name)
    assert found is not None
    path, is_own = found
    origin = clean(str(path)) if is_own else "bundled"
    source = origin if is_own else path.stem
    values = parse_json(_read_bytes(path), source)
    config = values.get("config")
    if not isinstance(config, dict):
        return RawConfig(clean(path.stem, 120), origin, source, values)
    beside = values.get("hf_quant_config")
    if beside is not None and not isinstance(beside, dict):
        raise InputError(f"{source}: hf_quant_config: expected a mapping")
    return RawConfig(
        str(values.get("name") or path.stem),
        origin,
        source,
        config,
        beside,
        repository=str(values.get("repository") or ""),
    )


def _read_path(path: Path, source: str = "") -> RawConfig:
    """Read a file or a folder; ``source`` is how messages name it, when not by its path."""
    is_folder = os.path.isdir(path)
    file = path / "config.json" if is_folder else path
    if is_folder and not os.path.lexists(file):
        closed = not os.access(path, os.X_OK)
        why = "permission denied" if closed else "folder holds no config.json"
        raise InputError(f"{clean(str(path))}: {why}")
    source = source or clean(str(file))
    config = parse_json(_read_bytes(file), source)
    beside = file.parent / "hf_quant_config.json"
    quantisation = None
    if os.path.lexists(beside):
        quantisation = parse_json(_read_bytes(beside), clean(str(beside)))
    return RawConfig(_name_of(file, config), source, source, config, quantisation)


def _name_of(file: Path, config: dict[str, Any]) -> str:
    """The folder's name (``org__name`` is what download tools make), else the file's."""
    if file.name == "config.json":
        folder = file.resolve().parent.name
        return clean(folder.split("__", 1)[-1], 120)
    return clean(file.stem, 120)


def _read_bytes(file: Path) -> bytes:
    return read_bytes(file, MAXIMUM_CONFIG_BYTES, "a config.json")


def apply_edits(raw: RawConfig, edits: Edits) -> dict[str, Any]:
    """The config with each what-if applied to a copy; raises `InputError` for a bad path."""
    if not edits:
        return raw.config
    config: dict[str, Any] = copy.deepcopy(raw.config)
    for path, value in edits:
        target = config
        *parents, last = path.split(".")
        for name in parents:
            inner = target.get(name)
            if not isinstance(inner, dict):
                raise InputError(f"{raw.source}: edit {clean(path, 80)}: {name} is no mapping")
            target = inner
        if not last:
            raise InputError(f"{raw.source}: edit {path!r} names no key")
        target[last] = _plain(value)
    return config


def _plain(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Iterable) and not isinstance(value, dict):
        return [_plain(inner) for inner in value]
    return value
