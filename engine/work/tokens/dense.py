"""The work that depends on a rank's tokens alone: dense products, passes over activations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.hardware.roofline import Place, Work
from engine.model.matrices import Role, Split
from engine.words.arrays import FloatArray
from engine.work.tokens.inventory import Inventory
from engine.work.tokens.operators import Gemm
from engine.work.tokens.placed import Placed, Share, attention_reduces
from engine.work.tokens.step import LayoutArrays, Step


def dense_work(placed: Placed, tokens: FloatArray, decode: bool) -> Iterator[Work]:
    """The kernels that depend on the ``tokens`` of a rank alone: products of dense matrices, and
    what passes over activations."""
    for gemm, share in zip(placed.inventory.gemms, placed.gemms, strict=True):
        yield gemm_work(gemm, share, tokens, decode)
    yield elementwise_work(placed.inventory, placed.layouts, tokens)


def gemm_work(gemm: Gemm, share: Share, tokens: FloatArray, decode: bool) -> Work:
    """Matrices that run as one product, on ``tokens`` of a rank."""
    weights = share.weights
    return Work(
        name=gemm.name,
        kernel=gemm.decode_kernel if decode else gemm.kernel,
        constants=gemm.decode_constants if decode else gemm.constants,
        peak_flops=gemm.peak_flops,
        calls=gemm.calls,
        flops=(2.0 * weights) * tokens,
        bytes=weights * gemm.weight_bytes_per_element + share.token_bytes * tokens,
        place=_place(gemm),
    )


_SCORE_LAUNCHES, _SCORE_BYTES = 3.0, 8.0
"""Around each serial product: the row of the token before is looked up, what it says is added to
the scores, the best is picked; of a score two are read and one written, and it is read again, in 16
bits (vLLM's dspark_sampling.py, SGLang's dspark_draft_sampler.py)."""


def serial_work(placed: Placed, steps: Sequence[Step]) -> Iterator[Work]:
    """Products that run for one drafted token of each sequence after the other, and what is done
    with their scores before the next one can start."""
    decoding = [step for step in steps if step.decode]
    if not decoding or not placed.inventory.serial:
        return
    sequences = sum((step.sequences for step in decoding), np.zeros(1))
    drafted = decoding[0].queries - 1.0
    for gemm, share in zip(placed.inventory.serial, placed.serial, strict=True):
        work = gemm_work(gemm, share, sequences, decode=True)
        yield replace(work, calls=gemm.calls * drafted)
    scores = placed.inventory.serial[-1].parts[0].outputs
    yield Work(
        name="scores after the token before",
        kernel="elementwise.bf16",
        constants=placed.inventory.elementwise.constants,
        peak_flops=1.0,
        calls=_SCORE_LAUNCHES * drafted,
        flops=np.zeros(1),
        bytes=_SCORE_BYTES / _SCORE_LAUNCHES * scores * sequences,
        place=Place.ELSEWHERE,
    )


def _place(gemm: Gemm) -> Place:
    """By what its matrices are."""
    first = gemm.parts[0]
    if first.role in {Role.ATTENTION_OUTPUT, Role.ROUTER}:
        return Place.LATE
    if first.role is Role.MIXER:
        return Place.LATE if first.split is Split.ROW else Place.EARLY
    if first.role in {Role.ATTENTION, Role.INDEXER, Role.SHARED_EXPERT}:
        return Place.EARLY
    return Place.ELSEWHERE


def elementwise_work(inventory: Inventory, layouts: LayoutArrays, tokens: FloatArray) -> Work:
    """What passes over the activations of ``tokens`` of a rank, all launches together."""
    elementwise = inventory.elementwise
    joined = np.minimum(elementwise.reduced_launches, attention_reduces(inventory, layouts))
    joined = np.where(layouts.tensor > 1, joined, 0.0)
    launches = np.maximum(elementwise.launches - joined, 1.0)
    elements = elementwise.replicated_elements + elementwise.divided_elements / layouts.tensor
    return Work(
        name="elementwise",
        kernel="elementwise.bf16",
        constants=elementwise.constants,
        peak_flops=1.0,
        calls=launches,
        flops=np.zeros_like(layouts.tensor),
        bytes=(2.0 * elements / launches) * tokens,
        place=Place.SPREAD,
    )
