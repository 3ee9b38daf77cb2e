"""ModernBERT as a decoder (Ettin): windows in two layers of three, a dense step before the head."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.windows import layer_windows
from engine.model.keys import Keys


def read(keys: Keys) -> Architecture:
    """The first layer has no norm before its attention; the embeddings have one."""
    shape = read_dimensions(keys)
    local = keys.integer("local_attention", default=128)
    every = keys.integer("global_attn_every_n_layers", default=3, maximum=10_000)
    keys.ignore("sliding_window", "sparse_prediction", "sparse_pred_ignore_index")
    keys.ignore("deterministic_flash_attn", "reference_compile", "repad_logits_with_grad")
    pattern = [bool(index % every) for index in range(shape.layers)]
    windows = layer_windows(keys, shape.layers, local // 2, pattern)
    bias = keys.flag("norm_bias", default=False)
    traits = Traits(
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        mlp_bias="mlp_bias",
        norm="layer" if bias else "scale",
        tied=True,
        head_bias=keys.flag("decoder_bias", default=True),
    )
    norm = shape.hidden * (2 if bias else 1)
    dense_bias = shape.hidden if keys.flag("classifier_bias", default=False) else 0
    head = shape.hidden**2 + dense_bias + norm
    return read_decoder(keys, traits, shape=shape, windows=windows, other=head)
