"""Pure state-space models: Mamba, Falcon-Mamba and Mamba 2. No cache grows with context."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import HIDDEN, LAYERS, Traits, assemble
from engine.model.dialects.parts import FeedForward, Mixer, layer
from engine.model.dialects.states import automatic_step_rank, mamba1, mamba2
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """A stack of mixers with one norm each and no feed-forward part."""
    hidden = keys.integer(*HIDDEN, required=True, maximum=1_000_000)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    mixer = _mamba2(keys, hidden) if keys.model_type == "mamba2" else read_mamba1(keys, hidden)
    block = layer(mixer, FeedForward(""), norms=1, norm_parameters=hidden)
    vocabulary = keys.integer("vocab_size", required=True)
    return assemble(keys, hidden, vocabulary, [block] * layers, Traits())


def read_mamba1(keys: Keys, hidden: int) -> Mixer:
    """The first Mamba's mixer, by the keys that its class has."""
    inner = inner_width(keys, hidden, "expand")
    given = keys.optional_integer("intermediate_size", "d_inner", minimum=1)
    return mamba1(
        hidden,
        given or inner,
        state=keys.integer("state_size"),
        kernel=keys.integer("conv_kernel"),
        step_rank=step_rank(keys, hidden, "time_step_rank"),
        convolution_bias=keys.flag("use_conv_bias", default=True),
        bias=keys.flag("use_bias", default=False),
    )


def _mamba2(keys: Keys, hidden: int) -> Mixer:
    inner = inner_width(keys, hidden, "expand")
    head_dim = keys.integer("head_dim")
    heads = _heads(keys, inner // head_dim)
    if heads * head_dim != inner:
        raise keys.problem(
            "num_heads",
            heads,
            say("the {number} inner channels over {other}", number=inner, other=head_dim),
        )
    stated = keys.optional_integer("intermediate_size", "d_inner", minimum=1)
    if stated is not None and stated != inner:
        raise keys.problem(
            "intermediate_size", stated, say("{number}, expand times the hidden size", number=inner)
        )
    keys.ignore("time_step_rank")
    return mamba2(
        hidden,
        inner,
        heads=heads,
        groups=state_groups(keys, heads, "n_groups"),
        state=keys.integer("state_size"),
        kernel=keys.integer("conv_kernel"),
        convolution_bias=keys.flag("use_conv_bias", default=True),
        bias=keys.flag("use_bias", default=False),
    )


def _heads(keys: Keys, usual: int) -> int:
    """Given, or as many as the inner channels hold (flash-linear-attention's class knows no other;
    transformers' default is this for its own width)."""
    if keys.has("num_heads") or not usual:
        return keys.integer("num_heads")
    keys.assume("num_heads", usual, say("inner channels over the width of a head"))
    return usual


def state_groups(keys: Keys, heads: int, *names: str) -> int:
    """Groups of heads that share B and C; raises `InputError` unless they divide the heads."""
    groups = keys.integer(*names)
    if heads % groups:
        name = next((one for one in names if keys.has(one)), names[0])
        raise keys.problem(name, groups, say("a divisor of the {number} heads", number=heads))
    return groups


def inner_width(keys: Keys, hidden: int, name: str) -> int:
    """Channels of the mixer: ``name`` (2 as a rule) times the hidden size."""
    factor = keys.number(name, default=2.0)
    if not 0 < factor <= 1000:
        raise keys.problem(name, factor, say("a number above 0, at most {largest:g}", largest=1000))
    return int(factor * hidden)


def step_rank(keys: Keys, hidden: int, name: str) -> int:
    """Rank of the step-size projection; the file may say ``auto``."""
    if keys.values.get(name, keys.defaults.get(name, "auto")) == "auto":
        keys.ignore(name)
        return automatic_step_rank(hidden)
    return keys.integer(name)
