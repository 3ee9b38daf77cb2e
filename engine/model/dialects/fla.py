"""Linear attention as flash-linear-attention builds it (fla/layers and fla/models of
https://github.com/fla-org/flash-linear-attention): gated linear attention (arXiv:2312.06635),
retention (arXiv:2307.08621), the delta rule (arXiv:2406.06484), gated or not, and HGRN 2
(arXiv:2404.07904).

Some layers of a model may be softmax attention (``attn``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.model.architecture import Architecture, Matrix, Role, Split, StateCore
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.dialects.states import convolution_tail
from engine.model.keys import MAXIMUM_LAYERS, Keys

_DECAYED, _PLAIN_DELTA, _GATED_DELTA = 5, 6, 7
"""Operations per element of the state: a decay, an update by an outer product and a read are five;
the delta rule reads once more for its correction."""
_COSMETIC = (
    "allow_neg_eigval",
    "attn_mode",
    "clamp_min",
    "elementwise_affine",
    "feature_map",
    "fuse_cross_entropy",
    "fuse_linear_cross_entropy",
    "fuse_norm",
    "fuse_swiglu",
    "norm_eps",
    "qk_activation",
    "qk_norm",
    "use_gk",
    "use_gv",
    "use_l2warp",
    "use_lower_bound",
    "use_output_norm",
)
_GATE_RANK = 16
"""Width of the bottleneck that a decay of gated linear attention comes through
(``gate_low_rank_dim``)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one kind of layer is made of: outputs of its projections, and the state of all heads."""

    queries: int
    keys: int
    values: int
    outputs: int
    """Of all heads: values of grouped heads are fewer."""
    heads: int
    state: int
    operations: int
    gated: bool
    more: tuple[Matrix, ...] = ()
    other: int = 0


def read(keys: Keys) -> Architecture:
    """A decoder whose layers keep a state of constant size."""
    keys.ignore(*_COSMETIC)
    hidden = keys.integer("hidden_size", required=True, maximum=1_000_000)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    if keys.optional_integer("attnres_block_size", minimum=1) is not None:
        raise keys.problem("attnres_block_size", keys.values["attnres_block_size"], "null")
    mixer = _mixer(keys, hidden, _PARTS[keys.model_type](keys, hidden))
    softmax = _softmax_layers(keys, hidden, layers)
    ratio = keys.integer("hidden_ratio", default=2 if keys.model_type == "retnet" else 4)
    usual = -(-(hidden * ratio * 2 // 3) // 256) * 256
    width = keys.integer("intermediate_size", default=usual, reason="two thirds of hidden_ratio")
    part = dense(hidden, width)
    blocks = [
        layer(softmax.get(index, mixer), part, norm_parameters=2 * hidden)
        for index in range(layers)
    ]
    return assemble(keys, hidden, keys.integer("vocab_size", default=32_000), blocks, Traits())


def _mixer(keys: Keys, hidden: int, part: _Part) -> Mixer:
    """Projections beside each other, short convolutions behind them, one projection back."""

    def column(name: str, outputs: int, kernel: str) -> Matrix:
        return Matrix(f"attn.{name}_proj", hidden, outputs, Role.MIXER, kernel=kernel)

    matrices = [
        column("q", part.queries, "qkv"),
        column("k", part.keys, "qkv"),
        column("v", part.values, "qkv"),
    ]
    matrices += [column("g", part.outputs, "")] if part.gated else []
    back = Matrix("attn.o_proj", part.outputs, hidden, Role.MIXER, Split.ROW)
    delta = part.operations != _DECAYED
    channels = part.queries + part.keys + part.values
    kernel = keys.integer("conv_size", default=4, maximum=1024)
    if not keys.flag("use_short_conv", default=delta):
        channels = 0
    core = StateCore(
        "linear attention",
        part.heads,
        part.state,
        convolution_tail(channels, kernel),
        part.operations * part.state + 2 * kernel * channels,
    )
    other = channels * kernel + part.other
    return Mixer("linear attention", (*matrices, *part.more, back), (core,), other)


def _softmax_layers(keys: Keys, hidden: int, layers: int) -> dict[int, Mixer]:
    """The layers that ``attn`` lists, by their index."""
    own = keys.scope("attn")
    if own is None:
        return {}
    listed = own.integers("layers", maximum=layers - 1) or []
    heads = own.integer("num_heads", required=True, maximum=100_000)
    kv_heads = own.integer("num_kv_heads", default=heads, maximum=100_000)
    if hidden % heads or heads % kv_heads:
        raise own.problem("num_heads", heads, f"a divisor of {hidden}, and of kv heads a multiple")
    window = own.optional_integer("window_size", minimum=1)
    bias = own.flag("qkv_bias", default=False)
    part = attention(hidden, heads, kv_heads, hidden // heads, window=window, qkv_bias=bias)
    return dict.fromkeys(listed, part)


def _heads(keys: Keys, default: int, *widths: int) -> int:
    heads = keys.integer("num_heads", default=default, maximum=100_000)
    for width in widths:
        if width % heads:
            raise keys.problem("num_heads", heads, f"a divisor of the {width} channels")
    return heads


def _expanded(keys: Keys, hidden: int, default_k: float, default_v: float) -> tuple[int, int]:
    wide_k = int(hidden * keys.number("expand_k", default=default_k))
    return wide_k, int(hidden * keys.number("expand_v", default=default_v))


def _decayed(keys: Keys, hidden: int) -> _Part:
    """Gated linear attention, and retention, whose decay is fixed."""
    gla = keys.model_type == "gla"
    wide_k, wide_v = _expanded(keys, hidden, *((0.5, 1.0) if gla else (1.0, 2.0)))
    heads = _heads(keys, 4 if gla else 8, wide_k, wide_v)
    kv_heads = keys.optional_integer("num_kv_heads", minimum=1) or heads
    if heads % kv_heads:
        raise keys.problem("num_kv_heads", kv_heads, f"a divisor of the {heads} heads")
    shared = heads // kv_heads
    narrow = wide_k // shared
    role, whole = Role.MIXER, Split.REPLICATED
    decay = (
        Matrix("attn.gk_proj.0", hidden, _GATE_RANK, role, whole),
        Matrix("attn.gk_proj.1", _GATE_RANK, narrow, role, bias=True),
    )
    return _Part(
        queries=wide_k,
        keys=narrow,
        values=wide_v // shared,
        outputs=wide_v,
        heads=heads,
        state=wide_k * wide_v // heads,
        operations=_DECAYED,
        gated=keys.flag("use_output_gate", default=True),
        more=decay if gla else (),
        other=wide_v // heads,
    )


def _delta(keys: Keys, hidden: int) -> _Part:
    wide_k, wide_v = _expanded(keys, hidden, 1.0, 1.0)
    heads = _heads(keys, 16, wide_k, wide_v)
    step = (Matrix("attn.b_proj", hidden, heads, Role.MIXER),)
    return _Part(
        queries=wide_k,
        keys=wide_k,
        values=wide_v,
        outputs=wide_v,
        heads=heads,
        state=wide_k * wide_v // heads,
        operations=_PLAIN_DELTA,
        gated=keys.flag("use_gate", default=False),
        more=step if keys.flag("use_beta", default=True) else (),
        other=wide_v // heads,
    )


def _gated_delta(keys: Keys, hidden: int) -> _Part:
    heads = _heads(keys, 6)
    value_heads = keys.optional_integer("num_v_heads", minimum=1) or heads
    if value_heads % heads:
        raise keys.problem("num_v_heads", value_heads, f"a multiple of the {heads} heads")
    head = keys.integer("head_dim", default=256, maximum=100_000)
    value = int(head * keys.number("expand_v", default=2.0))
    return _Part(
        queries=heads * head,
        keys=heads * head,
        values=value_heads * value,
        outputs=value_heads * value,
        heads=value_heads,
        state=value_heads * head * value,
        operations=_GATED_DELTA,
        gated=keys.flag("use_gate", default=True),
        more=tuple(
            Matrix(f"attn.{name}_proj", hidden, value_heads, Role.MIXER, kernel="ab")
            for name in "ab"
        ),
        other=2 * value_heads + value,
    )


def _hgrn2(keys: Keys, hidden: int) -> _Part:
    """A forget gate in the place of keys."""
    ratio = keys.optional_integer("expand_ratio", minimum=1)
    heads = hidden // ratio if ratio else keys.integer("num_heads", required=True)
    keys.ignore("num_heads")
    if not heads or hidden % heads:
        raise keys.problem("expand_ratio", ratio, f"a divisor of the hidden size {hidden}")
    return _Part(
        queries=heads * (ratio or hidden // heads),
        keys=heads * (ratio or hidden // heads),
        values=hidden,
        outputs=hidden,
        heads=heads,
        state=hidden * (ratio or hidden // heads),
        operations=_DECAYED,
        gated=False,
        other=hidden,
    )


_PARTS: dict[str, Callable[[Keys, int], _Part]] = {
    "gla": _decayed,
    "retnet": _decayed,
    "delta_net": _delta,
    "gated_deltanet": _gated_delta,
    "hgrn2": _hgrn2,
}
