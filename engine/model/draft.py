"""What drafts for a model: its own prediction layers, or a checkpoint made to follow it.

A draft is an `Architecture` of its own, whose passes, weights and cache are counted like any
other's. One whose checkpoint nobody names is of the shape that published ones of its method have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.model.architecture import Architecture
from engine.model.blocks import LayerGroup
from engine.model.config import LoadedModel
from engine.model.config.interpret import interpret
from engine.model.config.loaded import RawConfig
from engine.model.precision import FORMATS, Precision
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


class DraftMethod(StrEnum):
    """How tokens are drafted."""

    PREDICTION = "mtp"
    """By the checkpoint's own multi-token-prediction layers."""
    EAGLE = "eagle"
    """By a layer over the last hidden state of the model, one token after the other."""
    EAGLE3 = "eagle3"
    """By a layer over hidden states of three of the model's layers, one token after the other."""
    P_EAGLE = "p-eagle"
    """As EAGLE-3, all tokens in one pass."""
    DFLASH = "dflash"
    """By layers over a block of masked tokens, all in one pass."""
    DSPARK = "dspark"
    """As DFlash, and heads that add to the scores of a token what the one before says."""
    MODEL = "draft-model"
    """By a small model of its own."""
    NGRAM = "ngram"
    """By looking the last tokens up in the prompt."""


IN_ONE_PASS = frozenset({DraftMethod.P_EAGLE, DraftMethod.DFLASH, DraftMethod.DSPARK})
"""Methods whose pass drafts the whole block."""
_WITH_CHECKPOINT = frozenset({DraftMethod.MODEL, DraftMethod.EAGLE})
NAMED_METHODS = tuple(method for method in DraftMethod if method not in _WITH_CHECKPOINT)
"""Methods that need no checkpoint to be named."""
_CHECKPOINTS = {
    "an EAGLE draft": DraftMethod.EAGLE,
    "an EAGLE-3 draft": DraftMethod.EAGLE3,
    "a P-EAGLE draft": DraftMethod.P_EAGLE,
    "a DFlash draft": DraftMethod.DFLASH,
    "a DSpark draft": DraftMethod.DSPARK,
    "a multi-token-prediction draft": DraftMethod.PREDICTION,
}
"""What the dialects call a draft's checkpoint."""
_LAYERS = {
    DraftMethod.EAGLE3: 1,
    DraftMethod.P_EAGLE: 4,
    DraftMethod.DFLASH: 5,
    DraftMethod.DSPARK: 5,
}
"""Of published drafts: EAGLE-3 one layer (arXiv:2503.01840); P-EAGLE four (vLLM's blog of 13 March
2026); DFlash five (z-lab/Qwen3-8B-DFlash-b16), DSpark taken to be like it."""
_HEAD_DIM = 128
_KV_HEADS = 8
_WIDTH = 3
"""Inner width over hidden size of EAGLE-3 drafts: 2.6 (Kimi-K2) to 6 (Qwen3-235B)."""
_VOCABULARY = 32_000
"""Words that EAGLE-3 drafts score (draft_vocab_size of published ones)."""
_MARKOV_RANK = 256
"""Of DSpark's heads (DeepSeek-V4-Flash-DSpark; Kimi-K3's 512)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What drafts. ``architecture`` is what one pass goes through, None where nothing does; it has
    weights and a cache of its own unless it is ``built_in``, where those are the model's."""

    method: DraftMethod
    architecture: Architecture | None
    precision: Precision
    built_in: bool = False
    assumed: bool = False
    """Nobody named a checkpoint: of the method's usual shape."""
    checkpoint: str = ""
    """Where engines find it: on the hub, else as it was named; empty where there is none."""

    @property
    def in_one_pass(self) -> bool:
        """Whether one pass drafts all tokens of a step."""
        return self.method in IN_ONE_PASS


def draft_of(
    named: str,
    target: Architecture,
    precision: Precision,
    read: Callable[[str], LoadedModel],
) -> Draft:
    """The draft that ``named`` means: a method, or what ``read`` finds under it; empty is the
    usual one of ``target``. Raises `InputError`."""
    methods = {method.value: method for method in DraftMethod}
    if not named:
        return _by_method(_usual_method(target), target, precision)
    if named.lower() in methods:
        return _by_method(methods[named.lower()], target, precision)
    try:
        loaded = read(named)
    except InputError as error:
        raise InputError(
            say("--draft: {error}; expected {expected}", error=error, expected=_expected())
        ) from None
    own = loaded.architecture
    if not isinstance(own, Architecture) or not own.generates:
        raise InputError(
            say(
                "--draft {named}: drafts no tokens, expected {expected}",
                named=clean(named, 80),
                expected=_expected(),
            )
        )
    method = _CHECKPOINTS.get(own.draft, DraftMethod.MODEL)
    stored = replace(loaded.precision, kv=precision.kv)
    return Draft(method, own, stored, checkpoint=loaded.repository or named)


def _usual_method(target: Architecture) -> DraftMethod:
    if not target.prediction_layers:
        return DraftMethod.EAGLE3
    return DraftMethod.DSPARK if target.predicts_blocks else DraftMethod.PREDICTION


def _expected() -> str:
    return f"one of {', '.join(NAMED_METHODS)}, or a draft's profile, path or hub id"


def _by_method(method: DraftMethod, target: Architecture, precision: Precision) -> Draft:
    if method is DraftMethod.NGRAM:
        return Draft(method, None, precision)
    own = _usual_method(target)
    if method is DraftMethod.PREDICTION or (method is own and target.predicts_blocks):
        return Draft(method, _own_layers(target, method), precision, built_in=True)
    if method in _WITH_CHECKPOINT:
        raise InputError(
            say("--draft {method}: name the model: its profile, path or hub id", method=method)
        )
    plain = FORMATS["bf16"]
    made = _usual(method, target)
    return Draft(method, made, Precision(plain, plain, precision.kv), assumed=True)


def _own_layers(target: Architecture, method: DraftMethod) -> Architecture:
    """What one pass of the prediction layers goes through, one module or all stages, as a model:
    embedding and head are the target's."""
    if not target.prediction_layers or method is not _usual_method(target):
        raise InputError(
            say(
                "--draft mtp: {target} has no prediction layers of its own, "
                "expected another method, or a draft's profile, path or hub id",
                target=target.name or "the model",
            )
        )
    layers = target.prediction_layers
    if not target.predicts_blocks:
        layers = tuple(LayerGroup(one.block, 1) for one in layers)
    return replace(
        target,
        layers=layers,
        shared=(),
        prediction_layers=(),
        prediction_other_parameters=0,
        embedding_parameters=0,
        tied_embeddings=True,
        tower_parameters=0,
    )


def _usual(method: DraftMethod, target: Architecture) -> Architecture:
    """A draft of the usual shape over the hidden states of ``target``."""
    hidden, layers = target.hidden_size, _LAYERS[method]
    heads = max(hidden // _HEAD_DIM, 1)
    shape: dict[str, Any] = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": _KV_HEADS if heads % _KV_HEADS == 0 else heads,
        "head_dim": _HEAD_DIM,
        "intermediate_size": _WIDTH * hidden,
        "vocab_size": target.vocabulary_size,
        "max_position_embeddings": target.maximum_positions or 4096,
    }
    named = {
        DraftMethod.EAGLE3: "LlamaForCausalLMEagle3",
        DraftMethod.P_EAGLE: "PEagleDraftModel",
    }.get(method, "DFlashDraftModel")
    if method in (DraftMethod.EAGLE3, DraftMethod.P_EAGLE):
        shape |= {"draft_vocab_size": min(_VOCABULARY, target.vocabulary_size)}
        shape |= {"model_type": "llama", "tie_word_embeddings": True}
    else:
        shape |= {"model_type": "qwen3", "block_size": 16}
    if method is DraftMethod.DSPARK:
        shape |= {"markov_rank": _MARKOV_RANK}
    words = f"a usual {method.value} draft"
    raw = RawConfig(method.value, words, words, {"architectures": [named], **shape})
    made = interpret(raw, method.value).architecture
    assert isinstance(made, Architecture)
    # It scores the words of its own head and reads the target's embedding.
    return replace(made, embedding_parameters=0)
