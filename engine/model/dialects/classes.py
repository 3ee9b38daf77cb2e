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

from engine.model.architecture import Architecture
from engine.model.defaults import class_defaults
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say
from engine.words.text import clean

_BARE = re.compile(r"^(?!ChatGLM)\w*(?<!LMHead)(?<!DoubleHeads)(?<!MT)(?<!Draft)Model$")
"""ChatGLM's generating class is a ``…Model``, Marian's a ``…MTModel``."""
_SCORES = re.compile(r"For(Sequence|Token)?Classification|EmbedModel$")
"""The last is Voyage's: a projection to ``num_labels`` figures."""
_REWARDS = {"ForRewardModel": 1, "ForProcessRewardModel": 2}
"""Two projections, the second to so many scores (Qwen2.5-Math-RM, modeling_qwen2_rm.py)."""


_WITH_STEP = re.compile(r"^(M?Bart|PLBart|Mvp|U?M?T5)ForSequence")
"""A square step with biases stands before the scores (``BartClassificationHead``,
``T5ClassificationHead``)."""


def class_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that ``architectures`` lists; empty when it lists none."""
    named = config.get("architectures")
    return tuple(one for one in named if isinstance(one, str)) if isinstance(named, list) else ()


def with_head_of_class(
    architecture: Architecture, config: Mapping[str, Any], *, wrapped: bool
) -> Architecture:
    """``architecture`` with the head of its class, where that is not the LM head.

    Classes of models that are ``wrapped`` around a text model have names of their own
    (InternVLChatModel generates): a bare name says something there only where it is the one that
    transformers gives the type.
    """
    names = class_names(config)
    if not names:
        return architecture
    name, hidden = names[0], architecture.hidden_size
    if _SCORES.search(name):
        bias = name.endswith("ForTokenClassification")
        step = bool(_WITH_STEP.match(name))
        found = _headed(architecture, _labels(config), bias=bias or step)
        if step:
            found = replace(found, other_parameters=found.other_parameters + hidden * (hidden + 1))
        return _warned(found, _scores(name))
    for suffix, scores in _REWARDS.items():
        if name.endswith(suffix):
            inner = (hidden + 1) * hidden + 1
            found = _headed(architecture, scores)
            found = replace(found, other_parameters=found.other_parameters + inner)
            return _warned(found, _scores(name))
    if _BARE.match(name) and (not wrapped or _is_base(name, config)):
        warning = say(
            "{name} has no LM head: it generates no tokens and is planned as an encoder, one pass "
            "over each sequence; --task generate plans it with an LM head",
            name=clean(name, 60),
        )
        return _warned(_headed(architecture, 0), warning)
    return architecture


def _scores(name: str) -> str:
    return say(
        "{name} scores with a small head: it generates no tokens and is planned as an encoder, one "
        "pass over each sequence; --task generate plans it with an LM head",
        name=clean(name, 60),
    )


def _is_base(name: str, config: Mapping[str, Any]) -> bool:
    """Whether ``name`` is transformers' own class without a head of the file's model type."""
    model_type = str(config.get("model_type") or "")
    plain = re.sub(r"[_-]", "", f"{model_type}Model").lower()
    return bool(class_defaults(model_type)) and plain == name.replace("_", "").lower()


def _headed(architecture: Architecture, outputs: int, bias: bool = False) -> Architecture:
    head = Matrix(
        "score", architecture.hidden_size, outputs, Role.LM_HEAD, Split.REPLICATED, bias=bias
    )
    return replace(architecture, lm_head=head, tied_embeddings=False)


def _warned(architecture: Architecture, warning: str) -> Architecture:
    return replace(architecture, warnings=(*architecture.warnings, warning))


def pooling(architecture: Architecture, said_by: str = "") -> Architecture:
    """``architecture`` as an engine runs it to embed texts: its LM head is not loaded.
    ``said_by`` is the file that says so, where nobody asked for it."""
    found = _headed(architecture, 0)
    if not said_by:
        return found
    warning = say(
        "{file} beside the config says that it embeds: it is planned as an encoder, one pass over "
        "each sequence, without its LM head; --task generate plans it as a generator",
        file=said_by,
    )
    return _warned(found, warning)


def _labels(config: Mapping[str, Any]) -> int:
    """Labels that the config names; transformers' own default is 2."""
    given = config.get("num_labels")
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given <= 1_000_000:
        return given
    names = config.get("id2label")
    return len(names) if isinstance(names, dict) and names else 2
