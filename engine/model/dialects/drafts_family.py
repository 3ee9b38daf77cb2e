"""Drafts whose layers are those of the family they follow: EAGLE of Cohere, Llama 4, MiniCPM and
Mistral, DSpark of Kimi K3 (dense latent attention) and of Gemma 4.

Layouts as vLLM 0.33 loads them (cohere_eagle.py, llama4_eagle.py, minicpm_eagle.py,
mistral_eagle.py, mistral_large_3_eagle.py, gemma4_dspark.py; kimi_k3/nvidia/dspark_mla.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.architecture import Architecture
from engine.model.dialects.classes import class_names
from engine.model.dialects.decoder import LAYERS, Traits, plain_feed_forward, read_decoder
from engine.model.dialects.deepseek import read_latent, read_latent_shape
from engine.model.dialects.drafts_block import (
    DSPARK,
    around,
    ignore_training,
    markov_heads,
    with_targets_ends,
)
from engine.model.dialects.index import reader_for
from engine.model.dialects.nesting import flat_keys
from engine.model.keys import MAXIMUM_LAYERS, MISSING, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say


@dataclass(frozen=True, slots=True)
class _Family:
    """Whose layers a class has, and what stands around them."""

    kind: str
    bias: bool = False
    """Whether the projection of embedding and state has one."""
    norms: int = 0
    """Norms of embedding and state before it, each of the hidden size."""


_FAMILIES = {
    "EagleCohereForCausalLM": _Family("cohere", bias=True),
    "EagleLlama4ForCausalLM": _Family("llama4_text"),
    "EagleMiniCPMForCausalLM": _Family("minicpm", norms=2),
    "MiniCPMForCausalLMEagle": _Family("minicpm", norms=2),
    "EagleMistralForCausalLM": _Family("mistral"),
    "EagleMistralLarge3ForCausalLM": _Family("deepseek_v3"),
    "MistralLarge3ForCausalLMEagle": _Family("deepseek_v3"),
}
CLASSES = tuple(_FAMILIES)

EXPERTS = (
    "first_k_dense_replace",
    "moe_intermediate_size",
    "moe_layer_freq",
    "n_group",
    "n_routed_experts",
    "n_shared_experts",
    "num_experts_per_tok",
    "num_nextn_predict_layers",
    "topk_group",
)
"""Of the target: dense drafts over latent attention keep the keys."""
_OF_COHERE = ("cohere", "cohere2")


def read_family_eagle(keys: Keys) -> Architecture:
    """The family's layers and last norm behind one projection of embedding and hidden state;
    embedding and head are the target's."""
    known = [one for one in class_names(keys.values) if one in _FAMILIES]
    if not known:
        given = keys.values.get("architectures")
        given = MISSING if given is None else given
        raise keys.problem("architectures", given, say("the class of a draft"))
    name = known[0]
    family = _FAMILIES[name]
    stated = keys.values.get("model_type")
    kind = stated if family.kind in _OF_COHERE and stated in _OF_COHERE else family.kind
    ignore_training(keys)
    keys.ignore("eagle", "bias")
    inner = flat_keys(keys, kind)
    if kind == "llama4_text":
        _without_experts(inner)
    if kind == "deepseek_v3":
        layers = inner.integer(*LAYERS, maximum=MAXIMUM_LAYERS)
        if (inner.optional_integer("first_k_dense_replace") or 0) >= layers:
            inner.ignore(*EXPERTS)
    reader = reader_for(kind)
    assert reader is not None
    text = reader(inner)
    hidden = text.hidden_size
    joined = Matrix("fc", 2 * hidden, hidden, Role.OTHER, Split.REPLICATED, bias=family.bias)
    return with_targets_ends(around(text, joined, family.norms * hidden))


def _without_experts(keys: Keys) -> None:
    """Llama 4's drafts are dense (llama4_eagle.py says so)."""
    if keys.integers("moe_layers") != []:
        listed = keys.values.get("moe_layers")
        raise keys.problem("moe_layers", listed, say("an empty list: this draft has no experts"))


def read_latent_block(keys: Keys) -> Architecture:
    """Kimi K3's: dense layers of latent attention over states of some of the target's layers,
    which one projection and one norm join, and DSpark's heads."""
    heads_keys = keys
    keys = flat_keys(keys, "deepseek_v3")
    ignore_training(keys)
    for name in ("mla_use_nope", "mla_use_output_gate", "mla_use_qk_norm", "dspark_bonus_anchor"):
        if keys.flag(name, default=False):
            raise keys.problem(name, True, "false")
    keys.ignore(*EXPERTS, "block_size", "mask_token_id")
    shape = read_latent_shape(keys)
    taps = keys.integers("target_layer_ids") or []
    if not taps:
        raise keys.problem("target_layer_ids", taps, say("layers of the model"))
    target = keys.optional_integer("target_hidden_size", minimum=1) or shape.hidden
    heads, other = markov_heads(heads_keys, shape.hidden, shape.vocabulary, shape.vocabulary)
    heads_keys.ignore("draft_vocab_size")
    mixer = read_latent(keys, shape)[0]
    text = read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=lambda index: mixer,
        feed_forward=plain_feed_forward(keys, shape, Traits()),
        other=other,
    )
    joined = Matrix("context_proj", len(taps) * target, shape.hidden, Role.OTHER, Split.REPLICATED)
    return replace(with_targets_ends(around(text, joined, shape.hidden, heads)), draft=DSPARK)


def read_gemma_block(keys: Keys) -> Architecture:
    """Gemma 4's: its own layers, embedding and head, with DSpark's around them."""
    ignore_training(keys)
    keys.ignore("block_size", "mask_token_id", "num_target_layers", "num_anchors")
    keys.ignore("num_kv_shared_layers", "dspark_bonus_anchor")
    taps = keys.integers("dspark_target_layer_ids", "target_layer_ids") or []
    if not taps:
        raise keys.problem("target_layer_ids", taps, say("layers of the model"))
    inner = flat_keys(keys, "gemma4_text")
    reader = reader_for("gemma4_text")
    assert reader is not None
    text = reader(inner)
    rows = keys.optional_integer("draft_vocab_size", minimum=1) or text.vocabulary_size
    heads, other = markov_heads(keys, text.hidden_size, text.vocabulary_size, rows)
    hidden = text.hidden_size
    joined = Matrix("fc", len(taps) * hidden, hidden, Role.OTHER, Split.REPLICATED)
    found = around(text, joined, hidden, heads)
    return replace(found, other_parameters=found.other_parameters + other, draft=DSPARK)
