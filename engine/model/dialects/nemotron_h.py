"""Nemotron-H and Nemotron 3: a layer is one mixer, one feed-forward part or one expert bank.

The order is a string of letters (M Mamba 2, * attention, - feed-forward, E experts) or a list of
words; its length is the layer count. ``expand`` is a decoy: heads × head width size the mixer.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.dialects.decoder import (
    HEADS,
    HIDDEN,
    KV_HEADS,
    LAYERS,
    Traits,
    assemble,
    read_head_dim,
)
from engine.model.dialects.mamba import state_groups
from engine.model.dialects.parts import FeedForward, Mixer, attention, dense, layer, mixture
from engine.model.dialects.states import mamba2
from engine.model.keys import MAXIMUM_LAYERS, MISSING, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

LETTERS = {"M": "state", "*": "attention", "-": "dense", "E": "experts"}
WORDS = {
    "mamba": "state",
    "linear_attention": "state",
    "attention": "attention",
    "full_attention": "attention",
    "mlp": "dense",
    "dense": "dense",
    "moe": "experts",
    "sparse": "experts",
}
DEFAULT = ["state", "experts", "attention", "dense"]


def read(keys: Keys) -> Architecture:
    """One norm per layer; squared ReLU without a gate everywhere."""
    hidden = keys.integer(*HIDDEN, required=True, maximum=1_000_000)
    kinds = _kinds(keys, ("layers_block_type", "layer_types"), ("hybrid_override_pattern",))
    if kinds is None:
        keys.assume("layers_block_type", DEFAULT, say("class default of {name}", name="nemotron_h"))
        kinds = list(DEFAULT)
    _check_count(keys, len(kinds))
    keys.ignore("expand", "mamba_expand", "chunk_size", "mamba_chunk_size")
    predicted = _kinds(keys, ("mtp_layers_block_type",), ("mtp_hybrid_override_pattern",))
    predicted = predicted or ["attention", "experts"]
    count = keys.optional_integer("num_nextn_predict_layers") or 0
    if not count:
        predicted = []
    parts = {kind: _block(keys, hidden, kind) for kind in dict.fromkeys([*kinds, *predicted])}
    _ignore_absent(keys, set(parts))
    return assemble(
        keys,
        hidden,
        keys.integer("vocab_size", required=True),
        [parts[kind] for kind in kinds],
        Traits(),
        prediction=_prediction(hidden, [parts[kind] for kind in predicted], count),
    )


def _check_count(keys: Keys, listed: int) -> None:
    """The count of layers, which this class takes from its pattern, must say the same."""
    name, stated = keys.raw(*LAYERS)
    if stated is not MISSING and stated is not None and stated != listed:
        raise keys.problem(
            name, stated, say("{number}, as many as its pattern of layers has", number=listed)
        )


def _kinds(keys: Keys, lists: tuple[str, ...], patterns: tuple[str, ...]) -> list[str] | None:
    words = keys.texts(*lists)
    letters = _letters(keys, *patterns)
    if words is None and not letters:
        return None
    if len(words or letters) > MAXIMUM_LAYERS:
        raise keys.problem(
            lists[0], say("{number} entries", number=len(words or letters)), say("fewer layers")
        )
    table, given, name = (
        (WORDS, words, lists[0]) if words else (LETTERS, list(letters), patterns[0])
    )
    assert given is not None
    for entry in given:
        if entry not in table:
            raise keys.problem(name, entry, say("one of {names}", names=" ".join(table)))
    return [table[entry] for entry in given]


def _letters(keys: Keys, *names: str) -> str:
    """A pattern, as one text or (mlx-lm) as a list of letters."""
    _, value = keys.raw(*names)
    if isinstance(value, list) and all(isinstance(one, str) and len(one) == 1 for one in value):
        return "".join(value)
    return keys.text(*names, default="")


def _block(keys: Keys, hidden: int, kind: str) -> Block:
    mixer, feed_forward = Mixer(""), FeedForward("")
    if kind == "state":
        mixer = _state(keys, hidden)
    elif kind == "attention":
        mixer = _attention(keys, hidden)
    elif kind == "dense":
        feed_forward = dense(
            hidden,
            keys.integer("intermediate_size"),
            gated=False,
            bias=keys.flag("mlp_bias", default=False),
            name="mixer",
        )
    else:
        feed_forward = _experts(keys, hidden)
    return layer(mixer, feed_forward, norms=1, norm_parameters=hidden)


def _state(keys: Keys, hidden: int) -> Mixer:
    heads = keys.integer("mamba_num_heads")
    return mamba2(
        hidden,
        heads * keys.integer("mamba_head_dim"),
        heads=heads,
        groups=state_groups(keys, heads, "mamba_n_groups", "n_groups"),
        state=keys.integer("ssm_state_size"),
        kernel=keys.integer("mamba_d_conv", "conv_kernel"),
        convolution_bias=keys.flag("mamba_conv_bias", "use_conv_bias", default=True),
        bias=keys.flag("use_bias", "mamba_proj_bias", default=False),
    )


def _attention(keys: Keys, hidden: int) -> Mixer:
    heads = keys.integer(*HEADS, maximum=100_000)
    kv_heads = keys.integer(*KV_HEADS, default=heads, reason=say("as many as query heads"))
    if heads % kv_heads:
        raise keys.problem(
            KV_HEADS[0], kv_heads, say("a divisor of the {number} attention heads", number=heads)
        )
    bias = keys.flag("attention_bias", default=False)
    return attention(
        hidden,
        heads,
        kv_heads,
        read_head_dim(keys, hidden, heads),
        window=keys.optional_integer("sliding_window") or None,
        qkv_bias=bias,
        output_bias=bias,
    )


def _experts(keys: Keys, hidden: int) -> FeedForward:
    """Routed experts, in a smaller latent space when ``moe_latent_size`` says so."""
    count = keys.integer("n_routed_experts", "num_local_experts")
    shared = keys.integer("n_shared_experts", default=1, minimum=0)
    latent = keys.optional_integer("moe_latent_size", minimum=1) or 0
    bias = keys.flag("mlp_bias", default=False)
    groups = keys.integer("n_group", default=1)
    if count % groups:
        raise keys.problem(
            "n_group", groups, say("a divisor of the {number} experts", number=count)
        )
    visited = keys.integer("topk_group", default=1, maximum=groups)
    return mixture(
        hidden,
        keys.integer("moe_intermediate_size"),
        count,
        keys.integer("num_experts_per_tok", maximum=count),
        gated=False,
        groups=groups,
        groups_per_token=visited,
        shared_width=shared * keys.integer("moe_shared_expert_intermediate_size"),
        shared_bias=bias,
        expert_hidden=latent,
        name="mixer",
        other=latent + hidden if bias and latent else 0,
    )


def _ignore_absent(keys: Keys, kinds: set[str]) -> None:
    """Sizes of kinds of layers that this model does not have change nothing."""
    if "experts" not in kinds:
        keys.ignore("n_routed_experts", "n_shared_experts", "moe_intermediate_size", "n_group")
        keys.ignore("moe_shared_expert_intermediate_size", "num_experts_per_tok", "topk_group")
        keys.ignore("moe_latent_size")
    if "dense" not in kinds:
        keys.ignore("intermediate_size", "mlp_bias")
    keys.ignore("moe_shared_expert_overlap", "mamba_proj_bias", "time_step_rank")


def _prediction(hidden: int, blocks: list[Block], count: int) -> tuple[LayerGroup, ...]:
    """Multi-token prediction: embedding and state joined, then the layers of its own pattern."""
    if not count or not blocks:
        return ()
    joining = Matrix("eh_proj", 2 * hidden, hidden, Role.OTHER, Split.REPLICATED)
    first = replace(
        blocks[0],
        matrices=(joining, *blocks[0].matrices),
        norms=blocks[0].norms + 3,
        other_parameters=blocks[0].other_parameters + 3 * hidden,
    )
    return tuple(LayerGroup(block, count) for block in (first, *blocks[1:]))
