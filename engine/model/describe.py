"""What was understood of a model, in figures: the proof that its config was read right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.model.architecture import Architecture
from engine.model.bytes import (
    cache_bytes_per_token,
    cross_bytes_per_source_token,
    source_tokens,
    state_bytes,
    unbounded_cache_bytes_per_token,
    weight_bytes,
)
from engine.model.config import LoadedModel
from engine.model.precision import NumberFormat, Precision
from engine.words.text import clean


@dataclass(frozen=True, slots=True)
class Description:
    """Figures of one model; bytes are of the checkpoint's own precision unless overridden."""

    name: str
    model_type: str
    origin: str
    architecture: Architecture
    precision: Precision
    kv: NumberFormat
    layers: tuple[tuple[str, int], ...]
    """Kinds of layers with their counts."""
    kv_bytes_per_token: float
    unbounded_kv_bytes_per_token: float
    """The part that grows with the whole context: without windowed layers."""
    state_bytes_per_sequence: float
    cross_bytes_per_source_token: float
    """What cross-attention holds of one token of the encoder, once per request."""
    source_tokens: int
    """Tokens that the encoder makes of any request; 0 where the prompt decides."""
    weight_bytes: float
    warnings: tuple[str, ...]


def describe(model: LoadedModel, kv: NumberFormat | None = None) -> Description:
    """Describe a language model; ``kv`` overrides how its cache is stored."""
    architecture = model.architecture
    if not isinstance(architecture, Architecture):
        raise TypeError("describe() is for language models")
    stored = kv or model.precision.kv
    counts: dict[str, int] = {}
    for block, count in architecture.blocks():
        counts[block.kind] = counts.get(block.kind, 0) + count
    return Description(
        model.name,
        architecture.model_type,
        model.origin,
        architecture,
        model.precision,
        stored,
        tuple(counts.items()),
        cache_bytes_per_token(architecture, stored),
        unbounded_cache_bytes_per_token(architecture, stored),
        state_bytes(architecture),
        cross_bytes_per_source_token(architecture, stored),
        source_tokens(architecture),
        weight_bytes(architecture, model.precision),
        model.warnings,
    )


def matrix_flops_per_token(architecture: Architecture) -> int:
    """FLOPs of all weight matrices for one token, LM head included: 2 per multiply-add."""
    total = architecture.lm_head.weights
    for block, count in architecture.blocks():
        elements = sum(matrix.weights for matrix in block.matrices)
        if block.experts is not None:
            experts = block.experts
            elements += experts.top_k * sum(matrix.weights for matrix in experts.matrices)
            elements += experts.router.weights if experts.router else 0
        total += count * elements
    return 2 * total


def as_json(description: Description) -> dict[str, Any]:
    """The figures under names that carry their unit; bytes are whole numbers."""
    architecture = description.architecture
    return {
        "name": description.name,
        "model_type": description.model_type,
        "total_parameters": architecture.total_parameters,
        "active_parameters": architecture.active_parameters,
        "kv_bytes_per_token": _number(description.kv_bytes_per_token),
        "weight_bytes": round(description.weight_bytes),
        "layers": dict(description.layers),
        "assumptions": [
            {"key": item.key, "value": item.value, "reason": item.reason}
            for item in architecture.assumptions
        ],
        "matrix_flops_per_token": matrix_flops_per_token(architecture),
        "layer_count": architecture.layer_count,
        "hidden_size": architecture.hidden_size,
        "vocabulary_size": architecture.vocabulary_size,
        "embedding_parameters": architecture.embedding_parameters,
        "tower_parameters": architecture.tower_parameters,
        "tied_embeddings": architecture.tied_embeddings,
        "mtp_parameters": architecture.prediction_parameters,
        "kv_format": description.kv.name,
        "unbounded_kv_bytes_per_token": _number(description.unbounded_kv_bytes_per_token),
        "state_bytes_per_sequence": _number(description.state_bytes_per_sequence),
        "cross_bytes_per_source_token": _number(description.cross_bytes_per_source_token),
        "cross_bytes_per_sequence": _number(
            description.cross_bytes_per_source_token * description.source_tokens
        ),
        "uncounted": list(architecture.uncounted),
        "quantization": quantisation_label(description.precision),
        "warnings": list(description.warnings),
    }


def _number(value: float) -> int | float:
    return round(value) if float(value).is_integer() else value


def quantisation_label(precision: Precision) -> str:
    """The precision with the roles it leaves in another format."""
    label, mixed = precision.label, precision.weights.mixed_with
    if mixed:
        label += f" and {mixed}"
    if not precision.overrides:
        return label
    kept = ", ".join(
        f"{role.value} {stored.name}" + (f" and {stored.mixed_with}" if stored.mixed_with else "")
        for role, stored in precision.overrides
    )
    return f"{label} ({kept})"


def as_text(description: Description) -> str:
    """The figures for a reader, one per line."""
    architecture = description.architecture
    tied = "shared with the LM head" if architecture.tied_embeddings else "and LM head apart"
    lines = [
        f"{description.name}  {description.model_type}, {description.origin}",
        f"  parameters   {_billions(architecture.total_parameters)} total, "
        f"{_billions(architecture.active_parameters)} active per token",
        f"               {architecture.total_parameters:,} total, "
        f"{architecture.active_parameters:,} active",
        f"               embedding {tied}; embeddings and towers count in both, "
        "multi-token prediction in neither",
    ]
    if architecture.tower_parameters:
        lines.append(f"  towers       {_billions(architecture.tower_parameters)} of the total")
    if architecture.prediction_layers:
        lines.append(
            f"  prediction   {_billions(architecture.prediction_parameters)} more in "
            "multi-token-prediction layers"
        )
    lines.append(
        f"  KV cache     {description.kv_bytes_per_token:,.0f} bytes per token in "
        f"{description.kv.name}"
    )
    if description.unbounded_kv_bytes_per_token != description.kv_bytes_per_token:
        lines.append(
            f"               {description.unbounded_kv_bytes_per_token:,.0f} bytes per token "
            "beyond the windows"
        )
    if description.state_bytes_per_sequence:
        lines.append(
            f"  state        {description.state_bytes_per_sequence:,.0f} bytes per sequence"
        )
    lines += _cross_lines(description)
    left_out = ", ".join(clean(name, 60) for name in architecture.uncounted)
    lines.append(
        f"  weights      {description.weight_bytes / 2**30:,.2f} GiB as "
        f"{quantisation_label(description.precision)}"
        + (f", not counting {left_out}" if left_out else "")
    )
    lines.append(f"  layers       {architecture.layer_count}")
    lines += [f"               {count} × {kind}" for kind, count in description.layers]
    if architecture.assumptions:
        lines.append("  assumed")
        lines += [
            f"               {item.key} = {item.value} ({item.reason})"
            for item in architecture.assumptions
        ]
    lines += [f"  warning      {warning}" for warning in description.warnings]
    return "\n".join(lines)


def _cross_lines(description: Description) -> list[str]:
    """What cross-attention holds per request, in bytes that generated tokens add nothing to."""
    each, tokens = description.cross_bytes_per_source_token, description.source_tokens
    if not each:
        return []
    if tokens:
        return [
            f"  cross        {each * tokens:,.0f} bytes per sequence, once for {tokens:,} tokens "
            "of its encoder"
        ]
    return [f"  cross        {each:,.0f} bytes per token of the prompt, once per sequence"]


def _billions(count: int) -> str:
    return f"{count / 1e9:,.2f} B"
