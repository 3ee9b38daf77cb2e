"""The vision tower that Qwen3-VL and Qwen3.5 share; its parameters are counted, not timed."""

from __future__ import annotations

from engine.model.keys import Keys


def linear(inputs: int, outputs: int, bias: bool = True) -> int:
    """Elements of a projection."""
    return inputs * outputs + (outputs if bias else 0)


def qwen_vision_tower(keys: Keys) -> int:
    """Patches with learned positions, pre-norm blocks with biases everywhere, a patch merger.

    One more merger for every layer whose features are fed to the text model (deepstack).
    """
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    patch = keys.integer("patch_size") ** 2 * keys.integer("temporal_patch_size")
    merged = hidden * keys.integer("spatial_merge_size") ** 2
    output = keys.integer("out_hidden_size")
    keys.ignore("num_heads", "num_attention_heads")
    block = linear(hidden, 3 * hidden) + linear(hidden, hidden) + 4 * hidden
    block += linear(hidden, width) + linear(width, hidden)
    merger = linear(merged, merged) + linear(merged, output)
    deep = len(keys.items("deepstack_visual_indexes") or ())
    return (
        linear(patch * keys.integer("in_channels", "in_chans"), hidden)
        + keys.integer("num_position_embeddings") * hidden
        + keys.integer("depth", "num_hidden_layers") * block
        + merger
        + 2 * hidden
        + deep * (merger + 2 * merged)
    )
