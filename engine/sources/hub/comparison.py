"""The hub's parameter count beside ours: a second witness, with what each of them counts."""

from __future__ import annotations

from typing import Any

from engine.sources.hub.contents import HubCount

_PLAIN = {"F64", "F32", "F16", "BF16"}
"""Data types of which one element is one parameter of the model."""


def hub_json(count: HubCount | None, ours: int, prediction: int) -> dict[str, Any]:
    """``hub_parameters`` (None where the hub offers no count) and what is needed to judge it.

    ``ours`` is our total, ``prediction`` what multi-token-prediction layers hold beside it.
    """
    return {
        "hub_parameters": None if count is None else count.total,
        "hub_parameters_by_type": {} if count is None else dict(count.by_type),
        "hub_note": None if count is None else _note(count, ours, prediction),
    }


def hub_text(count: HubCount | None, ours: int, prediction: int) -> str:
    """The same as lines under the figures of ``rooftop model``."""
    if count is None:
        return "  hub          offers no parameter count"
    types = ", ".join(f"{name} {number:,}" for name, number in count.by_type)
    return (
        f"  hub          {count.total:,} elements in safetensors ({types})\n"
        f"               {_note(count, ours, prediction)}"
    )


def _note(count: HubCount, ours: int, prediction: int) -> str:
    if count.total == ours:
        return "the same as counted here"
    with_prediction = ours + prediction
    if prediction and count.total == with_prediction:
        return "the same as counted here with the multi-token-prediction layers"
    difference = f"{count.total / ours - 1:+.2%} against the {ours:,} counted here"
    reasons = []
    if any(name not in _PLAIN for name, _ in count.by_type):
        reasons.append("packed weights and their scales are elements of the file, not parameters")
    if prediction:
        reasons.append(f"{prediction:,} in multi-token-prediction layers are counted apart here")
    return f"{difference}{': ' if reasons else ''}{'; '.join(reasons)}"
