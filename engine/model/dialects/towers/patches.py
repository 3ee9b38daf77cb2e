"""Inkling's tower of pictures: no attention, a stack of projections that fold a patch step by
step into one vector (transformers 5.24, modeling_inkling.py: ``plan_out_scales``)."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, log, prod
from typing import NamedTuple

from engine.model.keys import Keys
from engine.words.messages import say


class Scale(NamedTuple):
    """What one vector covers after a step: frames, height, width, and how wide it is."""

    frames: int
    height: int
    width: int
    channels: int


def inkling_vision(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Elements of the projections, a norm behind each but the last, and one at the end."""
    keys.ignore("text_hidden_size", "hidden_size", "num_attention_heads", "decoder_dmodel")
    keys.ignore("use_vision_norm")
    kind = keys.text("vision_encoder_type", default="hmlp") if keys.has(_KIND) else "hmlp"
    if kind != "hmlp":
        raise keys.problem(_KIND, kind, say("one of {names}", names="hmlp"))
    layers = keys.integer("n_layers", "num_hidden_layers", maximum=1000)
    scales = planned_scales(
        keys.integer("temporal_patch_size", maximum=1024),
        keys.integer("patch_size", minimum=2, maximum=4096),
        layers,
        keys.integer("n_channels", "num_channels", maximum=1024),
    )
    elements = text_hidden
    for step, (before, after) in enumerate(pairwise(scales), 1):
        folded = prod(after[side] // before[side] for side in range(3))
        wide = text_hidden if step == layers else after.channels
        elements += before.channels * folded * wide + (wide if step < layers else 0)
    return elements


_KIND = "vision_encoder_type"


def planned_scales(frames: int, patch: int, layers: int, channels: int) -> list[Scale]:
    """The scale before the first layer and behind each: those whose sizes lie nearest to equal
    steps on a logarithmic line, each once where there are enough."""
    known = _possible(frames, patch, channels)
    sizes = [log(prod(one[:3])) for one in known]
    step = log(patch * patch * frames * channels) / layers
    cost = [[abs(row * step - size) for size in sizes] for row in range(layers + 1)]
    if layers >= len(known):
        chosen = [min(range(len(known)), key=row.__getitem__) for row in cost]
    else:
        chosen = _cheapest_rising(cost)
    return [known[0], *(known[one] for one in chosen[1:-1]), known[-1]]


def _possible(frames: int, patch: int, channels: int) -> list[Scale]:
    """By the prime factors of the side, the largest first, then by those of the frames. Widths are
    in multiples of 64; over frames they are 64 times the values (the class does not divide), which
    only a tower with more layers than factors has."""
    found, side, deep = [Scale(1, 1, 1, channels)], 1, 1
    for factor in reversed(_prime_factors(patch)):
        side *= factor
        found.append(Scale(1, side, side, 64 * ceil(side * side * channels / 64)))
    for factor in reversed(_prime_factors(frames)):
        deep *= factor
        found.append(Scale(deep, side, side, 64 * side * side * channels * deep))
    return found


def _prime_factors(number: int) -> list[int]:
    found, factor = [], 2
    while factor * factor <= number:
        while number % factor == 0:
            found.append(factor)
            number //= factor
        factor += 1
    return [*found, number] if number > 1 else found


def _cheapest_rising(cost: list[list[float]]) -> list[int]:
    """One column per row, each further right than the one before, of the least sum: rows and
    columns are both sorted, so that no other choice is cheaper."""
    columns = len(cost[0])
    paths: list[tuple[float, list[int]]] = [
        (cost[0][column], [column]) for column in range(columns)
    ]
    for row in cost[1:]:
        longer: list[tuple[float, list[int]]] = []
        for column in range(columns):
            before = [paths[one] for one in range(column) if paths[one][1]]
            if not before:
                longer.append((0.0, []))
                continue
            least, path = min(before, key=lambda found: found[0])
            longer.append((least + row[column], [*path, column]))
        paths = longer
    return min((found for found in paths if found[1]), key=lambda found: found[0])[1]
