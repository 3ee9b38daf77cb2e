"""An inventory on several layouts: what each chip holds of its matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.model.matrices import Matrix, Role, Split
from engine.words.arrays import FloatArray
from engine.work.expert_slots import expert_slots
from engine.work.tokens.exchange import Routes
from engine.work.tokens.experts import PlacedBank, received
from engine.work.tokens.inventory import Inventory
from engine.work.tokens.operators import Gemm
from engine.work.tokens.step import LayoutArrays


@dataclass(frozen=True, slots=True)
class Share:
    """What one chip holds of a product's matrices: weight elements, and activation bytes per
    token; columns like the layouts."""

    weights: FloatArray
    token_bytes: FloatArray


@dataclass(frozen=True)
class Placed:
    """An inventory on several layouts: what does not depend on tokens is worked out once for all
    steps, as soon as one asks for it."""

    inventory: Inventory
    layouts: LayoutArrays

    @cached_property
    def gemms(self) -> tuple[Share, ...]:
        """What a chip holds of every product of the layers."""
        inventory = self.inventory
        return tuple(_placed_share(gemm, inventory, self.layouts) for gemm in inventory.gemms)

    @cached_property
    def head(self) -> Share:
        """What it holds of the head."""
        return _share(self.inventory.head, self.layouts)

    @cached_property
    def serial(self) -> tuple[Share, ...]:
        """What it holds of products that run token after token."""
        return tuple(_share(gemm, self.layouts) for gemm in self.inventory.serial)

    @cached_property
    def encoder(self) -> Placed | None:
        """What a request's encoder does, on the same layouts."""
        return Placed(self.inventory.encoder, self.layouts) if self.inventory.encoder else None

    @cached_property
    def banks(self) -> tuple[PlacedBank, ...]:
        """The routed experts."""
        inventory = self.inventory
        return tuple(PlacedBank.of(inventory, bank, self.layouts) for bank in inventory.banks)

    @cached_property
    def exchanging(self) -> bool:
        """Whether expert layers of any layout exchange tokens between attention-DP ranks."""
        return bool(self.inventory.banks) and bool(np.any(self.layouts.attention_data > 1))

    def routes(self, node_size: int, low_latency: bool) -> Routes:
        """How their tokens reach the experts on nodes of so many chips."""
        known = self._routes.get((node_size, low_latency))
        if known is None:
            most = received(self.banks[0], prompts=not low_latency)
            own = self.inventory, self.layouts, node_size
            known = Routes.of(*own, most, low_latency=low_latency)
            self._routes[node_size, low_latency] = known
        return known

    @cached_property
    def _routes(self) -> dict[tuple[int, bool], Routes]:
        return {}


def _placed_share(gemm: Gemm, inventory: Inventory, layouts: LayoutArrays) -> Share:
    """As `_share`; ranks do nothing of shared experts that have ranks of their own."""
    share = _share(gemm, layouts)
    if gemm.parts[0].role is not Role.SHARED_EXPERT or not inventory.placing.shared_apart:
        return share
    bank = inventory.banks[0]
    apart = expert_slots(bank.experts.count, inventory.placing, layouts.expert).apart
    return Share(np.where(apart, 0.0, share.weights), np.where(apart, 0.0, share.token_bytes))


def matrix_share(matrix: Matrix, tensor: FloatArray) -> FloatArray:
    """The part of a matrix that one of ``tensor`` ranks holds."""
    if matrix.split is Split.REPLICATED:
        return np.ones_like(tensor)
    if matrix.split is Split.KV:
        return 1.0 / np.minimum(tensor, float(max(matrix.heads, 1)))
    return 1.0 / tensor


def _share(gemm: Gemm, layouts: LayoutArrays) -> Share:
    weights = np.zeros_like(layouts.tensor)
    outputs = np.zeros_like(layouts.tensor)
    for matrix in gemm.parts:
        share = matrix_share(matrix, layouts.tensor)
        weights = weights + matrix.weights * share
        outputs = outputs + matrix.outputs * (1.0 if matrix.split is Split.ROW else share)
    first = gemm.parts[0]
    inputs = first.inputs * (1.0 / layouts.tensor if first.split is Split.ROW else 1.0)
    # Products are written in 16 bits whatever the operands are.
    return Share(weights, inputs * gemm.activation_bytes + outputs * 2.0)


def attention_reduces(inventory: Inventory, layouts: LayoutArrays) -> FloatArray:
    """All-reduces of a pass over the attention ranks."""
    replaced = np.where(layouts.attention_data > 1, inventory.dense_only_reduces, 0.0)
    return inventory.all_reduces - replaced
