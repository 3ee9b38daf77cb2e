"""Decoders that embed or score instead of generating: one pass over each sequence, as encoders run.

The layers are those of the language model; what a class has in place of an LM head (a small score)
works on one token. Attention is causal: a query sees half of the keys on average, all of them in
an encoder before the decoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, Experts
from engine.model.cores import AttentionCore, Core, LatentCore, StateCore
from engine.model.forward.architecture import ForwardArchitecture, LayerKind, Text
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Resolution, resolution_of_text
from engine.model.matrices import Matrix
from engine.words.errors import InputError
from engine.words.messages import say

USUAL_TOKENS = 512
"""The length of a sequence that nobody names: what decoders can hold says nothing of it."""


def as_encoder(
    model: Architecture, source: str, resolution: Resolution | None, sequence: int
) -> ForwardArchitecture:
    """``model`` on sequences of ``sequence`` tokens, 0 for a usual length. Raises `InputError` for
    longer ones than it has positions for, and for the resolution of an image."""
    length, note = _length(model, source, resolution, sequence)
    network = Network(source)
    x = Shape(model.hidden_size, 1, length)
    _table(network, "embeddings", x, model.embedding_parameters)
    heard = sum(group.count * group.block.parameters for group in model.encoder)
    _layers(network, x, "encoder", [(one.block, one.count) for one in model.encoder], causal=False)
    _layers(network, x, "layers", list(model.blocks()), causal=True)
    held_once = model.shared_parameters
    if held_once:
        _hold_once(network, held_once)
    _table(network, "norms and positions", x, model.other_parameters)
    if model.tower_parameters > heard:
        # They hold memory; a text does not pass through them.
        _table(network, "towers", Shape(1, 1, 1), model.tower_parameters - heard)
    if model.lm_head.weights:
        head = model.lm_head
        network.linear("score", Shape(head.inputs, 1, 1), head.outputs, head.bias)
    said = (one.words for one in model.assumptions)
    return ForwardArchitecture(
        name=model.name,
        family=model.model_type,
        input=Text(length),
        layers=tuple(network.layers),
        assumptions=(*said, *note),
        warnings=model.warnings,
    )


def _length(
    model: Architecture, source: str, resolution: Resolution | None, sequence: int
) -> tuple[int, tuple[str, ...]]:
    if resolution is not None:
        raise resolution_of_text(source, resolution)
    usable = model.maximum_positions
    if sequence > usable > 0:
        raise InputError(
            say(
                "{source}: sequence length: found {sequence}, expected at most "
                "{usable}, the positions that the model says it has",
                source=source,
                sequence=sequence,
                usable=usable,
            )
        )
    if sequence:
        return sequence, ()
    length = min(USUAL_TOKENS, usable or USUAL_TOKENS)
    return length, (
        f"sequence length {length}, the usual of embedding models; --isl names another",
    )


def _table(network: Network, name: str, x: Shape, elements: int) -> None:
    """Elements that are looked up or added: stored as the matrices are."""
    if elements:
        network.record(
            name, LayerKind.EMBEDDING, x.elements, x.elements, elements, depth=1, columns=elements
        )


def _layers(
    network: Network, x: Shape, name: str, groups: list[tuple[Block, int]], *, causal: bool
) -> None:
    number = 0
    for block, count in groups:
        for _ in range(count):
            with network.scope(f"{name}.{number}"):
                _block(network, x, block, causal)
            number += 1


def _hold_once(network: Network, shared: int) -> None:
    """Take the copies of what layers share out of the count, the last ones first: each layer
    does its work, the weights are held once."""
    for place in range(len(network.layers) - 1, -1, -1):
        layer = network.layers[place]
        less = min(shared, layer.parameters)
        network.layers[place] = replace(layer, parameters=layer.parameters - less)
        shared -= less


def _block(network: Network, x: Shape, block: Block, causal: bool) -> None:
    for number in range(block.norms):
        network.norm(f"norm{number + 1}", x, 0)
    if block.other_parameters:
        _table(network, "other", Shape(1, 1, 1), block.other_parameters)
    for parts in _products(block.matrices):
        _linear(network, parts, x.positions)
    for core in block.cores:
        _core(network, core, x.positions, causal)
    if block.experts is not None:
        _experts(network, block.experts, x.positions)
    network.add("add1", x)
    network.add("add2", x)


def _products(matrices: Sequence[Matrix]) -> list[list[Matrix]]:
    """The matrices that run as one product."""
    found: dict[str, list[Matrix]] = {}
    for matrix in matrices:
        found.setdefault(matrix.kernel or matrix.name, []).append(matrix)
    return list(found.values())


def _linear(network: Network, parts: Sequence[Matrix], rows: int, copies: int = 1) -> None:
    """One product on ``rows`` tokens; of ``copies`` experts each row meets one."""
    inputs, outputs = parts[0].inputs, sum(one.outputs for one in parts)
    network.record(
        parts[0].kernel or parts[0].name,
        LayerKind.LINEAR,
        rows * inputs,
        rows * outputs,
        copies * sum(one.parameters for one in parts),
        flops=2.0 * rows * inputs * outputs,
        rows=rows,
        depth=inputs,
        columns=outputs,
    )


def _experts(network: Network, experts: Experts, tokens: int) -> None:
    if experts.router is not None:
        _linear(network, [experts.router], tokens)
    for parts in _products(experts.matrices):
        _linear(network, parts, tokens * experts.top_k, experts.count)
    if experts.biases:
        _table(network, "experts.biases", Shape(1, 1, 1), experts.count * experts.biases)


def _core(network: Network, core: Core, tokens: int, causal: bool) -> None:
    match core:
        case StateCore():
            network.record(
                core.kind,
                LayerKind.ELEMENTWISE,
                tokens * core.convolution_elements or tokens,
                tokens * core.convolution_elements or tokens,
                flops=float(core.flops_per_token) * tokens,
            )
        case LatentCore():
            seen = _seen(tokens, core.window, core.top_k, causal)
            width = core.nope_dim + core.rope_dim
            network.attention("attention", tokens, seen, core.heads, width, core.value_dim)
        case AttentionCore():
            seen = _seen(tokens, core.window, core.top_k, causal and not core.cross)
            network.attention(
                "attention", tokens, seen, core.query_heads, core.key_dim, core.value_dim
            )


def _seen(tokens: int, window: int | None, limit: int | None, causal: bool) -> int:
    """Keys that a query sees on average."""
    bounds = [bound for bound in (window, limit) if bound is not None]
    cap = min([tokens, *bounds])
    return math.ceil(cap - cap * (cap - 1) / (2 * tokens)) if causal else cap
