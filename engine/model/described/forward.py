"""What was understood of a vision model or text encoder, in figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.model.config import LoadedModel
from engine.model.described.tokens import labelled
from engine.model.forward.architecture import ForwardArchitecture, Image, Input, LayerKind
from engine.model.forward.bytes import weight_bytes
from engine.words.cells import left
from engine.words.messages import ENGLISH, retold, say


def by_kind(architecture: ForwardArchitecture) -> dict[LayerKind, tuple[int, int, float]]:
    """Layers, parameters and FLOPs of each kind that occurs, in the order of the kinds."""
    found: dict[LayerKind, tuple[int, int, float]] = {}
    for kind in LayerKind:
        layers = [layer for layer in architecture.layers if layer.kind is kind]
        if layers:
            parameters = sum(layer.parameters for layer in layers)
            found[kind] = (len(layers), parameters, sum(layer.flops for layer in layers))
    return found


def as_json(model: LoadedModel, architecture: ForwardArchitecture) -> dict[str, Any]:
    """The figures under names that carry their unit."""
    return {
        "name": model.name,
        "kind": model.kind,
        "family": architecture.family,
        "version": architecture.version,
        **asdict(architecture.input),
        "samples": architecture.samples,
        "total_parameters": architecture.parameters,
        "flops": round(architecture.flops),
        "largest_activation_elements": architecture.largest_activation_elements,
        "precision": model.precision.name,
        "weight_bytes": round(weight_bytes(architecture, model.precision)),
        "layers": {
            kind.value: {"count": count, "parameters": parameters, "flops": round(flops)}
            for kind, (count, parameters, flops) in by_kind(architecture).items()
        },
        "assumptions": list(architecture.assumptions),
        "warnings": [retold(one, ENGLISH) for one in model.warnings],
    }


def as_text(model: LoadedModel, architecture: ForwardArchitecture) -> str:
    """The figures for a reader, one per line."""
    weights = weight_bytes(architecture, model.precision)
    version = f" {architecture.version}" if architecture.version else ""
    lines = [
        f"{model.name}  {architecture.family}{version}, {say(model.origin)}",
        labelled("input", _input_told(architecture.input)),
        labelled("parameters", f"{architecture.parameters / 1e6:,.2f} M"),
        labelled("", f"{architecture.parameters:,}"),
        labelled(
            "FLOPs",
            say(
                "{flops:,.3f} G per {sample}, a multiply-accumulate counted as two",
                flops=architecture.flops / 1e9,
                sample=say("image") if isinstance(architecture.input, Image) else say("sequence"),
            ),
        ),
        labelled(
            "weights",
            say(
                "{mib:,.1f} MiB as {stored}",
                mib=weights / 2**20,
                stored=model.precision.weights.name,
            ),
        ),
        labelled(
            "activations",
            say(
                "{elements:,.2f} M elements at most around one layer",
                elements=architecture.largest_activation_elements / 1e6,
            ),
        ),
        labelled("layers", str(len(architecture.layers))),
    ]
    for kind, (count, parameters, flops) in by_kind(architecture).items():
        told = say(
            "{parameters:>9,.2f} M parameters {flops:>10,.3f} GFLOPs",
            parameters=parameters / 1e6,
            flops=flops / 1e9,
        )
        lines.append(labelled("", f"{count:>5} × {left(say(kind.value), 12)} {told}"))
    if architecture.assumptions:
        lines.append(labelled("assumed", ""))
        lines += [labelled("", retold(item)) for item in architecture.assumptions]
    lines += [labelled("warning", retold(warning)) for warning in model.warnings]
    return "\n".join(lines)


def _input_told(size: Input) -> str:
    """The input's size in words."""
    if isinstance(size, Image):
        return say("image of {size}", size=str(size))
    return say("sequence of {size}", size=str(size))
