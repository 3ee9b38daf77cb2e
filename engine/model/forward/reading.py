"""Is a config one of a forward model, and what does it describe: the way in for
`engine.model.config`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.dialects.unread import check_unread
from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.defaults import class_defaults
from engine.model.forward.index import known_model_types, named_architectures, reader_for
from engine.model.forward.recognition import type_of_class
from engine.model.forward.source import Resolution, Source
from engine.model.keys import Keys
from engine.words.errors import InputError, UnknownArchitecture
from engine.words.messages import say
from engine.words.text import clean, closest

TABLE_ADVICE = "a layer table (CSV, one row per layer) is a model too"


def read_vision(
    config: dict[str, Any],
    source: str,
    name: str,
    assume: str = "",
    resolution: Resolution | None = None,
    sequence: int = 0,
) -> ForwardArchitecture:
    """The architecture that ``config`` describes at ``resolution`` (width, height) of its images,
    or at ``sequence`` tokens of its text; None and 0 are the model's own. What a model's input
    is not, says nothing: an image has no tokens.

    ``assume`` is a model type, or the name of an architecture, to read it as. Raises
    `UnknownArchitecture` for a name or key that no dialect understands, `InputError` for a bad
    value or an input size that the architecture does not allow: no text has a resolution.
    """
    notes: list[str] = []
    named = assume in named_architectures() or _is_timm(config, assume)
    if named:
        config, note = _timm_config(config, source, assume)
        notes.append(note)
    model_type = str(config.get("model_type") or type_of_class(config))
    if assume in known_model_types():
        notes.append(f"read as {assume} because --assume says so; the file says {model_type}")
        model_type = assume
    if model_type == "xlm-roberta" and config.get("position_embedding_type") == "rotary":
        # As Jina v3 is published.
        model_type = "jina_embeddings_v3"
    reader = reader_for(model_type)
    if reader is None:
        near = closest(model_type, known_model_types(), 1, 0.6)
        nearest = f"; nearest known: {near[0]}" if near else ""
        raise UnknownArchitecture(
            say(
                "{source}: model_type {model_type!r} is unknown{nearest}; {TABLE_ADVICE}",
                source=source,
                model_type=clean(model_type, 60),
                nearest=nearest,
                TABLE_ADVICE=TABLE_ADVICE,
            )
        )
    keys = Keys(config, source, model_type, class_defaults(model_type))
    keys.ignore("source")
    architecture = reader(Source(keys, resolution, sequence, notes))
    for opened in keys.opened:
        # Of generation; transformers writes it into every config.
        opened.ignore("tie_word_embeddings")
    known = {spelling for opened in keys.opened for spelling in opened.read}
    warnings = [warning for opened in keys.opened for warning in opened.warnings]
    warnings += check_unread(keys.opened, known, bool(assume))
    assumed = [item.words for item in keys.assumptions]
    return replace(
        architecture,
        name=name,
        assumptions=tuple(notes if named else notes + assumed),
        warnings=architecture.warnings + tuple(warnings),
    )


def _is_timm(config: Mapping[str, Any], assume: str) -> bool:
    stated = config.get("model_type")
    return not assume and (
        stated == "timm_wrapper" or (stated in (None, "") and not type_of_class(config))
    )


def _timm_config(config: Mapping[str, Any], source: str, assume: str) -> tuple[dict[str, Any], str]:
    """The config of a model that timm's form names, with the file's own classes and size."""
    stated = assume or config.get("architecture")
    if not isinstance(stated, str):
        raise InputError(
            say(
                "{source}: architecture is missing, expected a name such as resnet50", source=source
            )
        )
    name = base_name(stated)
    known = named_architectures()
    if name not in known:
        near = closest(name, known, 1, 0.6)
        nearest = f"; nearest known: {near[0]}" if near else ""
        raise UnknownArchitecture(
            say(
                "{source}: architecture {stated!r} is unknown{nearest}; {TABLE_ADVICE}",
                source=source,
                stated=clean(stated, 60),
                nearest=nearest,
                TABLE_ADVICE=TABLE_ADVICE,
            )
        )
    values = dict(known[name])
    own_size = values.get("image_size", 224)
    keys = Keys(config, source, "timm", {})
    values["num_labels"] = keys.integer(
        "num_classes", default=values.get("num_labels", 0), minimum=0, maximum=1_000_000
    )
    trained = _trained_size(keys)
    if trained is not None:
        values["image_size"] = list(trained)
    _check_arguments(keys, values)
    note = f"architecture {name} (its published figures), own size {own_size}"
    return values, note


def base_name(stated: str) -> str:
    """timm's name without its organisation and the tag of its weights."""
    return stated.strip().removeprefix("timm/").split(".", 1)[0]


def _trained_size(keys: Keys) -> tuple[int, int] | None:
    """``pretrained_cfg.input_size`` as height and width."""
    inner = keys.scope("pretrained_cfg")
    if inner is None:
        return None
    size = inner.integers("input_size", minimum=1, maximum=16_384)
    if size is None:
        return None
    if len(size) != 3:
        raise inner.problem("input_size", size, "[channels, height, width]")
    return size[1], size[2]


def _check_arguments(keys: Keys, values: dict[str, Any]) -> None:
    """timm's ``model_args`` change the architecture: only those of size are understood."""
    arguments = keys.scope("model_args")
    if arguments is None:
        return
    for name in arguments.values:
        if name == "img_size":
            size = arguments.raw(name)[1]
            values["image_size"] = size
        elif name == "num_classes":
            values["num_labels"] = arguments.integer(name, minimum=0, maximum=1_000_000)
        else:
            raise UnknownArchitecture(
                say(
                    "{source}: key model_args.{name} is not understood and may change "
                    "bytes or FLOPs; {TABLE_ADVICE}",
                    source=keys.source,
                    name=clean(name, 60),
                    TABLE_ADVICE=TABLE_ADVICE,
                )
            )
