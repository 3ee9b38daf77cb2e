"""Multimodal configs: the language model's keys nested beside those of its towers."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.keys import Keys

TEXT = ("text_config", "language_config", "llm_config")


def text_keys(keys: Keys, model_type: str) -> Keys:
    """The keys of the language model: nested, or ``keys`` itself when the file is flat.

    ``model_type`` names the class whose defaults a nested config without its own has.
    """
    return keys.scope(*TEXT, model_type=model_type) or keys


def with_outer(text: Architecture, keys: Keys, inner: Keys, tower: int) -> Architecture:
    """``text`` as part of the multimodal model that ``keys`` describes.

    The outer ``tie_word_embeddings`` counts when it is given: the LM head belongs to the outer
    model.
    """
    tied = text.tied_embeddings
    if keys is not inner and keys.has("tie_word_embeddings"):
        tied = keys.flag("tie_word_embeddings")
    return replace(text, tied_embeddings=tied, tower_parameters=text.tower_parameters + tower)
