"""What the class in ``architectures`` says: an LM head, a small head in its place, or none.

transformers names its classes by what they end with (modeling_layers.py:
``GenericForSequenceClassification`` has a projection to the labels without bias,
``GenericForTokenClassification`` one with bias; a bare ``…Model`` ends with its last norm).
Embedding and reward models are published under these names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture, Matrix, Role, Split

_BARE = re.compile(r"^(?!ChatGLM)\w*(?<!LMHead)(?<!DoubleHeads)(?<!MT)(?<!Draft)Model$")
"""ChatGLM's generating class is a ``…Model``, Marian's a ``…MTModel``."""
_SCORES = ("ForSequenceClassification", "ForTokenClassification")
_REWARDS = {"ForRewardModel": 1, "ForProcessRewardModel": 2}
"""Two projections, the second to so many scores (Qwen2.5-Math-RM, modeling_qwen2_rm.py)."""


def class_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that ``architectures`` lists; empty when it lists none."""
    named = config.get("architectures")
    return tuple(one for one in named if isinstance(one, str)) if isinstance(named, list) else ()


def with_head_of_class(
    architecture: Architecture, config: Mapping[str, Any], *, wrapped: bool
) -> Architecture:
    """``architecture`` with the head of its class, where that is not the LM head.

    Classes of models that are ``wrapped`` around a text model have names of their own
    (InternVLChatModel generates): a bare name says nothing there.
    """
    names = class_names(config)
    if not names:
        return architecture
    name, hidden = names[0], architecture.hidden_size
    if name.endswith(_SCORES):
        bias = name.endswith("ForTokenClassification")
        return _headed(architecture, name, _labels(config), "scores with a small head", bias=bias)
    for suffix, scores in _REWARDS.items():
        if name.endswith(suffix):
            inner = (hidden + 1) * hidden + 1
            found = _headed(architecture, name, scores, "scores with a small head")
            return replace(found, other_parameters=found.other_parameters + inner)
    if _BARE.match(name) and not wrapped:
        return _headed(architecture, name, 0, "has no LM head")
    return architecture


def _headed(
    architecture: Architecture, name: str, outputs: int, what: str, bias: bool = False
) -> Architecture:
    head = Matrix(
        "score", architecture.hidden_size, outputs, Role.LM_HEAD, Split.REPLICATED, bias=bias
    )
    warning = (
        f"{name} {what}: it generates no tokens and is planned as an encoder, one pass over each "
        f"sequence; --assume {architecture.model_type} plans it with an LM head"
    )
    return replace(
        architecture,
        lm_head=head,
        tied_embeddings=False,
        warnings=(*architecture.warnings, warning),
    )


def pooling(architecture: Architecture) -> Architecture:
    """``architecture`` as an engine runs it to embed texts: its LM head is not loaded."""
    return _headed(architecture, architecture.name, 0, "embeds")


def _labels(config: Mapping[str, Any]) -> int:
    """Labels that the config names; transformers' own default is 2."""
    given = config.get("num_labels")
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given <= 1_000_000:
        return given
    names = config.get("id2label")
    return len(names) if isinstance(names, dict) and names else 2
