"""Draft models that speculate for a target: EAGLE, EAGLE-3, P-EAGLE, DFlash, DSpark and one-layer
MTP heads.

They work on hidden states of the target, so they are no models by themselves: their bytes, cache
and FLOPs are those of what is in the checkpoint, with the vocabulary that they score (a part of the
target's in EAGLE-3). Layouts as SpecForge trains and SGLang and vLLM load them
(https://github.com/sgl-project/SpecForge, specforge/modeling/draft; vLLM's speculators nest the
layer's config in ``transformer_layer_config``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture
from engine.model.dialects.classes import class_names
from engine.model.dialects.decoder import (
    Traits,
    assemble,
    plain_attention,
    plain_feed_forward,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import read_latent, read_latent_shape
from engine.model.dialects.drafts_block import (
    DFLASH,
    DSPARK,
    ignore_training,
    layer_keys,
    read_block,
    with_own_head,
    with_targets_ends,
)
from engine.model.dialects.drafts_family import (
    CLASSES,
    EXPERTS,
    read_family_eagle,
    read_gemma_block,
    read_latent_block,
)
from engine.model.dialects.nesting import flat_keys
from engine.model.dialects.parts import Mixer, attention, layer
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.errors import InputError, UnknownArchitecture
from engine.words.messages import say
from engine.words.text import clean

_CLASSES = {
    "PEagleDraftModel": "p-eagle-draft",
    "DFlashDraftModel": "dflash-draft",
    "QwenDFlashDraftModel": "dflash-draft",
    "DominoDraftModel": "dflash-draft",
    "Qwen3_5MTPDraftModel": "mtp-draft",
    "Eagle3DraftModel": "eagle3-draft",
    "Eagle3Speculator": "eagle3-draft",
    "LlamaForCausalLMEagle3": "eagle3-draft",
    "LlamaForCausalLMEagle": "eagle-draft",
    "EagleLlamaForCausalLM": "eagle-draft",
    "MistralForCausalLMEagle": "eagle-draft",
    "Qwen2ForCausalLMEagle": "eagle-draft",
    "EagleQwen2ForCausalLM": "eagle-draft",
    "Eagle3DeepseekV2ForCausalLM": "eagle3-latent-draft",
    "Eagle3DeepseekV3ForCausalLM": "eagle3-latent-draft",
    **dict.fromkeys(CLASSES, "family-eagle-draft"),
    "K3DSparkModel": "latent-dspark-draft",
    "Gemma4DSparkModel": "gemma-dspark-draft",
}
_NAMES = {
    "eagle-draft": "an EAGLE draft",
    "family-eagle-draft": "an EAGLE draft",
    "eagle3-draft": "an EAGLE-3 draft",
    "eagle3-latent-draft": "an EAGLE-3 draft",
    "p-eagle-draft": "a P-EAGLE draft",
    "dflash-draft": DFLASH,
    "dspark-draft": DSPARK,
    "latent-dspark-draft": DSPARK,
    "gemma-dspark-draft": DSPARK,
    "mtp-draft": "a multi-token-prediction draft",
}
_EAGLE3 = re.compile(r"^Eagle3(?!Deepseek)\w+ForCausalLM$|Eagle3$")
_P_EAGLE = re.compile(r"^Peagle\w+ForCausalLM$")
_DSPARK = re.compile(r"^(Qwen3|Qwen3Omni|Lfm2|Lfm2Moe)?DSpark(Draft)?Model$")
_PREDICTS = re.compile(r"(_?MTP(Model)?|NextN)$|^Deepseek\w+DSpark$|^DSparkV41")
"""Engines build these from the last layers of a model's own checkpoint."""
_OTHERS = re.compile(
    r"^(DSpark|Domino|DFlash|DSpine|HSpec|Dspine|EDSD)\w*(Draft|Model|ForCausalLM)"
    r"|DSpark|DFlash2|DFlareDraft|^LiLiCorr|XPressModel$|^Eagle(?!2_5_VL)|Eagle$"
)
_PATTERNS = {
    _EAGLE3: "eagle3-draft",
    _P_EAGLE: "p-eagle-draft",
    _DSPARK: "dspark-draft",
    _PREDICTS: "other-draft",
    _OTHERS: "other-draft",
}
"""Names of classes in vLLM 0.33 (registry.py, ``_SPECULATIVE_DECODING_MODELS``) and SGLang 0.5
(srt/models), the first that fits."""


def draft_kind(config: Mapping[str, Any]) -> str:
    """The model type of a draft, by its class or by its own vocabulary; "" for other models."""
    names = class_names(config)
    for name in names[:1]:
        if name in _CLASSES:
            return _CLASSES[name]
        for pattern, kind in _PATTERNS.items():
            if pattern.search(name):
                return kind
    stated = config.get("speculators_model_type")
    if stated == "dspark":
        return "dspark-draft"
    if config.get("model_type") == "k3_dspark":
        return "latent-dspark-draft"
    if stated is not None and stated != "eagle3":
        return "other-draft"
    named = stated == "eagle3" or config.get("draft_vocab_size") is not None
    return "eagle3-draft" if named else ""


def read(keys: Keys) -> Architecture:
    """A draft, by its kind; its target's embedding and head count where the checkpoint has them."""
    if keys.model_type == "other-draft":
        stated = (
            keys.values.get("speculators_model_type") or (class_names(keys.values) or ("?",))[0]
        )
        raise _refused(keys, str(stated))
    readers = {
        "dflash-draft": read_block,
        "dspark-draft": read_block,
        "mtp-draft": _read_prediction,
        "eagle-draft": _read_first_eagle,
        "family-eagle-draft": read_family_eagle,
        "latent-dspark-draft": read_latent_block,
        "gemma-dspark-draft": read_gemma_block,
        "eagle3-latent-draft": _read_latent_eagle,
    }
    read_kind = readers.get(keys.model_type, _read_eagle)
    found = read_kind(keys)
    name = found.draft or _NAMES[keys.model_type]
    keys.warnings.append(
        f"{name}: it speculates from hidden states of its target and serves nothing by itself"
    )
    return replace(found, draft=name)


def _refused(keys: Keys, stated: str) -> InputError:
    """Why a draft is not read."""
    if _PREDICTS.search(stated):
        return UnknownArchitecture(
            say(
                "{source}: {name} is what engines build of a model's multi-token-prediction "
                "layers; expected the model's own config.json (--draft mtp drafts with them)",
                source=keys.source,
                name=clean(stated, 60),
            )
        )
    return UnknownArchitecture(
        say(
            "{source}: {name} is a draft that speculates for another model, whose layers are not "
            "described; expected {known}, or a model",
            source=keys.source,
            name=clean(stated, 60),
            known=", ".join(dict.fromkeys(_NAMES.values())),
        )
    )


_OF_TARGETS = (
    "add_classification_head",
    "attention_head_dim",
    "cla_share_factor",
    "class_num",
    "decoder_sparse_step",
    "dense_list",
    "mlp_only_layers",
    "norm_topk_prob",
    "norm_type",
    "org_vocab_size",
    "pool_type",
    "use_cla",
    "use_qk_norm",
)
"""Left in drafts by their targets, mixtures and Hunyuan: their own layers are Llama's."""


def _read_eagle(keys: Keys) -> Architecture:
    """The first layer's attention reads embedding and hidden state side by side; three hidden
    states of the target are joined by one projection."""
    inner = layer_keys(keys, "llama")
    ignore_training(keys)
    inner.ignore(*_OF_TARGETS)
    shape = read_dimensions(inner)
    taps = _taps(keys)
    target = keys.optional_integer("target_hidden_size", minimum=1) or shape.hidden
    rows = keys.integer("draft_vocab_size", default=shape.vocabulary)
    joined = Matrix("fc", taps * target, shape.hidden, Role.OTHER, Split.REPLICATED)
    bias = inner.flag("attention_bias", default=False)

    def mixer(index: int) -> Mixer:
        plain = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim, qkv_bias=bias)
        return plain if index else _doubled(plain, joined, shape.hidden)

    other = taps * target if keys.model_type == "p-eagle-draft" else 0
    other += taps * target if keys.flag("norm_before_fc", default=False) else 0
    text = read_decoder(inner, Traits(), shape=shape, mixer=mixer, other=other)
    return with_own_head(text, rows)


def _read_first_eagle(keys: Keys) -> Architecture:
    """The target's own layer behind one projection of embedding and hidden state; neither a norm
    in front of the first layer nor one at the end (arXiv:2401.15077; vLLM's llama_eagle.py)."""
    ignore_training(keys)
    keys.ignore("bias")
    shape = read_dimensions(keys)
    joined = Matrix("fc", 2 * shape.hidden, shape.hidden, Role.OTHER, Split.REPLICATED)
    usual = any("Qwen2" in one for one in class_names(keys.values)[:1])
    traits = Traits(qkv_bias=usual or "attention_bias", final_norm=False)
    mixer, part = (
        plain_attention(keys, shape, traits, None),
        plain_feed_forward(keys, shape, traits),
    )
    blocks = []
    for index in range(shape.layers):
        own = mixer(index)
        if not index:
            own = replace(own, kind="draft attention", matrices=(joined, *own.matrices))
        norms = 2 if index else 1
        blocks.append(layer(own, part(index), norms=norms, norm_parameters=norms * shape.hidden))
    text = assemble(keys, shape.hidden, shape.vocabulary, blocks, traits)
    return with_targets_ends(text)


def _read_latent_eagle(keys: Keys) -> Architecture:
    """EAGLE-3 over latent attention, a dense part behind it (vLLM's deepseek_eagle3.py)."""
    keys = flat_keys(keys, "deepseek_v3")
    ignore_training(keys)
    keys.ignore(*EXPERTS)
    shape = read_latent_shape(keys)
    given = keys.optional_integer("num_aux_hidden_states", minimum=1, maximum=1000)
    taps = given or _taps(keys)
    target = keys.optional_integer("target_hidden_size", minimum=1) or shape.hidden
    rows = keys.integer("draft_vocab_size", default=shape.vocabulary)
    joined = Matrix("fc", taps * target, shape.hidden, Role.OTHER, Split.REPLICATED)
    plain = read_latent(keys, shape)[0]
    wide = tuple(
        replace(one, inputs=2 * shape.hidden) if one.inputs == shape.hidden else one
        for one in plain.matrices
    )
    first = replace(plain, kind="draft latent attention", matrices=(joined, *wide))
    other = taps * target if keys.flag("fc_norm", default=False) else 0
    keys.ignore("norm_output")
    text = read_decoder(
        keys,
        Traits(norms=3),
        shape=shape,
        mixer=lambda index: plain if index else first,
        feed_forward=plain_feed_forward(keys, shape, Traits()),
        other=other,
    )
    return with_own_head(text, rows)


def _doubled(plain: Mixer, joined: Matrix, hidden: int) -> Mixer:
    """Twice the inputs for queries, keys and values, one norm more, and the projection in front."""
    matrices = tuple(
        replace(matrix, inputs=2 * hidden) if matrix.role is Role.ATTENTION else matrix
        for matrix in plain.matrices
    )
    return replace(
        plain, kind="draft attention", matrices=(joined, *matrices), other=plain.other + hidden
    )


def _read_prediction(keys: Keys) -> Architecture:
    """Norms of embedding and state, one projection of both, and one layer."""
    shape = read_dimensions(keys)
    settings = keys.scope("mtp_config")
    shared = settings is None or settings.flag("share_lm_head", default=True)
    gate = keys.flag("attn_output_gate", default=False)
    bias = keys.flag("attention_bias", default=False)
    joining = Matrix("mtp.fc", 2 * shape.hidden, shape.hidden, Role.OTHER, Split.REPLICATED)

    def mixer(index: int) -> Mixer:
        plain = attention(
            shape.hidden,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            qkv_bias=bias,
            output_bias=bias,
            qk_norm="head",
            output_gate=gate,
        )
        return replace(plain, matrices=(joining, *plain.matrices)) if not index else plain

    text = read_decoder(keys, Traits(), shape=shape, mixer=mixer, other=2 * shape.hidden)
    if shared:
        return with_targets_ends(text)
    return replace(text, embedding_parameters=0, tied_embeddings=False)


def _taps(keys: Keys) -> int:
    """How many of the target's layers it reads: three unless the file lists them."""
    listed = keys.integers("eagle_aux_hidden_state_layer_ids")
    settings = keys.scope("eagle_config")
    if settings is not None:
        inner = settings.integers("eagle_aux_hidden_state_layer_ids")
        settings.ignore("use_aux_hidden_state", "use_input_layernorm_in_first_layer")
        listed = listed or inner
    return len(listed) if listed else 3
