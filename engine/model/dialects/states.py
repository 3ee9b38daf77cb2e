"""Mixers with a constant-size state: gated delta nets, Mamba 1 and 2, short convolutions.

Engines keep the last ``kernel − 1`` inputs of a short convolution; transformers keeps ``kernel``
columns, so its caches are larger by one column per channel.

The work of a scan is that of its recurrent form, per token and head with a state of
``key × value`` elements: each read or update of the whole state by an outer product costs two
operations per element, a decay one. Chunked prefill kernels do more arithmetic on matrix units
instead; their constants absorb that.
"""

from __future__ import annotations

import math

from engine.model.cores import StateCore
from engine.model.dialects.parts import Mixer
from engine.model.matrices import Matrix, Role, Split


def convolution_tail(channels: int, kernel: int) -> int:
    """Inputs that a causal convolution keeps between steps."""
    return channels * (kernel - 1)


def gated_delta_net(
    hidden: int,
    *,
    key_heads: int,
    value_heads: int,
    key_dim: int,
    value_dim: int,
    kernel: int,
    norm_elements: int,
    name: str = "linear_attn",
    fused: bool = False,
) -> Mixer:
    """Gated delta rule (arXiv:2412.06464) with grouped value heads, as Qwen3-Next has it.

    ``fused``: query, key, value and gate come from one projection (Qwen3-Next), otherwise from
    two (Qwen3.5); the sizes agree.
    """
    keys, values = key_heads * key_dim, value_heads * value_dim
    channels = 2 * keys + values

    def column(part: str, outputs: int, kernel_name: str) -> Matrix:
        return Matrix(f"{name}.{part}", hidden, outputs, Role.MIXER, kernel=kernel_name)

    projections: tuple[Matrix, ...]
    if fused:
        projections = (
            column("in_proj_qkvz", channels + values, ""),
            column("in_proj_ba", 2 * value_heads, ""),
        )
    else:
        projections = (
            column("in_proj_qkv", channels, "delta_qkvz"),
            column("in_proj_z", values, "delta_qkvz"),
            column("in_proj_b", value_heads, "delta_ba"),
            column("in_proj_a", value_heads, "delta_ba"),
        )
    state = value_heads * key_dim * value_dim
    core = StateCore(
        "gated delta net",
        value_heads,
        state,
        convolution_tail(channels, kernel),
        7 * state + 2 * kernel * channels,
    )
    return Mixer(
        "gated delta net",
        (*projections, Matrix(f"{name}.out_proj", values, hidden, Role.MIXER, Split.ROW)),
        (core,),
        channels * kernel + 2 * value_heads + norm_elements,
    )


def kimi_delta_attention(
    hidden: int,
    heads: int,
    head_dim: int,
    kernel: int,
    *,
    low_rank_decay: bool = True,
    low_rank_gate: bool = True,
    name: str = "self_attn",
) -> Mixer:
    """Kimi delta attention (arXiv:2510.26692): the gated delta rule with a decay per channel.

    ``low_rank_decay`` and ``low_rank_gate``: decay and output gate come through a bottleneck of
    one head's width instead of one whole projection.
    """
    width = heads * head_dim
    role = Role.MIXER

    def through(letter: str, low_rank: bool) -> list[Matrix]:
        if not low_rank:
            return [Matrix(f"{name}.{letter}_proj", hidden, width, role)]
        return [
            Matrix(f"{name}.{letter}_a_proj", hidden, head_dim, role, Split.REPLICATED),
            Matrix(f"{name}.{letter}_b_proj", head_dim, width, role),
        ]

    matrices = [
        *(Matrix(f"{name}.{letter}_proj", hidden, width, role, kernel="qkv") for letter in "qkv"),
        *through("f", low_rank_decay),
        Matrix(f"{name}.b_proj", hidden, heads, role),
        *through("g", low_rank_gate),
        Matrix(f"{name}.o_proj", width, hidden, role, Split.ROW),
    ]
    state = width * head_dim
    core = StateCore(
        "kimi delta attention",
        heads,
        state,
        convolution_tail(3 * width, kernel),
        7 * state + 6 * kernel * width,
    )
    other = 3 * width * kernel + width + heads + head_dim
    return Mixer("kimi delta attention", tuple(matrices), (core,), other)


def mamba1(
    hidden: int,
    inner: int,
    *,
    state: int,
    kernel: int,
    step_rank: int,
    convolution_bias: bool = True,
    bias: bool = False,
    inner_norms: bool = False,
    name: str = "mixer",
) -> Mixer:
    """Selective state space (Mamba, arXiv:2312.00752 §3): ``inner`` channels of ``state``.

    ``inner_norms`` adds Jamba's norms on step size, B and C.
    """
    core = StateCore(
        "mamba",
        inner,
        inner * state,
        convolution_tail(inner, kernel),
        9 * inner * state + 2 * kernel * inner,
    )
    role = Role.MIXER
    matrices = (
        Matrix(f"{name}.in_proj", hidden, 2 * inner, role, bias=bias),
        Matrix(f"{name}.x_proj", inner, step_rank + 2 * state, role, Split.ROW),
        Matrix(f"{name}.dt_proj", step_rank, inner, role, bias=True),
        Matrix(f"{name}.out_proj", inner, hidden, role, Split.ROW, bias=bias),
    )
    other = inner * kernel + (inner if convolution_bias else 0) + inner * state + inner
    other += step_rank + 2 * state if inner_norms else 0
    return Mixer("mamba", matrices, (core,), other)


def mamba2(
    hidden: int,
    inner: int,
    *,
    heads: int,
    groups: int,
    state: int,
    kernel: int,
    convolution_bias: bool = True,
    bias: bool = False,
    norm: bool = True,
    name: str = "mixer",
) -> Mixer:
    """State-space duality (Mamba 2, arXiv:2405.21060 §7): ``heads`` share scalars of decay.

    ``inner`` is heads × head width; B and C come in ``groups``. ``norm`` is the gated norm
    before the output projection.
    """
    channels = inner + 2 * groups * state
    core = StateCore(
        "mamba 2",
        heads,
        inner * state,
        convolution_tail(channels, kernel),
        6 * inner * state + 2 * kernel * channels,
    )
    matrices = (
        Matrix(f"{name}.in_proj", hidden, inner + channels + heads, Role.MIXER, bias=bias),
        Matrix(f"{name}.out_proj", inner, hidden, Role.MIXER, Split.ROW, bias=bias),
    )
    other = channels * kernel + (channels if convolution_bias else 0) + 3 * heads
    return Mixer("mamba 2", matrices, (core,), other + (inner if norm else 0))


def lightning_attention(
    hidden: int, heads: int, head_dim: int, *, norm_elements: int, name: str = "self_attn"
) -> Mixer:
    """Linear attention with fixed decay per head and an output gate (arXiv:2401.04658)."""
    width = heads * head_dim
    state = heads * head_dim * head_dim
    matrices = (
        Matrix(f"{name}.qkv_proj", hidden, 3 * width, Role.MIXER),
        Matrix(f"{name}.output_gate", hidden, width, Role.MIXER),
        Matrix(f"{name}.out_proj", width, hidden, Role.MIXER, Split.ROW),
    )
    core = StateCore("lightning attention", heads, state, 0, 5 * state)
    return Mixer("lightning attention", matrices, (core,), norm_elements)


def short_convolution(
    hidden: int, kernel: int, *, bias: bool, name: str = "conv", norm_elements: int = 0
) -> Mixer:
    """Gated short convolution (LFM2): B, C and x from one projection, a causal convolution."""
    core = StateCore(
        "short convolution",
        hidden,
        0,
        convolution_tail(hidden, kernel),
        (2 * kernel + 2) * hidden,
    )
    matrices = (
        Matrix(f"{name}.in_proj", hidden, 3 * hidden, Role.MIXER, bias=bias),
        Matrix(f"{name}.out_proj", hidden, hidden, Role.MIXER, Split.ROW, bias=bias),
    )
    other = hidden * kernel + (hidden if bias else 0) + norm_elements
    return Mixer("short convolution", matrices, (core,), other)


def automatic_step_rank(hidden: int) -> int:
    """Mamba's ``auto`` rank of the step-size projection: a sixteenth of the hidden size."""
    return math.ceil(hidden / 16)
