"""What was understood of a vision model or text encoder, in figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.model.config import LoadedModel
from engine.model.forward.architecture import ForwardArchitecture, Image, Input, LayerKind
from engine.model.forward.bytes import weight_bytes


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
        "warnings": list(model.warnings),
    }


def as_text(model: LoadedModel, architecture: ForwardArchitecture) -> str:
    """The figures for a reader, one per line."""
    sample = architecture.samples.removesuffix("s")
    weights = weight_bytes(architecture, model.precision)
    version = f" {architecture.version}" if architecture.version else ""
    lines = [
        f"{model.name}  {architecture.family}{version}, {model.origin}",
        f"  input        {input_text(architecture.input)}",
        f"  parameters   {architecture.parameters / 1e6:,.2f} M",
        f"               {architecture.parameters:,}",
        f"  FLOPs        {architecture.flops / 1e9:,.3f} G per {sample}, "
        "a multiply-accumulate counted as two",
        f"  weights      {weights / 2**20:,.1f} MiB as {model.precision.weights.name}",
        f"  activations  {architecture.largest_activation_elements / 1e6:,.2f} M elements at most "
        "around one layer",
        f"  layers       {len(architecture.layers)}",
    ]
    for kind, (count, parameters, flops) in by_kind(architecture).items():
        lines.append(
            f"               {count:>5} × {kind.value:<12} {parameters / 1e6:>9,.2f} M parameters "
            f"{flops / 1e9:>10,.3f} GFLOPs"
        )
    if architecture.assumptions:
        lines.append("  assumed")
        lines += [f"               {item}" for item in architecture.assumptions]
    lines += [f"  warning      {warning}" for warning in model.warnings]
    return "\n".join(lines)


def input_text(size: Input) -> str:
    """The input's size in words."""
    return f"image of {size}" if isinstance(size, Image) else f"sequence of {size}"
