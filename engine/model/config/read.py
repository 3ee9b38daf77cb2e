"""Find the file that a reference names and parse it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.model.config.bundled import fetch
from engine.model.config.find import hub_reference, is_path, nearest, vision_name
from engine.model.config.loaded import RawConfig
from engine.model.config.native import Translated, from_native
from engine.model.foreign import FOREIGN, what_its_name_says
from engine.model.model_profiles import model_file, model_spelt
from engine.sources.files import MAXIMUM_CONFIG_BYTES, read_bytes, user_path
from engine.sources.json_text import parse_json
from engine.sources.sidecars import CONFIGS, MODELOPT, POOLING, sidecars
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

if TYPE_CHECKING:
    from engine.sources.hub.reference import HubReference


def read_raw(reference: str, revision: str = "") -> RawConfig:
    """Find and parse the file, and that of the text model that it may name; raises
    `InputError`."""
    from engine.model.config.named_text import with_named_text

    return with_named_text(_read_raw(reference, revision), _of_hub)


def _of_hub(named: str) -> RawConfig | None:
    """What the hub has under a name that stands in a file: never a path."""
    found = hub_reference(named)
    return None if found is None else _read_hub(found)


def _read_raw(reference: str, revision: str) -> RawConfig:
    found = hub_reference(reference, revision)
    if found is not None:
        return _read_hub(found)
    lowered = reference.lower()
    if revision:
        raise InputError(
            say(
                "--revision: found {revision!r}, expected none: {reference} is no model of the hub",
                revision=clean(revision, 60),
                reference=clean(reference, 80),
            )
        )
    if model_file(reference) is not None:
        return _read_profile(reference)
    if is_path(reference):
        return _read_path(user_path(reference))
    named = vision_name(reference)
    if named:
        return _read_named(named)
    spelt = model_spelt(reference)
    if spelt:
        return _read_profile(spelt)
    raise InputError(
        say(
            "model {reference!r} is neither a profile, nor a file or folder, "
            "nor a hub id org/name{nearest}",
            reference=clean(reference, 80),
            nearest=nearest(lowered),
        )
    )


def _read_hub(reference: HubReference) -> RawConfig:
    """Fetch the files and read them; code in the repository is never run."""
    fetched = fetch(reference)
    found = _read_path(fetched.folder, str(reference))
    notes = (*found.notes, *fetched.notes)
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


def _read_profile(name: str) -> RawConfig:
    """A profile wraps a config with a name; in a person's own folder a bare config does, too."""
    found = model_file(name)
    assert found is not None
    path, is_own = found
    origin = clean(str(path)) if is_own else "bundled"
    source = origin if is_own else path.stem
    values = parse_json(_read_bytes(path), source)
    if not isinstance(values.get("config"), dict):
        return RawConfig(clean(path.stem, 120), origin, source, values)
    return _wrapped(values, path.stem, origin, source)


def _wrapped(values: dict[str, Any], stem: str, origin: str, source: str) -> RawConfig:
    """A profile: a config under its name, with what lies beside it."""
    beside = values.get("hf_quant_config")
    if beside is not None and not isinstance(beside, dict):
        raise InputError(say("{source}: hf_quant_config: expected a mapping", source=source))
    sidecar = {MODELOPT: beside} if beside else {}
    return RawConfig(
        clean(str(values.get("name") or stem), 120),
        origin,
        source,
        values["config"],
        sidecar,
        repository=str(values.get("repository") or ""),
    )


def _read_path(path: Path, source: str = "") -> RawConfig:
    """Read a file or a folder; ``source`` is how messages name it, when not by its path."""
    file = config_file(path)
    if file is not path and not os.path.lexists(file):
        closed = not os.access(path, os.X_OK)
        why = "permission denied" if closed else "folder holds no config.json"
        raise InputError(f"{clean(str(path))}: {why}")
    source = source or clean(str(file))
    other = what_its_name_says(file.name)
    if other:
        raise InputError(say("{source}: this is {other}", source=source, other=other))
    config = parse_json(_read_bytes(file), source)
    if isinstance(config.get("config"), dict) and not {"model_type", "architectures"} & {*config}:
        return _wrapped(config, file.stem, source, source)
    native = _native(config, source)
    notes = (native.note,) if native is not None else ()
    config = native.config if native is not None else config
    name = _name_of(file, config)
    beside = _beside(file, config)
    return RawConfig(name, source, source, config, beside, notes, embeds=_pooling(file))


def _pooling(file: Path) -> str:
    """The file beside a config that says the model embeds, or ""."""
    return next((name for name in POOLING if os.path.lexists(file.parent / name)), "")


def _native(values: dict[str, Any], source: str) -> Translated | None:
    try:
        return from_native(values)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def config_file(path: Path) -> Path:
    """The config that a path or folder names."""
    if not os.path.isdir(path):
        return path
    names = (*CONFIGS, *FOREIGN)
    found = (path / name for name in names if os.path.lexists(path / name))
    return next(found, path / CONFIGS[0])


def config_files(path: Path) -> tuple[Path, ...]:
    """The config that a path or folder names, and what may lie beside it on quantisation."""
    file = config_file(path)
    return file, *(file.parent / sidecar.name for sidecar in sidecars())


def _beside(file: Path, config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The files beside a config that speak of quantisation, by name."""
    found = {}
    for sidecar in sidecars(config.get("quantize")):
        path = file.parent / sidecar.name
        if path != file and os.path.lexists(path):
            content = read_bytes(path, sidecar.maximum_bytes, sidecar.name)
            found[sidecar.name] = parse_json(content, clean(str(path)), sidecar.maximum_entries)
    return found


def _name_of(file: Path, config: dict[str, Any]) -> str:
    """The folder's name (``org__name`` is what download tools make), else the file's."""
    if file.name in CONFIGS:
        folder = file.resolve().parent.name
        return clean(folder.split("__", 1)[-1], 120)
    return clean(file.stem, 120)


def _read_bytes(file: Path) -> bytes:
    return read_bytes(file, MAXIMUM_CONFIG_BYTES, say("a config.json"))
