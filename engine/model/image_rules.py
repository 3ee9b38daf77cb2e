"""How images become tokens: the sizes that processors give them, the patches that towers see.

Each rule is one family's own, as its processor in transformers (or in the model's repository) has
it. Sizes are pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """What one image is to a model: ``tokens`` of the prompt, marks included; ``pieces`` that the
    tower sees each for itself, of so many ``patches``; ``features`` that come out of it."""

    tokens: int
    pieces: int
    patches: int
    features: int


class ImageRule(Protocol):
    """What an image of a size becomes."""

    def seen(self, width: int, height: int) -> Seen:
        """One image of that size."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every image is made one size (CLIP, SigLIP)."""

    features: int
    patches: int
    marks: int = 0

    def seen(self, width: int, height: int) -> Seen:
        """The same for all sizes."""
        return Seen(self.features + self.marks, 1, self.patches, self.features)


@dataclass(frozen=True, slots=True)
class Rounded:
    """Sides are rounded to whole merged patches, pixels kept between two bounds (``smart_resize``
    of Qwen2-VL and its relatives). ``frames`` are counted into the pixels (GLM-4V: two)."""

    patch: int
    merge: int
    least_pixels: int
    most_pixels: int
    marks: int = 2
    frames: int = 1

    def seen(self, width: int, height: int) -> Seen:
        """Merged patches of the rounded size."""
        side = self.patch * self.merge
        # A side shorter than half a patch is none, so that the image grows to the least pixels.
        sides = [round(one / side) for one in (width, height)]
        pixels = self.frames * math.prod(sides) * side**2
        own = float(self.frames * width * height)
        if pixels > self.most_pixels:
            shrink = math.sqrt(self.most_pixels / own)
            sides = [max(math.floor(one * shrink / side), 1) for one in (width, height)]
        elif pixels < self.least_pixels:
            grow = math.sqrt(self.least_pixels / own)
            sides = [math.ceil(one * grow / side) for one in (width, height)]
        features = math.prod(sides)
        return Seen(features + self.marks, 1, features * self.merge**2, features)


@dataclass(frozen=True, slots=True)
class Padded:
    """Images shrink to at most so many patches, all and on a side, and are padded to whole merged
    ones (Kimi-VL, Kimi K2.5 and K3: ``navit_resize_image`` in the repositories of the models, in
    vLLM's ``transformers_utils/processors/kimi_k25_vision_fused.py``)."""

    patch: int
    merge: int
    most_patches: int
    most_on_a_side: int
    marks: int = 3

    def seen(self, width: int, height: int) -> Seen:
        """Merged patches of the padded size."""
        patches = max(width // self.patch, 1) * max(height // self.patch, 1)
        longest = self.most_on_a_side * self.patch
        scale = min(1.0, math.sqrt(self.most_patches / patches), longest / width, longest / height)
        side = self.patch * self.merge
        sides = [math.ceil(max(int(one * scale), 1) / side) for one in (width, height)]
        features = math.prod(sides)
        return Seen(features + self.marks, 1, features * self.merge**2, features)


@dataclass(frozen=True, slots=True)
class Filled:
    """Images shrink or grow to nearly so many tokens with their aspect ratio, with a mark at either
    end (Gemma 4: ``get_aspect_ratio_preserving_size`` of transformers'
    ``image_processing_gemma4.py``, ``replace_image_token`` of ``processing_gemma4.py``)."""

    patch: int
    pool: int
    tokens: int
    marks: int = 2

    def seen(self, width: int, height: int) -> Seen:
        """Pooled patches of the fitted size."""
        side = self.patch * self.pool
        scale = math.sqrt(self.tokens * side**2 / (width * height))
        sides = [max(math.floor(one * scale / side), 1) for one in (width, height)]
        features = min(math.prod(sides), self.tokens)
        return Seen(features + self.marks, 1, features * self.pool**2, features)


@dataclass(frozen=True, slots=True)
class Rows:
    """Images of any size up to a longest side; a mark ends each row of merged patches (Pixtral,
    Mistral 3)."""

    patch: int
    merge: int
    longest: int

    def seen(self, width: int, height: int) -> Seen:
        """Rows with their ends."""
        shrink = max(width / self.longest, height / self.longest, 1.0)
        side = self.patch * self.merge
        columns, rows = (
            max(math.ceil(math.floor(one / shrink) / side), 1) for one in (width, height)
        )
        features = rows * columns
        return Seen(rows * (columns + 1), 1, features * self.merge**2, features)


@dataclass(frozen=True, slots=True)
class Tiled:
    """As many square tiles as fit the aspect ratio best, and with more than one the whole image
    once more (InternVL: ``dynamic_preprocess``)."""

    side: int
    patches: int
    features: int
    most: int
    thumbnail: bool = True
    marks: int = 2

    def seen(self, width: int, height: int) -> Seen:
        """Tiles of the nearest grid."""
        tiles = math.prod(self._grid(width, height))
        pieces = tiles + (self.thumbnail and tiles > 1)
        features = pieces * self.features
        return Seen(features + self.marks, pieces, self.patches, features)

    def _grid(self, width: int, height: int) -> tuple[int, int]:
        grids = [
            (columns, rows)
            for columns in range(1, self.most + 1)
            for rows in range(1, self.most + 1)
            if columns * rows <= self.most
        ]
        best, nearest = (1, 1), math.inf
        for grid in sorted(grids, key=math.prod):
            off = abs(width / height - grid[0] / grid[1])
            roomy = width * height > 0.5 * self.side**2 * math.prod(grid)
            if off < nearest or (off == nearest and roomy):
                best, nearest = grid, off
        return best


@dataclass(frozen=True, slots=True)
class Canvas:
    """The smallest grid of tiles that an image fits without shrinking, or the one that shrinks it
    least; with more than one tile the whole image once more, and marks between tiles and rows
    (Llama 4)."""

    side: int
    patches: int
    features: int
    most: int

    def seen(self, width: int, height: int) -> Seen:
        """Tiles of the grid, their separators and three marks."""
        columns, rows = self._grid(width, height)
        tiles = columns * rows
        pieces = tiles + (tiles > 1)
        separators = tiles if tiles > 1 else 0
        return Seen(
            pieces * self.features + separators + 3, pieces, self.patches, pieces * self.features
        )

    def _grid(self, width: int, height: int) -> tuple[int, int]:
        scales = {
            (columns, rows): min(columns * self.side / width, rows * self.side / height)
            for columns in range(1, self.most + 1)
            for rows in range(1, self.most // columns + 1)
        }
        growing = [scale for scale in scales.values() if scale >= 1.0]
        chosen = min(growing) if growing else max(scales.values())
        return min((grid for grid, scale in scales.items() if scale == chosen), key=math.prod)


@dataclass(frozen=True, slots=True)
class AnyResolution:
    """The listed canvas that keeps most of an image, without its padding, a mark after each row,
    and the whole image once more (LLaVA-NeXT, arXiv:2310.03744 and its successors; LLaVA-OneVision
    shrinks what is over ``most`` tiles: ``_get_unpadded_features`` of transformers'
    ``processing_llava_onevision.py``)."""

    side: int
    patches: int
    grid: int
    """Features on a side of one piece."""
    canvases: tuple[tuple[int, int], ...]
    """Height and width of each."""
    most: int = 0

    def seen(self, width: int, height: int) -> Seen:
        """The canvas's features, their rows' ends, the whole image."""
        tall, wide = self._canvas(width, height)
        rows, columns = tall // self.side * self.grid, wide // self.side * self.grid
        if width / height > columns / rows:
            rows -= (rows - int(height * columns / width)) // 2 * 2
        else:
            columns -= (columns - int(width * rows / height)) // 2 * 2
        over = math.sqrt(rows * columns / (self.most * self.grid**2)) if self.most else 1.0
        if over > 1.1:
            rows, columns = int(rows // over), int(columns // over)
        pieces = (tall // self.side) * (wide // self.side) + 1
        tokens = rows * (columns + 1) + self.grid**2
        return Seen(tokens, pieces, self.patches, pieces * self.grid**2)

    def _canvas(self, width: int, height: int) -> tuple[int, int]:
        def kept(canvas: tuple[int, int]) -> tuple[int, int]:
            scale = min(canvas[1] / width, canvas[0] / height)
            whole = int(width * scale) * int(height * scale)
            seen = min(whole, width * height)
            return seen, seen - math.prod(canvas)

        return max(self.canvases, key=kept)
