"""The tower that reads a request's images: its rule and its layers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from engine.model.architecture import AttentionCore, Block, LayerGroup, Matrix, Role, Split
from engine.model.image_rules import ImageRule


@dataclass(frozen=True, slots=True)
class ImageTower:
    """What images pass before they are part of a prompt.

    ``layers`` work on patches, the ``projector`` on what comes out of them; ``layer_count`` are
    transformer layers, of which each is two groups' blocks (attention, feed-forward).
    """

    rule: ImageRule
    hidden_size: int
    layer_count: int
    layers: tuple[LayerGroup, ...]
    projector: tuple[Matrix, ...]

    @property
    def widest(self) -> int:
        """Outputs of its widest matrices that run together."""
        blocks = (group.block for group in self.layers)
        return max(sum(one.outputs for one in block.matrices[:-1]) for block in blocks)


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
