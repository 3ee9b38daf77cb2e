"""What an already parsed config means."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.model.architecture import Architecture
from engine.model.config.edit import no_such_key
from engine.model.config.loaded import LoadedModel, RawConfig, Resolution
from engine.scenario import Task
from engine.words.errors import InputError
from engine.words.messages import say

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture
    from engine.model.quantisation.stored import Stored


def interpret(
    raw: RawConfig,
    reference: str,
    assume: str = "",
    resolution: Resolution | None = None,
    sequence: int = 0,
    task: Task = Task.AUTO,
) -> LoadedModel:
    """Describe an already parsed config, see `load_architecture`; raises `InputError`."""
    from engine.model.dialects.reading import read_architecture
    from engine.model.foreign import what_it_is
    from engine.model.forward.recognition import is_vision
    from engine.model.quantisation.named import name_warning

    other = what_it_is(raw.config)
    if other:
        raise InputError(f"{raw.source}: {other}")
    if is_vision(raw.config, assume):
        if task is Task.GENERATE:
            raise _no_generator(raw)
        _refuse_unread(raw, set())
        return _interpret_forward(raw, reference, assume, resolution, sequence)
    read: set[str] = set()
    architecture = read_architecture(raw.config, raw.source, raw.name, assume, task, read)
    _refuse_unread(raw, read)
    if task is Task.EMBED or (task is Task.AUTO and raw.embeds):
        architecture = _embedding(architecture, raw, task)
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


def _refuse_unread(raw: RawConfig, read: set[str]) -> None:
    """Refuse what-ifs on keys that nobody has heard of nor ``read``: they change nothing."""
    for path in raw.added:
        # A text model that is read alone calls its keys without what is around them.
        inside = (path[at:] for at in range(len(path)) if not at or path[at - 1] == ".")
        if read.isdisjoint(inside):
            raise no_such_key(raw.source, path, {one.split(".")[-1] for one in read})


def _embedding(architecture: Architecture, raw: RawConfig, task: Task) -> Architecture:
    """``architecture`` as it embeds; one that does already stays. Raises `InputError` for what can
    do nothing else than draft or denoise."""
    from engine.model.dialects.classes import pooling

    if architecture.draft or architecture.denoises:
        if task is Task.AUTO:
            return architecture
        raise InputError(
            say(
                "{source}: --task embed: found a model that only drafts or denoises, expected one "
                "that reads text in one pass",
                source=raw.source,
            )
        )
    if not architecture.generates:
        return architecture
    return pooling(architecture, raw.embeds if task is Task.AUTO else "")


def _no_generator(raw: RawConfig) -> InputError:
    return InputError(
        say(
            "{source}: --task generate: found an encoder, which answers in one pass, expected a "
            "language model",
            source=raw.source,
        )
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
    from engine.model.quantisation.stored import read_stored

    try:
        return read_stored(raw.config, text_values(raw.config), raw.beside, architecture)
    except InputError as error:
        raise InputError(f"{raw.source}: {error}") from None
