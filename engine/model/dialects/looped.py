"""Decoders that run their layers several times over: Nanbeige and Ouro (arXiv:2510.25741). Each run
keeps a cache of its own; the weights are held once."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import LayerGroup
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

_NANBEIGE = Traits(qkv_bias="attention_bias", output_bias="attention_bias")
_OURO = Traits(norms=4)
"""Norms before and behind each half of a layer (modeling_ouro.py of ByteDance/Ouro-1.4B)."""


def read(keys: Keys) -> Architecture:
    """``num_loops`` (Nanbeige, 2) or ``total_ut_steps`` (Ouro, 4) runs of all layers."""
    ouro = keys.model_type == "ouro"
    runs = keys.integer(
        "total_ut_steps" if ouro else "num_loops", default=4 if ouro else 2, maximum=64
    )
    keys.ignore("loop_loss_weights", "skip_loop_final_norm", "early_exit_threshold")
    keys.ignore("early_exit_step", "use_sliding_window")
    shape = read_dimensions(keys)
    window = window_size(keys)
    windows = layer_windows(keys, shape.layers, window, [False] * shape.layers)
    # Whether to stop after a run is one projection to one figure.
    stops = shape.hidden + 1 if ouro else 0
    once = read_decoder(
        keys, _OURO if ouro else _NANBEIGE, shape=shape, windows=windows, other=stops
    )
    layers = tuple(LayerGroup(one.block, one.count * runs) for one in once.layers)
    again = tuple(LayerGroup(one.block, one.count * (runs - 1)) for one in once.layers)
    return replace(once, layers=layers, shared=again if runs > 1 else ())
