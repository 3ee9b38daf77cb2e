"""What an already parsed config means."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.config.loaded import LoadedModel, RawConfig, Resolution
from engine.model.precision import Precision
from engine.words.errors import InputError


def interpret(
    raw: RawConfig,
    reference: str,
    assume: str = "",
    resolution: Resolution | None = None,
    sequence: int = 0,
) -> LoadedModel:
    """Describe an already parsed config, see `load_architecture`; raises `InputError`."""
    from engine.model.dialects.reading import read_architecture
    from engine.model.forward.recognition import is_vision
    from engine.model.quantisation import name_warning

    if is_vision(raw.config, assume):
        return _interpret_forward(raw, reference, assume, resolution, sequence)
    architecture = read_architecture(raw.config, raw.source, raw.name, assume)
    precision = _precision(raw, architecture)
    return LoadedModel(
        name=raw.name,
        reference=reference,
        origin=raw.origin,
        config=raw.config,
        architecture=architecture,
        precision=precision,
        warnings=(*architecture.warnings, *name_warning(raw.name, precision), *raw.notes),
        repository=raw.repository,
    )


def _interpret_forward(
    raw: RawConfig, reference: str, assume: str, resolution: Resolution | None, sequence: int
) -> LoadedModel:
    from engine.model.forward.precision import read_precision
    from engine.model.forward.reading import read_vision

    architecture = read_vision(raw.config, raw.source, raw.name, assume, resolution, sequence)
    precision, note = read_precision(raw.config, raw.hf_quantisation)
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


def _precision(raw: RawConfig, architecture: Architecture) -> Precision:
    from engine.model.dialects.reading import text_values
    from engine.model.quantisation import read_quantisation

    try:
        return read_quantisation(
            raw.config, text_values(raw.config), raw.hf_quantisation, architecture
        )
    except InputError as error:
        raise InputError(f"{raw.source}: {error}") from None
