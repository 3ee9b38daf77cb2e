"""Drafts of a whole block of tokens in one pass: DFlash, DSpark, which is DFlash with heads that
add to a token's scores what the token before says (DeepSeek, June 2026), and Domino, which adds
what a recurrent unit over the tokens before says.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, first_apart, read_decoder, read_dimensions
from engine.model.dialects.nesting import flat_keys
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

DFLASH, DSPARK = "a DFlash draft", "a DSpark draft"
_BLOCK_LAYERS = ("qwen3", "llama")
_LIKE_QWEN3 = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")


def read_block(keys: Keys) -> Architecture:
    """Qwen3's layers over the target's states and a block of masked tokens; embedding and head are
    the target's. DSpark adds heads of the token before (vLLM's qwen3_dspark.py)."""
    inner = layer_keys(keys, "qwen3")
    kind = inner.values.get("model_type", "qwen3")
    if kind not in _BLOCK_LAYERS:
        raise inner.problem(
            "model_type", kind, say("one of {names}", names=", ".join(_BLOCK_LAYERS))
        )
    shape = read_dimensions(inner)
    inner.ignore("use_sliding_window")
    windows = layer_windows(inner, shape.layers, window_size(inner), [False] * shape.layers)
    settings = keys.scope("dflash_config")
    name, taps, other = DFLASH, shape.layers, 0
    heads: tuple[Matrix, ...] = ()
    rows = keys.optional_integer("draft_vocab_size", minimum=1) or shape.vocabulary
    for one in [keys] if settings is None else [keys, settings]:
        one.ignore("block_size", "mask_token_id", "num_target_layers", "num_anchors")
        one.ignore("shift_label", "pure_draft_prefix_len", "sample_from_anchor")
        one.ignore("confidence_head_alpha", "confidence_loss_weight")
        listed = one.integers("target_layer_ids") or one.integers("aux_hidden_state_layer_ids")
        taps = len(listed) if listed else taps
        if _is_domino(one):
            keys.ignore("emb_dim", "gru_hidden_dim")
            name, heads = DFLASH, _domino(one, shape.hidden, shape.vocabulary)
        elif one.optional_integer("markov_rank"):
            name = DSPARK
            heads, other = markov_heads(one, shape.hidden, shape.vocabulary, rows)
        if one.text("attention_mode", default="gqa") not in ("gqa", "mha"):
            mode = one.values["attention_mode"]
            raise one.problem("attention_mode", mode, say("one of {names}", names="gqa, mha"))
    ignore_training(keys)
    keys.ignore("rope_is_neox_style", "sliding_window_non_causal", "dspark_bonus_anchor")
    keys.ignore("use_aux_hidden_state", "markov_head_type", "enable_confidence_head")
    keys.ignore("confidence_head_with_markov")
    target = keys.optional_integer("target_hidden_size", minimum=1) or shape.hidden
    joined = Matrix("fc", taps * target, shape.hidden, Role.OTHER, Split.REPLICATED)
    text = read_decoder(inner, _LIKE_QWEN3, shape=shape, windows=windows, other=other)
    text = around(text, joined, shape.hidden, heads)
    if rows == shape.vocabulary:
        return replace(with_targets_ends(text), draft=name)
    return replace(with_own_head(text, rows), embedding_parameters=0, draft=name)


def layer_keys(keys: Keys, model_type: str) -> Keys:
    """Those of the layer's own config, where vLLM's speculators nest one, else of the file, with
    the defaults of ``model_type``."""
    inner = keys.scope("transformer_layer_config", model_type=model_type)
    if inner is None:
        return flat_keys(keys, model_type)
    inner.nested = False
    return inner


def _is_domino(settings: Keys) -> bool:
    """Whether these are the settings of Domino's head; raises `InputError` for other projectors."""
    kind = settings.text("projector_type", default="")
    if kind not in ("", "dflash", "dspark", "domino"):
        names = say("one of {names}", names="dflash, dspark, domino")
        raise settings.problem("projector_type", kind, names)
    return kind == "domino"


def _domino(settings: Keys, hidden: int, vocabulary: int) -> tuple[Matrix, ...]:
    """Domino's correction of a token's scores: a recurrent unit over the embeddings of the tokens
    before, and two projections of its state beside the layers' (SpecForge, draft/domino.py)."""
    wide = settings.integer("emb_dim", maximum=1_000_000)
    state = settings.integer("gru_hidden_dim", maximum=1_000_000)
    role, whole = Role.OTHER, Split.REPLICATED
    return (
        Matrix("prefix_gru.input", hidden, 3 * state, role, whole, serial=True),
        Matrix("prefix_gru.state", state, 3 * state, role, whole, serial=True),
        Matrix("embed_proj.0", hidden + state, wide, role, whole, serial=True),
        Matrix("embed_proj.2", wide, vocabulary, role, serial=True),
    )


def markov_heads(
    keys: Keys, hidden: int, vocabulary: int, rows: int
) -> tuple[tuple[Matrix, ...], int]:
    """DSpark's heads: a table by the token before and a projection to the words that are scored,
    both of low rank, and one number for how sure it is; the first and the last as elements."""
    rank, kind = keys.integer("markov_rank"), keys.text("markov_head_type", default="vanilla")
    if kind != "vanilla":
        raise keys.problem("markov_head_type", kind, say("one of {names}", names="vanilla"))
    confidence = 0
    if keys.flag("enable_confidence_head", default=False):
        joint = keys.flag("confidence_head_with_markov", default=False)
        confidence = hidden + (rank if joint else 0) + 1
    head = Matrix("markov_head", rank, rows, Role.OTHER, Split.REPLICATED, serial=True)
    return (head,), vocabulary * rank + confidence


def around(
    text: Architecture, joined: Matrix, norms: int, heads: tuple[Matrix, ...] = ()
) -> Architecture:
    """With a projection (and ``norms`` elements of its norms) in front of the first layer and
    ``heads`` behind it."""
    first, *others = text.layers
    other = first.block.other_parameters + norms
    matrices = (joined, *first.block.matrices, *heads)
    block = replace(first.block, matrices=matrices, other_parameters=other)
    return replace(text, layers=(*first_apart(block, first.block, first.count), *others))


def with_targets_ends(text: Architecture) -> Architecture:
    """``text`` without embedding and head of its own: the work of the head stays."""
    return replace(text, embedding_parameters=0, tied_embeddings=True)


def with_own_head(text: Architecture, rows: int) -> Architecture:
    """``text`` with a head of its own, which scores ``rows`` words."""
    head = Matrix("lm_head", text.hidden_size, rows, Role.LM_HEAD)
    return replace(text, lm_head=head, vocabulary_size=rows, tied_embeddings=False)


def ignore_training(keys: Keys) -> None:
    """Keys of a draft that change nothing of it."""
    keys.ignore("speculators_config", "speculators_model_type", "speculators_version", "auto_map")
    keys.ignore("norm_before_residual", "embed_requires_grad", "has_no_defaults_at_init")
    keys.ignore("max_window_layers", "target_model_type", "num_target_layers", "torch_dtype")
