"""`rooftop model`, memory and time count the same bytes: of every model at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.bytes import stored_weights
from engine.model.config import LoadedModel, load_architecture
from engine.model.described.tokens import describe
from engine.model.matrices import Role
from engine.model.model_profiles import bundled_models
from engine.model.precision import FORMATS, Precision, parse_precision
from engine.serve.memory.account import Footprint, Held, footprint
from engine.words.errors import RooftopError
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, take_inventory
from tests.engine import builders

REFERENCE = Path(__file__).parents[4] / "shared" / "reference"
FOLDERS = tuple(REFERENCE / name for name in ("configs", "measured_configs", "memory_configs"))
PAGE = 16.0
HOLDING = Held(PAGE, PAGE)
Difference = Callable[[LoadedModel], tuple[float, float]]


EVERYTHING = tuple((role, FORMATS["nvfp4"]) for role in Role)
PRECISIONS = {
    "as stored": None,
    "W4A16": parse_precision("W4A16"),
    "all roles in four bits": replace(parse_precision("nvfp4"), overrides=EVERYTHING),
}


@cache
def bundled() -> tuple[LoadedModel, ...]:
    return tuple(language_models(bundled_models()))


@cache
def collected() -> tuple[LoadedModel, ...]:
    folders = [path for folder in FOLDERS for path in sorted(folder.glob("*/"))]
    return tuple(language_models(map(str, folders)))


def language_models(references) -> Iterator[LoadedModel]:
    for reference in references:
        try:
            model = load_architecture(reference)
        except RooftopError:
            continue
        if isinstance(model.architecture, Architecture):
            yield model


def on_one_chip(model: LoadedModel) -> Footprint:
    return footprint(
        model.architecture,
        model.precision,
        builders.chip(),
        builders.framework(),
        LayoutArrays.of([Layout()]),
        HOLDING,
    )


def weights(model: LoadedModel) -> tuple[float, float]:
    return describe(model).weight_bytes, float(on_one_chip(model).weight_bytes[0, 0])


def cache_of_a_page(model: LoadedModel) -> tuple[float, float]:
    said = describe(model)
    expected = PAGE * said.kv_bytes_per_token + said.state_bytes_per_sequence
    # A prompt of a page makes as many tokens in the encoder, where that is not of a fixed size.
    expected += said.cross_bytes_per_source_token * (said.source_tokens or PAGE)
    return expected, float(on_one_chip(model).cache_bytes_per_sequence[0, 0])


def matrices_read(model: LoadedModel) -> tuple[float, float]:
    """Bytes of all matrices of the layers as held, each use counted, and as a pass reads them."""
    architecture, precision = model.architecture, model.precision
    bare = [replace(group, block=without_vectors(group.block)) for group in architecture.layers]
    held = stored_weights(replace(architecture, layers=tuple(bare)), precision)
    inventory = take_inventory(architecture, precision, builders.chip(), builders.framework())
    gemms = list(inventory.gemms)
    if inventory.encoder is not None:
        # What the decoder projects of the encoder's result; the encoder itself is a tower.
        sources = (one for one in inventory.encoder.gemms if one.parts[0].source)
        gemms += sources
    read = sum(
        gemm.calls * sum(part.weights for part in gemm.parts) * gemm.weight_bytes_per_element
        for gemm in gemms
    )
    for bank in inventory.banks:
        elements = bank.experts.count * sum(one.weights for one in bank.experts.matrices)
        read += bank.calls * elements * bank.weight_bytes_per_element
    return sum(kind.bytes for kind in held.layers), read


def without_vectors(block: Block) -> Block:
    """The block without norms and biases, which a pass books as activations."""
    experts = block.experts
    if experts is not None:
        plain = tuple(replace(one, bias=False) for one in experts.matrices)
        router = experts.router and replace(experts.router, bias=False)
        experts = replace(experts, matrices=plain, router=router, biases=0)
    matrices = tuple(replace(one, bias=False) for one in block.matrices)
    return replace(block, matrices=matrices, experts=experts, other_parameters=0)


def differing(models, pair: Difference) -> dict[str, tuple[float, float]]:
    pairs = {model.reference: pair(model) for model in models}
    return {
        name: (one, other)
        for name, (one, other) in pairs.items()
        if one != pytest.approx(other, rel=1e-12)
    }


@pytest.mark.parametrize("pair", [weights, cache_of_a_page, matrices_read])
@pytest.mark.parametrize("precision", PRECISIONS.values(), ids=PRECISIONS)
def test_bundled_models_have_one_account(precision: Precision | None, pair: Difference):
    models = [replace(one, precision=precision or one.precision) for one in bundled()]
    assert differing(models, pair) == {}


@pytest.mark.skipif(not FOLDERS[0].is_dir(), reason="the reference zoo is not here")
@pytest.mark.parametrize("pair", [weights, cache_of_a_page, matrices_read])
def test_collected_models_have_one_account(pair: Difference):
    assert differing(collected(), pair) == {}


@pytest.mark.parametrize("ranks", [2, 8])
def test_ranks_together_hold_the_model_and_copies_of_what_they_do_not_divide(ranks: int):
    for model in bundled():
        whole = describe(model).weight_bytes
        usage = footprint(
            model.architecture,
            model.precision,
            builders.chip(),
            builders.framework(),
            LayoutArrays.of([Layout(tensor=ranks)]),
            HOLDING,
        )
        together = ranks * float(usage.weight_bytes[0, 0])
        assert whole <= together * (1 + 1e-12), model.reference
        assert together <= whole + ranks * copied(model) * (1 + 1e-12), model.reference


def copied(model: LoadedModel) -> float:
    """Bytes that some ranks hold beside others: all but what tensor or expert ranks divide."""
    held = stored_weights(model.architecture, model.precision)
    layers = sum(
        kind.count * part.bytes
        for kind in held.layers
        for part in kind.parts
        if part.spread not in ("tensor", "experts", "shared_experts")
    )
    return layers + held.towers + held.beside
