"""Models with vision or audio towers around a text model that has a dialect of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.architecture import Architecture
from engine.defaults import class_defaults
from engine.dialects import towers
from engine.dialects.index import canonical, reader_for
from engine.dialects.nesting import with_outer
from engine.errors import UnknownArchitecture
from engine.keys import Keys

TEXT = ("text_config", "language_config", "llm_config", "llm_cfg")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A multimodal model type: its text model's class and how its towers count.

    ``tower_types`` are the classes of ``vision_config`` and ``audio_config``. ``tower`` None: the
    tower is not described, and a warning says so. ``always`` towers exist even when the file has
    no config for them (class defaults).
    """

    text: str
    vision: Callable[[Keys, int], int] | None = None
    vision_type: str = ""
    audio: Callable[[Keys, int], int] | None = None
    audio_type: str = ""
    always: bool = False
    harmless: tuple[str, ...] = ()


WRAPPERS = {
    "gemma3": Wrapper(
        "gemma3_text", towers.gemma3, "siglip_vision_model", harmless=("mm_tokens_per_image",)
    ),
    "gemma4": Wrapper(
        "gemma4_text",
        towers.gemma4_vision,
        "gemma4_vision",
        audio_type="gemma4_audio",
        harmless=("vision_soft_tokens_per_image",),
    ),
    "llama4": Wrapper("llama4_text", towers.llama4, "llama4_vision_model", always=True),
    "mllama": Wrapper("mllama_text_model", towers.mllama, "mllama_vision_model", always=True),
    "kimi_k25": Wrapper(
        "deepseek_v3",
        towers.moonvit,
        "kimi_k25_vision",
        harmless=("use_unified_vision_chunk", "video_placeholder"),
    ),
    "qwen2_audio": Wrapper(
        "qwen2", audio=towers.qwen2_audio, audio_type="qwen2_audio_encoder", always=False
    ),
}


def read(keys: Keys) -> Architecture:
    """The text model with its towers' parameters."""
    wrapper = WRAPPERS[keys.model_type]
    inner = text_keys(keys, wrapper.text)
    reader = reader_for(inner.model_type)
    if reader is None:
        raise UnknownArchitecture(
            f"{keys.source}: {inner.path}model_type {inner.model_type!r} is unknown"
        )
    text = reader(inner)
    keys.ignore(*wrapper.harmless)
    keys.ignore("hidden_size", "vocab_size", "ignore_index", "image_seq_length")
    elements = _tower(keys, "vision_config", wrapper.vision, wrapper.vision_type, wrapper, text)
    elements += _tower(keys, "audio_config", wrapper.audio, wrapper.audio_type, wrapper, text)
    return with_outer(_dated(text, keys), keys, inner, elements)


def text_keys(keys: Keys, default: str) -> Keys:
    """The nested text config, read as its own model type or ``default``; the outer keys when the
    file is flat."""
    inner = keys.scope(*TEXT, model_type=default)
    if inner is None:
        flat = Keys(
            keys.values,
            keys.source,
            default,
            class_defaults(default),
            keys.path,
            nested=keys.nested,
            assumptions=keys.assumptions,
            opened=[],
        )
        keys.read = flat.read
        return flat
    kind = canonical(inner.model_type)
    if reader_for(kind) is None:
        kind = default
    inner.model_type = kind
    inner.defaults = class_defaults(kind)
    return inner


def _dated(text: Architecture, keys: Keys) -> Architecture:
    """The outer file's number type wins."""
    given = keys.values.get("dtype") or keys.values.get("torch_dtype")
    return replace(text, torch_dtype=given) if isinstance(given, str) else text


def _tower(
    keys: Keys,
    name: str,
    count: Callable[[Keys, int], int] | None,
    model_type: str,
    wrapper: Wrapper,
    text: Architecture,
) -> int:
    """Elements of one tower; 0 when there is none or, with a warning, when it is not described."""
    inner = keys.scope(name, model_type=model_type)
    if inner is None:
        if not wrapper.always or count is None:
            return 0
        keys.assume(name, model_type, f"class default of {keys.model_type}")
        inner = Keys(
            {},
            keys.source,
            model_type,
            class_defaults(model_type),
            f"{keys.path}{name}.",
            nested=True,
            assumptions=keys.assumptions,
            opened=keys.opened,
        )
    if count is None:
        keys.warnings.append(f"{keys.path}{name}: this tower is not counted")
        inner.ignore(*inner.values)
        return 0
    inner.ignore("tie_word_embeddings")
    return count(inner, text.hidden_size)
