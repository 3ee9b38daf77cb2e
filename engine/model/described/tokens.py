"""What was understood of a model, in figures: the proof that its config was read right."""

from __future__ import annotations

from collections.abc import Iterator
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
from engine.words.cells import left
from engine.words.messages import ENGLISH, retold, say
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
            {"key": item.key, "value": item.value, "reason": retold(item.reason, ENGLISH)}
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
        "warnings": [retold(one, ENGLISH) for one in description.warnings],
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
    lines = [
        f"{description.name}  {description.model_type}, {say(description.origin)}",
        *_parameter_lines(architecture),
        *_cache_lines(description),
    ]
    stored = say(
        "{gib:,.2f} GiB as {precision}",
        gib=description.weight_bytes / 2**30,
        precision=quantisation_label(description.precision),
    )
    left_out = ", ".join(clean(name, 60) for name in architecture.uncounted)
    if left_out:
        stored += say(", not counting {left_out}", left_out=left_out)
    lines += [labelled("weights", stored), labelled("layers", str(architecture.layer_count))]
    lines += [labelled("", f"{count} × {_kinds(kind)}") for kind, count in description.layers]
    if architecture.assumptions:
        lines.append(labelled("assumed", ""))
        lines += [labelled("", retold(item.words)) for item in architecture.assumptions]
    lines += [labelled("warning", retold(warning)) for warning in description.warnings]
    return "\n".join(lines)


def labelled(label: str, text: str) -> str:
    """A figure behind what it is."""
    return f"  {left(say(label), 12)} {text}".rstrip()


def _kinds(kind: str) -> str:
    """The parts of a layer in today's language."""
    return " + ".join(say(one) for one in kind.split(" + "))


def _parameter_lines(architecture: Architecture) -> Iterator[str]:
    total, active = architecture.total_parameters, architecture.active_parameters
    yield labelled(
        "parameters",
        say(
            "{total} total, {active} active per token",
            total=_billions(total),
            active=_billions(active),
        ),
    )
    yield labelled("", say("{total:,} total, {active:,} active", total=total, active=active))
    yield labelled(
        "",
        say(
            "embedding shared with the LM head; embeddings and towers count in both, "
            "multi-token prediction in neither"
        )
        if architecture.tied_embeddings
        else say(
            "embedding and LM head apart; embeddings and towers count in both, "
            "multi-token prediction in neither"
        ),
    )
    if architecture.tower_parameters:
        towers = _billions(architecture.tower_parameters)
        yield labelled("towers", say("{towers} of the total", towers=towers))
    if architecture.prediction_layers:
        more = _billions(architecture.prediction_parameters)
        yield labelled("prediction", say("{more} more in multi-token-prediction layers", more=more))


def _cache_lines(description: Description) -> Iterator[str]:
    """What a sequence holds, token by token and at once."""
    yield labelled(
        "KV cache",
        say(
            "{size:,.0f} bytes per token in {stored}",
            size=description.kv_bytes_per_token,
            stored=description.kv.name,
        ),
    )
    if description.unbounded_kv_bytes_per_token != description.kv_bytes_per_token:
        beyond = description.unbounded_kv_bytes_per_token
        yield labelled("", say("{size:,.0f} bytes per token beyond the windows", size=beyond))
    if description.state_bytes_per_sequence:
        state = description.state_bytes_per_sequence
        yield labelled("state", say("{size:,.0f} bytes per sequence", size=state))
    each, tokens = description.cross_bytes_per_source_token, description.source_tokens
    if each and tokens:
        yield labelled(
            "cross",
            say(
                "{size:,.0f} bytes per sequence, once for {tokens:,} tokens of its encoder",
                size=each * tokens,
                tokens=tokens,
            ),
        )
    elif each:
        yield labelled(
            "cross", say("{size:,.0f} bytes per token of the prompt, once per sequence", size=each)
        )


def _billions(count: int) -> str:
    return f"{count / 1e9:,.2f} B"
