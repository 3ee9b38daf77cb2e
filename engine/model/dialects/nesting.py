"""Multimodal configs: the language model's keys nested beside those of its towers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture
from engine.model.defaults import class_defaults
from engine.model.dialects.towers.images import image_tower
from engine.model.dialects.unread import changes_work
from engine.model.keys import Keys, shown
from engine.words.errors import InputError
from engine.words.messages import say

TEXT = ("text_config", "language_config", "llm_config")


def text_keys(keys: Keys, model_type: str) -> Keys:
    """The keys of the language model: nested, or those of ``keys`` when the file is flat.

    ``model_type`` names the text model's class: its defaults are those of a nested config that
    names no class of its own, and of a flat file.
    """
    inner = keys.scope(*TEXT, model_type=model_type)
    if inner is not None or keys.model_type == model_type:
        return inner or keys
    return flat_keys(keys, model_type)


def left_out_keys(keys: Keys, name: str, model_type: str) -> Keys:
    """Those of a nested part that the file leaves out and its class has: assumed to be the
    defaults of ``model_type``."""
    keys.assume(name, model_type, say("class default of {name}", name=keys.model_type))
    return Keys(
        {},
        keys.source,
        model_type,
        class_defaults(model_type),
        f"{keys.path}{name}.",
        nested=True,
        assumptions=keys.assumptions,
        opened=keys.opened,
    )


def flat_keys(keys: Keys, model_type: str, own: Mapping[str, Any] | None = None) -> Keys:
    """``keys`` as those of a text model of the class ``model_type``; what is read of it is read of
    the file. ``own`` are the defaults of the family's own class, where it has one."""
    flat = Keys(
        keys.values,
        keys.source,
        model_type,
        own or class_defaults(model_type),
        keys.path,
        nested=keys.nested,
        assumptions=keys.assumptions,
        opened=[],
    )
    flat.read |= keys.read
    keys.read = flat.read
    return flat


_TIED_INSIDE = frozenset(
    {
        "glm4v",
        "glm4v_moe",
        "glm_ocr",
        "hunyuan_vl",
        "llava",
        "llava_next_video",
        "llava_onevision",
        "minimax_m3_vl",
        "paddleocr_vl",
        "qwen2_5_vl",
        "qwen2_vl",
        "video_llama_3",
    }
)
"""Their files say it in ``text_config``, whatever the outer key says (transformers 5.24,
configuration files of these types: saved so before version 5)."""


def with_outer(text: Architecture, keys: Keys, inner: Keys, tower: int) -> Architecture:
    """``text`` as part of the multimodal model that ``keys`` describes.

    The outer ``tie_word_embeddings`` counts when it is given: the LM head belongs to the outer
    model. Classes of `_TIED_INSIDE` take the text model's word, too.
    """
    tied = text.tied_embeddings
    if keys.values is not inner.values and keys.has("tie_word_embeddings"):
        inside = keys.model_type in _TIED_INSIDE and tied
        tied = keys.flag("tie_word_embeddings") or inside
    _pass_over_copies(keys, inner)
    towers = text.tower_parameters + tower
    images = None
    if tower:
        # Text is served without what only images need of a config.
        with suppress(InputError):
            images = image_tower(keys, text.hidden_size)
    return replace(text, tied_embeddings=tied, tower_parameters=towers, images=images)


def _pass_over_copies(keys: Keys, inner: Keys) -> None:
    """Keys of the text model that a file has outside of it too: the class reads those inside."""
    if keys.values is inner.values:
        return
    copies = [name for name in keys.values if name in inner.read and name not in keys.read]
    keys.ignore(*copies)
    keys.left_over += [
        f"{keys.path}{name} = {shown(keys.values[name])}"
        for name in copies
        if inner.values.get(name) != keys.values[name] and changes_work(name, keys.values[name], {})
    ]
