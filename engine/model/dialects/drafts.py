"""Draft models that speculate for a target: EAGLE-3, P-EAGLE, DFlash, DSpark, one-layer MTP heads.

They work on hidden states of the target, so they are no models by themselves: their bytes, cache
and FLOPs are those of what is in the checkpoint, with the vocabulary that they score (a part of the
target's in EAGLE-3). Layouts as SpecForge trains and SGLang and vLLM load them
(https://github.com/sgl-project/SpecForge, specforge/modeling/draft; vLLM's speculators nest the
layer's config in ``transformer_layer_config``). DSpark is a DFlash draft with heads that add to its
logits what the token before says (DeepSeek, June 2026; sglang/srt/models/dspark.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture, Matrix, Role, Split
from engine.model.dialects.classes import class_names
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.nesting import flat_keys
from engine.model.dialects.parts import Mixer, attention
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys
from engine.words.errors import InputError, UnknownArchitecture
from engine.words.messages import say
from engine.words.text import clean

_CLASSES = {
    "PEagleDraftModel": "p-eagle-draft",
    "DFlashDraftModel": "dflash-draft",
    "Qwen3_5MTPDraftModel": "mtp-draft",
    "Eagle3DraftModel": "eagle3-draft",
    "Eagle3Speculator": "eagle3-draft",
    "LlamaForCausalLMEagle3": "eagle3-draft",
}
_NAMES = {
    "eagle3-draft": "an EAGLE-3 draft",
    "p-eagle-draft": "a P-EAGLE draft",
    "dflash-draft": "a DFlash draft",
    "dspark-draft": "a DSpark draft",
    "mtp-draft": "a multi-token-prediction draft",
}
_EAGLE3 = re.compile(r"^Eagle3(?!Deepseek)\w+ForCausalLM$|Eagle3$")
_P_EAGLE = re.compile(r"^Peagle\w+ForCausalLM$")
_DSPARK = re.compile(r"^(Qwen3|Lfm2|Lfm2Moe)?DSpark(Draft)?Model$")
_PREDICTS = re.compile(r"(_?MTP(Model)?|NextN)$")
"""Engines build these from the last layers of a model's own checkpoint."""
_OTHERS = re.compile(
    r"^(DSpark|Domino|DFlash|DSpine|HSpec|Dspine|EDSD)\w*(Draft|Model|ForCausalLM)"
    r"|DSpark|DFlash2|^LiLiCorr|XPressModel$|^Eagle|Eagle$"
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
_LAYER_CONFIG = "transformer_layer_config"


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
        "dflash-draft": _read_block,
        "dspark-draft": _read_block,
        "mtp-draft": _read_prediction,
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
            known=", ".join(_NAMES.values()),
        )
    )


def _read_eagle(keys: Keys) -> Architecture:
    """The first layer's attention reads embedding and hidden state side by side; three hidden
    states of the target are joined by one projection."""
    inner = _layer_keys(keys)
    _ignore_training(keys)
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
    head = Matrix("lm_head", shape.hidden, rows, Role.LM_HEAD)
    return replace(text, lm_head=head, vocabulary_size=rows, tied_embeddings=False)


def _doubled(plain: Mixer, joined: Matrix, hidden: int) -> Mixer:
    """Twice the inputs for queries, keys and values, one norm more, and the projection in front."""
    matrices = tuple(
        replace(matrix, inputs=2 * hidden) if matrix.role is Role.ATTENTION else matrix
        for matrix in plain.matrices
    )
    return replace(
        plain, kind="draft attention", matrices=(joined, *matrices), other=plain.other + hidden
    )


def _read_block(keys: Keys) -> Architecture:
    """Qwen3's layers over the target's states and a block of masked tokens; embedding and head are
    the target's. DSpark adds heads of the token before."""
    nested = keys.scope(_LAYER_CONFIG, model_type="qwen3")
    inner = keys if nested is None else nested
    inner.nested = False
    _refuse_other_layers(keys, inner)
    shape = read_dimensions(inner)
    windows = layer_windows(inner, shape.layers, window_size(inner), [False] * shape.layers)
    settings = keys.scope("dflash_config")
    told = [keys] if settings is None else [keys, settings]
    states, other = shape.layers, 0
    markov: tuple[Matrix, ...] = ()
    for one in told:
        one.ignore("block_size", "mask_token_id", "num_target_layers", "num_anchors")
        one.ignore("shift_label", "pure_draft_prefix_len", "sample_from_anchor", "projector_type")
        listed = one.integers("target_layer_ids", "aux_hidden_state_layer_ids")
        states = len(listed) if listed else states
        found, more = _markov(one, shape.hidden, shape.vocabulary)
        markov, other = (found, more) if found else (markov, other + more)
        mode = one.text("attention_mode", default="gqa")
        if mode not in ("gqa", "mha"):
            raise one.problem("attention_mode", mode, "gqa")
    _ignore_training(keys)
    keys.ignore("rope_is_neox_style", "sliding_window_non_causal")
    text = read_decoder(inner, _LIKE_QWEN3, shape=shape, windows=windows, other=other)
    joined = Matrix("fc", states * shape.hidden, shape.hidden, Role.OTHER, Split.REPLICATED)
    kind = _NAMES["dspark-draft" if markov else "dflash-draft"]
    made = _with_targets_ends(_around(text, joined, shape.hidden, markov))
    return replace(made, draft=kind)


def _refuse_other_layers(keys: Keys, inner: Keys) -> None:
    """Raise where the layers are not of a described kind."""
    kind = inner.values.get("model_type", "qwen3")
    if kind not in _BLOCK_LAYERS:
        raise inner.problem("model_type", kind, " or ".join(_BLOCK_LAYERS) + " for a block draft")


def _markov(keys: Keys, hidden: int, vocabulary: int) -> tuple[tuple[Matrix, ...], int]:
    """DSpark's heads: a table by the token before and a projection to the vocabulary, both of low
    rank, and one number for how sure it is."""
    rank = keys.optional_integer("markov_rank") or 0
    if not rank:
        keys.ignore("markov_head_type", "enable_confidence_head", "confidence_head_with_markov")
        return (), 0
    kind = keys.text("markov_head_type", default="vanilla")
    sure = keys.flag("enable_confidence_head", default=False)
    joint = keys.flag("confidence_head_with_markov", default=True)
    if kind != "vanilla":
        raise keys.problem("markov_head_type", kind, "vanilla")
    confidence = hidden + (rank if joint else 0) + 1 if sure else 0
    head = Matrix("markov_head", rank, vocabulary, Role.OTHER)
    return (head,), vocabulary * rank + confidence


def _around(
    text: Architecture, joined: Matrix, hidden: int, heads: tuple[Matrix, ...]
) -> Architecture:
    """With a projection (and its norm) in front of the first layer and ``heads`` behind it."""
    first, *others = text.layers
    other = first.block.other_parameters + hidden
    matrices = (joined, *first.block.matrices, *heads)
    block = replace(first.block, matrices=matrices, other_parameters=other)
    rest = [replace(first, count=first.count - 1)] if first.count > 1 else []
    return replace(text, layers=(replace(first, block=block, count=1), *rest, *others))


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
        return _with_targets_ends(text)
    return replace(text, embedding_parameters=0, tied_embeddings=False)


_BLOCK_LAYERS = ("qwen3", "llama")
_LIKE_QWEN3 = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")


def _with_targets_ends(text: Architecture) -> Architecture:
    """``text`` without embedding and head of its own: the work of the head stays."""
    return replace(text, embedding_parameters=0, tied_embeddings=True)


def _layer_keys(keys: Keys) -> Keys:
    """The layer's own config where it is nested, else the file's, with Llama's defaults."""
    inner = keys.scope(_LAYER_CONFIG, model_type="llama")
    if inner is None:
        return flat_keys(keys, "llama")
    inner.nested = False
    return inner


def _taps(keys: Keys) -> int:
    """How many of the target's layers it reads: three unless the file lists them."""
    listed = keys.integers("eagle_aux_hidden_state_layer_ids")
    settings = keys.scope("eagle_config")
    if settings is not None:
        inner = settings.integers("eagle_aux_hidden_state_layer_ids")
        settings.ignore("use_aux_hidden_state", "use_input_layernorm_in_first_layer")
        listed = listed or inner
    return len(listed) if listed else 3


def _ignore_training(keys: Keys) -> None:
    keys.ignore("speculators_config", "speculators_model_type", "speculators_version", "auto_map")
    keys.ignore("norm_before_residual", "embed_requires_grad", "has_no_defaults_at_init")
    keys.ignore("max_window_layers", "target_model_type", "num_target_layers", "torch_dtype")
