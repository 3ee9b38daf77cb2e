"""What an already parsed config means."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.model.architecture import Architecture
from engine.model.config.loaded import LoadedModel, RawConfig, Resolution
from engine.words.errors import InputError

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture
    from engine.model.quantisation import Stored


def interpret(
    raw: RawConfig,
    reference: str,
    assume: str = "",
    resolution: Resolution | None = None,
    sequence: int = 0,
) -> LoadedModel:
    """Describe an already parsed config, see `load_architecture`; raises `InputError`."""
    from engine.model.dialects.reading import read_architecture
    from engine.model.foreign import what_it_is
    from engine.model.forward.recognition import is_vision
    from engine.model.quantisation import name_warning

    other = what_it_is(raw.config)
    if other:
        raise InputError(f"{raw.source}: {other}")
    if is_vision(raw.config, assume):
        return _interpret_forward(raw, reference, assume, resolution, sequence)
    architecture = read_architecture(raw.config, raw.source, raw.name, assume)
    stored = _stored(raw, architecture)
    precision = stored.precision
    described: Architecture | ForwardArchitecture = architecture
    if not architecture.generates and not architecture.draft:
        from engine.model.forward.pooled import as_encoder

        described = as_encoder(architecture, raw.source, resolution, sequence)
    return LoadedModel(
        name=raw.name,
        reference=reference,
        origin=raw.origin,
        config=raw.config,
        architecture=described,
        precision=precision,
        warnings=(
            *architecture.warnings,
            *stored.warnings,
            *name_warning(raw.name, precision),
            *raw.notes,
        ),
        repository=raw.repository,
    )


def _interpret_forward(
    raw: RawConfig, reference: str, assume: str, resolution: Resolution | None, sequence: int
) -> LoadedModel:
    from engine.model.forward.precision import read_precision
    from engine.model.forward.reading import read_vision

    architecture = read_vision(raw.config, raw.source, raw.name, assume, resolution, sequence)
    precision, note = read_precision(raw.config, raw.beside)
    if note:
        architecture = replace(architecture, assumptions=(*architecture.assumptions, note))
    return LoadedModel(
        name=raw.name,
        reference=reference,
        origin=raw.origin,
        config=raw.config,
        architecture=architecture,
        precision=precision,
        warnings=architecture.warnings,
        repository=raw.repository,
    )


def _stored(raw: RawConfig, architecture: Architecture) -> Stored:
    from engine.model.dialects.reading import text_values
    from engine.model.quantisation import read_stored

    try:
        return read_stored(raw.config, text_values(raw.config), raw.beside, architecture)
    except InputError as error:
        raise InputError(f"{raw.source}: {error}") from None
