"""Models with vision or audio towers around a text model that has a dialect of its own."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.defaults import class_defaults
from engine.model.dialects.index import canonical, reader_for
from engine.model.dialects.nesting import flat_keys, left_out_keys, with_outer
from engine.model.dialects.towers import parts
from engine.model.dialects.towers.parts import Tower
from engine.model.dialects.wrapper import Wrapper
from engine.model.dialects.wrappers import WRAPPERS
from engine.model.keys import Keys
from engine.words.errors import UnknownArchitecture
from engine.words.messages import say
from engine.words.text import clean

OUTER = (
    "hidden_size",
    "vocab_size",
    "ignore_index",
    "image_seq_length",
    "multimodal_projector_bias",
    "vision_feature_layer",
    "vision_feature_select_strategy",
)
"""Keys of a wrapper that repeat the text model's or that a tower's own count asks for."""
TEXT = ("text_config", "language_config", "llm_config", "llm_cfg")


def read(keys: Keys) -> Architecture:
    """The text model with its towers' parameters."""
    wrapper = WRAPPERS[keys.model_type]
    keys.ignore(*wrapper.harmless)
    _name_uncounted(keys, wrapper)
    if wrapper.check is not None:
        wrapper.check(keys)
    thinker = keys.scope("thinker_config", model_type=keys.model_type)
    if thinker is not None:
        thinker.model_type = keys.model_type
        return read(thinker)
    inner = text_keys(keys, wrapper.text)
    reader = reader_for(inner.model_type)
    if reader is None and inner.model_type.startswith(keys.model_type):
        # The family's own name for its text model, which is a class that others have too.
        inner.model_type = canonical(wrapper.text)
        reader = reader_for(inner.model_type)
    if reader is None:
        raise UnknownArchitecture(
            say(
                "{source}: {path}model_type {model_type!r} is unknown",
                source=keys.source,
                path=inner.path,
                model_type=inner.model_type,
            )
        )
    inner.ignore(*wrapper.text_harmless)
    text = reader(inner)
    keys.ignore(*OUTER, *_repeated(keys, inner))
    seen = _tower(keys, (wrapper.vision_key,), wrapper.vision, wrapper.vision_type, wrapper, text)
    heard = _tower(keys, wrapper.audio_keys, wrapper.audio, wrapper.audio_type, wrapper, text)
    elements = (seen or _named_tower(keys, text)) + heard
    return with_outer(_dated(text, keys), keys, inner, elements)


def _repeated(keys: Keys, inner: Keys) -> list[str]:
    """Outer keys that say again what the text model's own config says."""
    if keys.values is inner.values:
        return []
    return [name for name, value in keys.values.items() if inner.values.get(name) == value]


def _name_uncounted(keys: Keys, wrapper: Wrapper) -> None:
    given = [name for name in wrapper.uncounted if keys.values.get(name)]
    keys.ignore(*wrapper.uncounted)
    if given:
        keys.leave_out(say("these parts are"), *given)


def text_keys(keys: Keys, default: str) -> Keys:
    """The nested text config, read as its own model type or, when it states none, ``default``;
    the outer keys when the file is flat."""
    inner = keys.scope(*TEXT, model_type=default)
    if inner is not None:
        inner.model_type = canonical(inner.model_type)
        inner.defaults = inner.defaults or class_defaults(inner.model_type)
        return inner
    return flat_keys(keys, canonical(default), class_defaults(default))


def _dated(text: Architecture, keys: Keys) -> Architecture:
    """The outer file's number type wins."""
    given = keys.values.get("dtype") or keys.values.get("torch_dtype")
    return replace(text, torch_dtype=given) if isinstance(given, str) else text


def _named_tower(keys: Keys, text: Architecture) -> int:
    """LLaVA-1.5 (original layout) and Phi-3-vision name their tower instead of describing it."""
    name = keys.text("mm_vision_tower", default="")
    if name:
        keys.ignore("mm_hidden_size", "use_mm_proj", "image_aspect_ratio", "mm_patch_merge_type")
        projector = keys.text("mm_projector_type", default="linear")
        width = keys.integer("mm_hidden_size", default=1024)
        tower = parts.named_clip(name)
        if not tower or projector != "mlp2x_gelu":
            keys.leave_out(
                say(
                    "{part} with projector {name} is",
                    part=clean(name, 80),
                    name=clean(projector, 40),
                ),
                "mm_vision_tower",
            )
            return 0
        return tower + parts.two_layer_projector(width, text.hidden_size)
    processor = keys.scope("img_processor", model_type="none")
    if processor is None:
        return 0
    name = processor.text("model_name", default="")
    processor.ignore("num_img_tokens", "layer_idx", "type_feature")
    merged = 4 * processor.integer("image_dim_out")
    tower = parts.named_clip(name)
    if not tower:
        keys.leave_out(say("the tower {name} is", name=clean(name, 80)), "img_processor")
        return 0
    separators = 2 * merged
    hidden = text.hidden_size
    return tower + parts.linear(merged, hidden) + parts.linear(hidden, hidden) + separators


def _tower(
    keys: Keys,
    names: tuple[str, ...],
    count: Tower | None,
    model_type: str,
    wrapper: Wrapper,
    text: Architecture,
) -> int:
    """Elements of one tower; 0 when there is none or, with a warning, when it is not described."""
    inner = keys.scope(*names, model_type=model_type)
    name = names[0]
    if inner is None:
        if not wrapper.always or count is None:
            return 0
        inner = left_out_keys(keys, name, model_type)
    if count is None:
        keys.leave_out(say("this tower is"), inner.path.removeprefix(keys.path).removesuffix("."))
        inner.ignore(*inner.values)
        return 0
    inner.ignore("tie_word_embeddings")
    inner.tower = True
    inner.defaults = {**class_defaults(model_type), **inner.defaults}
    return count(inner, keys, text.hidden_size)
