"""Layers and projectors of towers that read images (`engine.model.blocks.ImageTower`)."""

from __future__ import annotations

from itertools import pairwise

from engine.model.blocks import Block, LayerGroup
from engine.model.cores import AttentionCore
from engine.model.matrices import Matrix, Role, Split


def transformer(
    hidden: int,
    width: int,
    heads: int,
    layers: int,
    *,
    gated: bool = False,
    inner: int = 0,
    windowed: tuple[int, int] = (0, 0),
) -> tuple[LayerGroup, ...]:
    """``layers`` of attention over all patches of a piece and a feed-forward part; of those,
    ``windowed`` (how many, patches of a window) see their window alone. ``inner`` is the width of
    all heads together, 0 for that of the layer."""
    some, window = windowed
    whole = LayerGroup(_attention(hidden, inner or hidden, heads, None), layers - some)
    within = LayerGroup(_attention(hidden, inner or hidden, heads, window), some)
    feed = LayerGroup(_feed_forward(hidden, width, gated), layers)
    return tuple(group for group in (whole, within, feed) if group.count)


def _attention(hidden: int, inner: int, heads: int, window: int | None) -> Block:
    head = inner // heads
    core = AttentionCore(heads, heads, head, head, window=window, owns_cache=False)
    matrices = (
        Matrix("image_tower.qkv", hidden, 3 * inner, Role.TOWER, kernel="qkv"),
        Matrix("image_tower.proj", inner, hidden, Role.TOWER, Split.ROW, kernel="proj"),
    )
    return Block("image attention", matrices, (core,), norms=1)


def _feed_forward(hidden: int, width: int, gated: bool) -> Block:
    matrices = (
        Matrix("image_tower.fc1", hidden, width * (2 if gated else 1), Role.TOWER, kernel="fc1"),
        Matrix("image_tower.fc2", width, hidden, Role.TOWER, Split.ROW, kernel="fc2"),
    )
    return Block("image feed-forward", matrices, (), norms=2)


def projections(*widths: int) -> tuple[Matrix, ...]:
    """Matrices from each width to the next."""
    return tuple(
        Matrix(f"image_projector.{place}", inputs, outputs, Role.TOWER)
        for place, (inputs, outputs) in enumerate(pairwise(widths))
    )
