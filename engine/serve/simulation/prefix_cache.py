"""A prefix cache: blocks of prompts, the least recently used ones dropped first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from engine.sources.traces.trace import Blocks


class PrefixCache:
    """Blocks that are held; whoever holds more than it may drops those used longest ago."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, None] = OrderedDict()

    def found(self, blocks: Sequence[int]) -> int:
        """How many blocks from the first on are held; they count as used now."""
        count = 0
        for block in blocks:
            if block not in self._held:
                break
            count += 1
        # From the end: of one prompt the last blocks go first.
        for block in reversed(blocks[:count]):
            self._held.move_to_end(block)
        return count

    def keep(self, blocks: Sequence[int], most: int) -> None:
        """Hold ``blocks`` as used now, and at most ``most`` in all."""
        for block in reversed(blocks):
            self._held[block] = None
            self._held.move_to_end(block)
        while len(self._held) > max(most, 0):
            self._held.popitem(last=False)


def cached_share(blocks: Blocks, input_tokens: Sequence[float], most: int, ranks: int = 1) -> float:
    """Share of all prompt tokens that caches of ``most`` blocks find, one of each of the ``ranks``
    that take requests in turn."""
    caches = [PrefixCache() for _ in range(ranks)]
    found, ids, starts = 0.0, blocks.ids.tolist(), blocks.starts.tolist()
    for request, tokens in enumerate(input_tokens):
        cache, own = caches[request % ranks], ids[starts[request] : starts[request + 1]]
        found += min(cache.found(own) * blocks.tokens, tokens - 1.0)
        cache.keep(own, most)
    whole = float(sum(input_tokens))
    return found / whole if whole else 0.0
