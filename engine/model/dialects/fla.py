"""Linear attention as flash-linear-attention builds it (fla/layers and fla/models of
https://github.com/fla-org/flash-linear-attention): gated linear attention (arXiv:2312.06635),
retention (arXiv:2307.08621), the delta rule (arXiv:2406.06484), gated or not, also by channel
(Kimi's, arXiv:2510.26692), gated slots (arXiv:2409.07146), HGRN and HGRN 2 (arXiv:2311.04823,
2404.07904) and MesaNet (arXiv:2506.05233).

Some layers of a model may be softmax attention (``attn``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.model.architecture import Architecture
from engine.model.cores import StateCore
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.dialects.states import convolution_tail
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

_DECAYED, _PLAIN_DELTA, _GATED_DELTA = 5, 6, 7
"""Operations per element of the state: a decay, an update by an outer product and a read are five;
the delta rule reads once more for its correction."""
COSMETIC = (
    "allow_neg_eigval",
    "attn_mode",
    "clamp_min",
    "elementwise_affine",
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
    "clamp_max",
    "gate_logit_normalizer",
    "lambda_lower_bound",
    "lower_bound",
    "max_cg_step_training",
    "safe_gate",
    "use_norm",
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
    unmoved: int = 0
    """Outputs that no short convolution sees."""
    convolved: bool = False
    """Whether short convolutions are there when the file is silent."""


def read(keys: Keys) -> Architecture:
    """A decoder whose layers keep a state of constant size."""
    keys.ignore(*COSMETIC)
    hidden = keys.integer("hidden_size", required=True, maximum=1_000_000)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    if keys.optional_integer("attnres_block_size", minimum=1) is not None:
        raise keys.problem("attnres_block_size", keys.values["attnres_block_size"], "null")
    mixer = _mixer(keys, hidden, _PARTS[keys.model_type](keys, hidden))
    softmax = softmax_layers(keys, hidden, layers)
    usual = usual_width(keys, hidden, 2 if keys.model_type == "retnet" else 4)
    width = keys.integer(
        "intermediate_size", default=usual, reason=say("two thirds of hidden_ratio")
    )
    part = dense(hidden, width)
    blocks = [
        layer(softmax.get(index, mixer), part, norm_parameters=2 * hidden)
        for index in range(layers)
    ]
    vocabulary = keys.integer("vocab_size", default=32_000)
    bounds = layers * hidden if _bounded(keys) else 0
    return assemble(keys, hidden, vocabulary, blocks, Traits(), other=bounds)


def usual_width(keys: Keys, hidden: int, default: int = 4) -> int:
    """Of the feed-forward part when the file gives none: two thirds of ``hidden_ratio`` hidden
    sizes, in multiples of 256."""
    ratio = keys.optional_integer("hidden_ratio", minimum=1, maximum=1024) or default
    return -(-(hidden * ratio * 2 // 3) // 256) * 256


def _bounded(keys: Keys) -> bool:
    """Whether forget gates have a floor per layer and channel (HGRN's ``lower_bounds``)."""
    return keys.model_type in ("hgrn", "hgrn2") and keys.flag("use_lower_bound", default=True)


def _mixer(keys: Keys, hidden: int, part: _Part) -> Mixer:
    """Projections beside each other, short convolutions behind them, one projection back."""

    def column(name: str, outputs: int, kernel: str) -> Matrix:
        return Matrix(f"attn.{name}_proj", hidden, outputs, Role.MIXER, kernel=kernel)

    matrices = [
        column("q", part.queries, "qkv"),
        column("k", part.keys, "qkv"),
    ]
    matrices += [column("v", part.values, "qkv")] if part.values else []
    matrices += [column("g", part.outputs, "")] if part.gated else []
    back = Matrix("attn.o_proj", part.outputs, hidden, Role.MIXER, Split.ROW)
    channels = part.queries + part.keys + part.values - part.unmoved
    kernel = keys.integer("conv_size", default=4, maximum=1024)
    if not keys.flag("use_short_conv", default=part.convolved):
        channels = 0
        keys.ignore("share_conv_kernel")
    core = StateCore(
        "linear attention",
        part.heads,
        part.state,
        convolution_tail(channels, kernel),
        part.operations * part.state + 2 * kernel * channels,
    )
    other = channels * kernel + part.other
    return Mixer("linear attention", (*matrices, *part.more, back), (core,), other)


def softmax_layers(keys: Keys, hidden: int, layers: int) -> dict[int, Mixer]:
    """The layers that ``attn`` lists, by their index."""
    own = keys.scope("attn")
    if own is None:
        return {}
    listed = own.integers("layers", maximum=layers - 1) or []
    heads = own.integer("num_heads", required=True, maximum=100_000)
    kv_heads = own.integer("num_kv_heads", default=heads, maximum=100_000)
    if hidden % heads or heads % kv_heads:
        raise own.problem(
            "num_heads",
            heads,
            say("a divisor of {number}, a multiple of {other}", number=hidden, other=kv_heads),
        )
    window = own.optional_integer("window_size", minimum=1)
    bias = own.flag("qkv_bias", default=False)
    part = attention(hidden, heads, kv_heads, hidden // heads, window=window, qkv_bias=bias)
    return dict.fromkeys(listed, part)


def _heads(keys: Keys, default: int, *widths: int) -> int:
    heads = keys.integer("num_heads", default=default, maximum=100_000)
    for width in widths:
        if width % heads:
            raise keys.problem(
                "num_heads", heads, say("a divisor of the {number} channels", number=width)
            )
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
        raise keys.problem(
            "num_kv_heads", kv_heads, say("a divisor of the {number} heads", number=heads)
        )
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
        convolved=True,
    )


def _value_heads(keys: Keys, heads: int) -> int:
    """Heads of values, several to one of queries and keys where there are more."""
    value_heads = keys.optional_integer("num_v_heads", minimum=1) or heads
    if value_heads % heads:
        raise keys.problem(
            "num_v_heads", value_heads, say("a multiple of the {number} heads", number=heads)
        )
    return value_heads


def _gated_delta(keys: Keys, hidden: int) -> _Part:
    heads = _heads(keys, 6)
    value_heads = _value_heads(keys, heads)
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
        convolved=True,
    )


def _kimi(keys: Keys, hidden: int) -> _Part:
    """Decay and output gate come through bottlenecks of one head's width."""
    heads = _heads(keys, 16)
    value_heads = _value_heads(keys, heads)
    head = keys.integer("head_dim", default=128, maximum=100_000)
    value = int(head * keys.number("expand_v", default=1.0))
    role, whole = Role.MIXER, Split.REPLICATED
    decay, wide = value_heads * head, value_heads * value
    return _Part(
        queries=heads * head,
        keys=heads * head,
        values=wide,
        outputs=wide,
        heads=value_heads,
        state=value_heads * head * value,
        operations=_GATED_DELTA,
        gated=False,
        more=(
            Matrix("attn.f_proj.0", hidden, value, role, whole),
            Matrix("attn.f_proj.1", value, decay, role),
            Matrix("attn.b_proj", hidden, value_heads, role),
            Matrix("attn.g_proj.0", hidden, value, role, whole),
            Matrix("attn.g_proj.1", value, wide, role, bias=True),
        ),
        other=value_heads + decay + value,
        convolved=True,
    )


def _slots(keys: Keys, hidden: int) -> _Part:
    """Two states of so many slots per head: what is looked for, and what is found."""
    if keys.text("feature_map", default="swish") == "t2r":
        raise keys.problem("feature_map", "t2r", say("one of {names}", names="swish, relu"))
    wide_k = int(hidden * keys.number("expand_k", "exapnd_k", default=1.0))
    wide_v = int(hidden * keys.number("expand_v", "exapnd_v", default=1.0))
    heads = _heads(keys, 4, wide_k, wide_v)
    kv_heads = keys.optional_integer("num_kv_heads", minimum=1) or heads
    if heads % kv_heads:
        raise keys.problem(
            "num_kv_heads", kv_heads, say("a divisor of the {number} heads", number=heads)
        )
    slots = keys.integer("num_slots", default=64 if not keys.has("num_slots") else wide_k // heads)
    shared = heads // kv_heads
    keys.ignore("use_output_gate")
    return _Part(
        queries=wide_k,
        keys=wide_k // shared,
        values=wide_v // shared,
        outputs=wide_v,
        heads=heads,
        state=slots * (wide_k + wide_v),
        operations=_DECAYED,
        gated=False,
        more=(Matrix("attn.f_proj", hidden, kv_heads * slots, Role.MIXER),),
        other=hidden,
    )


def _hgrn(keys: Keys, hidden: int) -> _Part:
    """Input, forget gate and output gate of every channel; a figure per channel is its state."""
    keys.ignore("num_heads")
    inner = hidden * keys.integer("expand_ratio", default=1, maximum=1024)
    return _Part(
        queries=inner,
        keys=inner,
        values=0,
        outputs=inner,
        heads=inner,
        state=inner,
        operations=_DECAYED,
        gated=True,
        other=inner,
    )


def _mesa(keys: Keys, hidden: int) -> _Part:
    """Two states per head; each token solves for its query by steps that read one of them."""
    heads = _heads(keys, 16)
    head = keys.integer("head_dim", default=128, maximum=100_000)
    steps = keys.integer("max_cg_step_decoding", default=30, maximum=10_000)
    wide = heads * head
    return _Part(
        queries=wide,
        keys=wide,
        values=wide,
        outputs=wide,
        heads=heads,
        state=2 * wide * head,
        operations=_DECAYED + steps,
        gated=keys.flag("use_output_gate", default=False),
        more=tuple(
            Matrix(f"attn.{name}_proj", hidden, heads, Role.MIXER, bias=True) for name in "ab"
        ),
        other=wide + head,
        unmoved=wide,
        convolved=True,
    )


def _hgrn2(keys: Keys, hidden: int) -> _Part:
    """A forget gate in the place of keys."""
    ratio = keys.optional_integer("expand_ratio", minimum=1)
    heads = hidden // ratio if ratio else keys.integer("num_heads", required=True)
    keys.ignore("num_heads")
    if not heads or hidden % heads:
        raise keys.problem("expand_ratio", ratio, say("a divisor of {number}", number=hidden))
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
    "hgrn": _hgrn,
    "kda": _kimi,
    "gsa": _slots,
    "mesa_net": _mesa,
}
