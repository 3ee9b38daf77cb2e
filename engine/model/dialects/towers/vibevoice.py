"""VibeVoice's tokenizers of sound as encoders of speech (transformers 5.24,
modeling_vibevoice_acoustic_tokenizer.py): stages of ConvNeXt blocks with convolutions between."""

from __future__ import annotations

from engine.model.dialects.towers.parts import linear
from engine.model.keys import Keys
from engine.words.messages import say

_RATIOS = [2, 2, 4, 5, 5, 8]
_DEPTHS = [3, 3, 3, 3, 3, 3, 8]


def vibevoice_asr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """The acoustic and the semantic encoder, each with two projections and a norm between."""
    outer.ignore("acoustic_tokenizer_chunk_size")
    semantic = outer.scope("semantic_tokenizer_encoder_config")
    if semantic is None:
        semantic = Keys({}, keys.source, keys.model_type, {}, nested=True)
    semantic.tower = True
    found = 0
    for one, usual in ((keys, 64), (semantic, 128)):
        width = one.integer("hidden_size", default=usual)
        projector = linear(width, text_hidden) + text_hidden + linear(text_hidden, text_hidden)
        found += _encoder(one, width) + projector
    return found


def _encoder(keys: Keys, output: int) -> int:
    """A stem, a stage, then a strided convolution of twice as many channels and a stage for every
    ratio, and a convolution to ``output``."""
    keys.ignore("vae_std", "layer_scale_init_value", "hidden_act")
    kernel = keys.integer("kernel_size", default=7, maximum=1024)
    ratios = keys.integers("downsampling_ratios", minimum=1, maximum=1024) or _RATIOS
    depths = keys.integers("depths", minimum=1, maximum=1024) or _DEPTHS
    if len(depths) != len(ratios) + 1 or len(ratios) > 16:
        raise keys.problem("depths", depths, say("{number} entries", number=len(ratios) + 1))
    expansion = keys.integer("ffn_expansion", default=4, maximum=64)
    width = keys.integer("num_filters", default=32, maximum=10_000)
    found = linear(keys.integer("channels", default=1, maximum=64) * kernel, width)
    for stage, depth in enumerate(depths):
        if stage:
            found += linear(width * 2 * ratios[stage - 1], 2 * width)
            width *= 2
        feeding = linear(width, expansion * width) + linear(expansion * width, width)
        found += depth * (4 * width + feeding + linear(kernel, width))
    return found + linear(kernel * width, output)
