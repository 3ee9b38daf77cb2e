"""RWKV 4 to 7: linear attention with decay, and a squared-ReLU channel mix.

Version 4 (arXiv:2305.13048) keeps vectors per channel, 5 and 6 (arXiv:2404.05892) and 7
(arXiv:2503.14456) one matrix per head. 6 and 7 make their decay and mixes with low-rank pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.architecture import Architecture
from engine.model.cores import StateCore
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.parts import FeedForward, Mixer, layer
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

_WHOLE = Split.REPLICATED


@dataclass(frozen=True, slots=True)
class _Sizes:
    hidden: int
    inner: int
    heads: int
    head: int
    width: int


def read(keys: Keys) -> Architecture:
    """By generation."""
    keys.ignore("rescale_every", "context_length", "model_version", "head_size_divisor")
    keys.ignore("fuse_norm", "fuse_cross_entropy", "norm_first", "norm_bias", "use_head_matmul")
    sizes = _sizes(keys)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    mixers = _mixers(keys, sizes, layers)
    mix = _channel_mix(sizes, last=keys.model_type == "rwkv7")
    return assemble(
        keys,
        sizes.hidden,
        keys.integer("vocab_size", required=True),
        [layer(mixer, mix, norm_parameters=4 * sizes.hidden) for mixer in mixers],
        Traits(norm="layer"),
        other=2 * sizes.hidden,
    )


def _mixers(keys: Keys, sizes: _Sizes, layers: int) -> list[Mixer]:
    if keys.model_type == "rwkv7":
        first, rest = _seventh(keys, sizes, first=True), _seventh(keys, sizes, first=False)
        return [first] + [rest] * (layers - 1)
    makers = {"rwkv": _fourth, "rwkv5": _fifth}
    maker = makers.get(keys.model_type)
    return [maker(sizes) if maker else _sixth(keys, sizes)] * layers


def _sizes(keys: Keys) -> _Sizes:
    hidden = keys.integer("hidden_size", required=True, maximum=1_000_000)
    inner = keys.optional_integer("attention_hidden_size", minimum=1) or hidden
    head = keys.integer("head_size", "head_dim", default=64) if keys.model_type != "rwkv" else 1
    if inner % head:
        raise keys.problem(
            "head_size", head, say("a divisor of the {number} channels", number=inner)
        )
    keys.ignore("num_attention_heads", "head_size")
    default = int(hidden * 3.5) // 32 * 32
    if keys.model_type in ("rwkv", "rwkv7"):
        default = int(keys.number("hidden_ratio", default=4.0)) * hidden
    keys.ignore("hidden_ratio", "num_heads", "value_dim", "attn_mode")
    if keys.values.get("attn") is not None:
        raise keys.problem(
            "attn",
            keys.values["attn"],
            say("null: layers that attend to everything are not described"),
        )
    width = keys.optional_integer("intermediate_size", minimum=1) or default
    return _Sizes(hidden, inner, inner // head, head, width)


def _projections(sizes: _Sizes, names: tuple[str, ...]) -> tuple[Matrix, ...]:
    inputs = tuple(
        Matrix(f"attention.{name}", sizes.hidden, sizes.inner, Role.MIXER, kernel="rwkv_in")
        for name in names
    )
    output = Matrix("attention.output", sizes.inner, sizes.hidden, Role.MIXER, Split.ROW)
    return (*inputs, output)


def _channel_mix(sizes: _Sizes, last: bool) -> FeedForward:
    """Version 7 (``last``) has no receptance and one mix instead of two."""
    hidden, width, name = sizes.hidden, sizes.width, "feed_forward"
    matrices = [
        Matrix(f"{name}.key", hidden, width, Role.DENSE_MLP),
        Matrix(f"{name}.value", width, hidden, Role.DENSE_MLP, Split.ROW),
    ]
    if not last:
        matrices.append(Matrix(f"{name}.receptance", hidden, hidden, Role.DENSE_MLP))
    return FeedForward("channel mix", tuple(matrices), other=(1 if last else 2) * hidden)


def _fourth(sizes: _Sizes) -> Mixer:
    """Numerator, denominator and largest exponent per channel, and the last input of both mixes
    (kept in the activation type)."""
    core = StateCore("rwkv", sizes.inner, 3 * sizes.inner, 2 * sizes.hidden, 12 * sizes.inner)
    matrices = _projections(sizes, ("key", "value", "receptance"))
    return Mixer("rwkv", matrices, (core,), 2 * sizes.inner + 3 * sizes.hidden)


def _matrix_state(sizes: _Sizes) -> StateCore:
    state = sizes.heads * sizes.head * sizes.head
    return StateCore("rwkv", sizes.heads, state, 2 * sizes.hidden, 7 * state)


def _fifth(sizes: _Sizes) -> Mixer:
    """A gate, and a norm per head with weight and bias."""
    matrices = _projections(sizes, ("key", "value", "receptance", "gate"))
    other = 4 * sizes.hidden + 2 * sizes.inner + 2 * sizes.inner
    return Mixer("rwkv", matrices, (_matrix_state(sizes),), other)


def _sixth(keys: Keys, sizes: _Sizes) -> Mixer:
    """Mixes and decay depend on the data through low-rank pairs."""
    mix = keys.integer("time_mix_extra_dim", default=64 if sizes.hidden == 4096 else 32)
    decay = keys.integer("time_decay_extra_dim", default=128 if sizes.hidden == 4096 else 64)
    low_rank = (
        Matrix("attention.time_maa_w1", sizes.hidden, 5 * mix, Role.MIXER, _WHOLE),
        Matrix("attention.time_maa_w2", mix, 5 * sizes.hidden, Role.MIXER, _WHOLE),
        Matrix("attention.time_decay_w1", sizes.hidden, decay, Role.MIXER, _WHOLE),
        Matrix("attention.time_decay_w2", decay, sizes.inner, Role.MIXER),
    )
    matrices = _projections(sizes, ("key", "value", "receptance", "gate")) + low_rank
    other = 6 * sizes.hidden + 2 * sizes.inner + 2 * sizes.inner
    return Mixer("rwkv", matrices, (_matrix_state(sizes),), other)


def _seventh(keys: Keys, sizes: _Sizes, *, first: bool) -> Mixer:
    """Decay, in-context rate, value mix (not in the first layer) and gate come from low-rank
    pairs; all but the gate have a bias."""
    hidden = sizes.hidden

    def pair(letter: str, rank: int, bias: bool) -> tuple[Matrix, ...]:
        name = f"attn.{letter}_lora"
        return (
            Matrix(f"{name}.down", hidden, rank, Role.MIXER, _WHOLE),
            Matrix(f"{name}.up", rank, sizes.inner, Role.MIXER, bias=bias),
        )

    ranks = {
        letter: keys.integer(f"{name}_low_rank_dim", required=True)
        for letter, name in (("w", "decay"), ("a", "a"), ("v", "v"), ("g", "gate"))
    }
    matrices = _projections(sizes, ("receptance", "key", "value"))
    for letter, rank in ranks.items():
        if letter != "v" or not first:
            matrices += pair(letter, rank, letter != "g")
    other = 6 * hidden + 3 * sizes.inner + 2 * sizes.inner
    return Mixer("rwkv", matrices, (_matrix_state(sizes),), other)
