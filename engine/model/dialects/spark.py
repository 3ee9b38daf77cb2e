"""iFlytek Spark 2.5: attention gated by head, three windowed layers to each that sees everything
(SGLang 0.5, spark2_5.py)."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, plain_attention, read_decoder, read_dimensions
from engine.model.dialects.gated import with_gate
from engine.model.dialects.parts import Mixer
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys


def read(keys: Keys) -> Architecture:
    """A gate per head beside queries, keys and values unless the file says none."""
    shape = read_dimensions(keys)
    pattern = every_nth_full(shape.layers, 4)
    windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    plain = plain_attention(keys, shape, Traits(), windows)
    if not keys.flag("headwise_attn_output_gate", default=True):
        return read_decoder(keys, Traits(), shape=shape, mixer=plain)

    def mixer(index: int) -> Mixer:
        return with_gate(plain(index), shape.hidden, shape.heads)

    return read_decoder(keys, Traits(), shape=shape, mixer=mixer)
