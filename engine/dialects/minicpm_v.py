"""MiniCPM-V 4.6: Qwen3.5's hybrid text model beside a SigLIP tower with a window merger."""

from __future__ import annotations

from engine.architecture import Architecture
from engine.dialects.nesting import text_keys, with_outer
from engine.dialects.qwen_hybrid import read_text
from engine.dialects.towers import linear, transformer_layer
from engine.keys import Keys


def read(keys: Keys) -> Architecture:
    """The text model nested in ``text_config``, the tower in ``vision_config``."""
    inner = text_keys(keys, "qwen3_5_text")
    text = read_text(inner)
    vision = keys.scope("vision_config", model_type="minicpmv4_6_vision")
    elements = _tower(vision) + _merger(keys, vision, text.hidden_size) if vision else 0
    keys.ignore("image_size", "patch_size", "insert_layer_id", "drop_vision_last_layer")
    keys.ignore("downsample_mode", "merge_kernel_size")
    return with_outer(text, keys, inner, elements)


def _tower(keys: Keys) -> int:
    """Patches with learned positions, layers with biases, one merger of windows in between."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    patch = keys.integer("patch_size", maximum=10_000)
    patches = (keys.integer("image_size") // patch) ** 2
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    kernel = keys.integers("window_kernel_size", minimum=1) or [2, 2]
    keys.ignore("num_attention_heads", "insert_layer_id")
    cells = kernel[0] * kernel[-1]
    merging = 4 * linear(hidden, hidden) + 2 * hidden + 2 * cells * hidden
    merging += linear(cells * hidden, cells * width) + linear(cells * width, hidden)
    embedding = linear(keys.integer("num_channels") * patch**2, hidden) + patches * hidden
    return embedding + layers * transformer_layer(hidden, width) + 2 * hidden + merging


def _merger(keys: Keys, vision: Keys, text_hidden: int) -> int:
    """Each step joins four patches; the last one leads into the text model."""
    hidden = vision.integer("hidden_size")
    times = keys.integer("merger_times", maximum=16)

    def step(outputs: int) -> int:
        joined = 4 * hidden
        return 2 * joined + linear(joined, joined) + linear(joined, outputs)

    return (times - 1) * step(hidden) + step(text_hidden)
