"""Caches of DeepSeek-V4 as engines lay them out: compressed entries, a window, compressors' states.

An entry is of 448 FP8 elements, 64 in 16 bits and 8 scales; a key of the index of 128 FP8 elements
and an FP32 scale. Start-up logs of vLLM 0.20 and 0.21 bear the pages out to the token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.words.arrays import FloatArray

ENTRY_BYTES = 448 + 2 * 64 + 8
INDEX_BYTES = 128 + 4
ALIGNED_BYTES = 576
"""Pages are filled up to a multiple of it."""
BLOCK_TOKENS = 256
WINDOW_BLOCK_TOKENS = 64
WINDOW_SHARE = 0.1
"""Tokens of SGLang's pool of windows, over those of the other."""


@dataclass(frozen=True, slots=True)
class CompressedLayers:
    """How many layers keep an entry per few tokens with an index, per many without, and a
    window."""

    sparse: float
    sparse_rate: float
    heavy: float
    heavy_rate: float
    windows: float
    window: float

    def token_bytes(self) -> float:
        """Bytes per token of pools that are divided by their use (SGLang)."""
        sparse = self.sparse * (ENTRY_BYTES + INDEX_BYTES) / self.sparse_rate
        heavy = self.heavy * ENTRY_BYTES / self.heavy_rate
        return sparse + heavy + WINDOW_SHARE * self.windows * ENTRY_BYTES

    def paged_bytes(self, tokens: FloatArray, chunk: float) -> FloatArray:
        """Bytes of one pool of blocks that a sequence takes while ``chunk`` tokens are computed
        (vLLM)."""
        entries = _page(BLOCK_TOKENS / self.sparse_rate * ENTRY_BYTES)
        indexed = entries + _page(BLOCK_TOKENS / self.sparse_rate * INDEX_BYTES)
        few = _page(BLOCK_TOKENS / self.heavy_rate * ENTRY_BYTES)
        block = self.sparse * indexed + self.heavy * few
        total = np.ceil(tokens / BLOCK_TOKENS) * block
        total = total + self.windows * entries * _blocks(
            tokens, self.window, chunk, WINDOW_BLOCK_TOKENS
        )
        # States of a compressor: of the tokens of two entries, or of one.
        rate = self.sparse_rate
        total = total + self.sparse * indexed * _blocks(tokens, 2 * rate, chunk, rate)
        states = _blocks(tokens, self.heavy_rate, chunk, 2 * rate)
        total = total + self.heavy * entries * states
        whole = (indexed + few) * max(self.sparse, self.heavy)
        held: FloatArray = np.ceil(total / block) * whole
        return held


def _page(size: float) -> float:
    return float(np.ceil(size / ALIGNED_BYTES) * ALIGNED_BYTES)


def _blocks(tokens: FloatArray, window: float, chunk: float, block: float) -> FloatArray:
    """Blocks of a layer that keeps a window and what a pass adds, and one more."""
    held: FloatArray = np.ceil(np.minimum(tokens, window - 1.0 + chunk) / block) + 1.0
    return held
