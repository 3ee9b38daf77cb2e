"""Parakeet's encoder of speech, a FastConformer (arXiv:2305.05084; transformers,
modeling_parakeet.py)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.blocks import Block
from engine.model.cores import AttentionCore
from engine.model.dialects.parts import Mixer, dense, layer, output_projection
from engine.model.dialects.towers.parts import linear
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

FRAMES_PER_SECOND = 100
"""Of the spectrogram, before it is shortened: one every 10 ms."""


@dataclass(frozen=True, slots=True)
class Conformer:
    """``layers`` times ``block`` behind convolutions of ``stem`` elements, which make one frame of
    ``factor``."""

    hidden: int
    block: Block
    layers: int
    stem: int
    factor: int

    @property
    def parameters(self) -> int:
        """Elements of the whole encoder."""
        return self.layers * self.block.parameters + self.stem


def fast_conformer(keys: Keys, *, biased: bool) -> Conformer:
    """The encoder that ``keys`` describe. ``biased``: attention and feed-forward parts have biases
    where the file does not say."""
    hidden = keys.integer("hidden_size")
    keys.ignore("max_position_embeddings", "subsampling_conv_stride", "num_key_value_heads")
    keys.ignore("scale_input", "dropout_positions", "sampling_rate")
    bias = keys.flag("attention_bias") if keys.has("attention_bias") else biased
    width = keys.integer("intermediate_size")
    behind = dense(hidden, width, gated=False, bias=bias, name="feed_forward2")
    block = layer(_mixer(keys, hidden, width, bias), behind, norms=5, norm_parameters=10 * hidden)
    factor = keys.integer("subsampling_factor", default=8, maximum=1024)
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    return Conformer(hidden, block, layers, _shortening(keys, hidden, factor), factor)


def _mixer(keys: Keys, hidden: int, width: int, bias: bool) -> Mixer:
    """A feed-forward part, attention with relative positions, and a gated convolution by channel
    between two mixings of channels."""
    heads = keys.integer("num_attention_heads", maximum=100_000)
    if hidden % heads:
        raise keys.problem(
            "num_attention_heads", heads, say("a divisor of {number}", number=hidden)
        )
    own = keys.flag("convolution_bias", default=True)
    kernel = keys.integer("conv_kernel_size", default=9, maximum=1000)
    before = dense(hidden, width, gated=False, bias=bias, name="feed_forward1")

    def column(name: str, outputs: int, biased: bool) -> Matrix:
        return Matrix(name, hidden, outputs, Role.ATTENTION, bias=biased)

    matrices = (
        *before.matrices,
        *(column(f"self_attn.{letter}_proj", hidden, bias) for letter in "qkv"),
        column("self_attn.relative_k_proj", hidden, False),
        output_projection("self_attn.o_proj", hidden, hidden, bias),
        column("conv.pointwise_conv1", 2 * hidden, own),
        Matrix("conv.pointwise_conv2", hidden, hidden, Role.ATTENTION_OUTPUT, Split.ROW, bias=own),
    )
    core = AttentionCore(heads, heads, hidden // heads, hidden // heads)
    channels = kernel * hidden + 2 * hidden + (hidden if own else 0)
    return Mixer("conformer", matrices, (core,), channels + 2 * hidden)


def _shortening(keys: Keys, hidden: int, factor: int) -> int:
    """A convolution over all, then ones by channel, each with a mixing of channels."""
    channels = keys.integer("subsampling_conv_channels", default=256)
    kernel = keys.integer("subsampling_conv_kernel_size", default=3, maximum=100)
    steps = factor.bit_length() - 1
    first = linear(kernel**2, channels)
    further = (kernel**2 + 1) * channels + linear(channels, channels)
    bands = keys.integer("num_mel_bins", default=80) // factor
    return first + (steps - 1) * further + linear(channels * bands, hidden)
