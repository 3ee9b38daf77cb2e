"""Fuyu: Persimmon's decoder, which reads patches of pictures through one projection."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.nesting import text_keys, with_outer
from engine.model.dialects.towers.parts import linear
from engine.model.dialects.unusual import read as read_text
from engine.model.keys import Keys


def read(keys: Keys) -> Architecture:
    """Released files repeat the text model's keys outside of ``text_config``."""
    inner = text_keys(keys, "persimmon")
    inner.model_type = "persimmon"
    text = read_text(inner)
    patch = keys.integer("patch_size", maximum=10_000)
    pixels = keys.integer("num_channels", default=3) * patch**2
    keys.ignore("image_size")
    return with_outer(text, keys, inner, linear(pixels, text.hidden_size))
