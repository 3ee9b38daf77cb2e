"""Names that are too long for their column, cut so that no two read alike. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence


def short_names(names: Sequence[str], width: int) -> Mapping[str, str]:
    """Each of ``names`` in at most ``width`` cells. The end of a name says most; where two would
    then read alike, as much is kept of their beginnings as tells them apart, and where that is
    too long, they begin where they differ."""
    short = {name: _cut(name, width, 0) for name in names}
    for head in range(1, max(width - 1, 1)):
        alike = _alike(short)
        if not alike:
            return short
        short |= {name: _cut(name, width, head) for name in alike}
    alike = _alike(short)
    letters = enumerate(zip(*alike, strict=False))
    same = next((place for place, each in letters if len(set(each)) > 1), 0)
    return short | {name: f"…{name[same:]}"[:width] for name in alike}


def _alike(short: Mapping[str, str]) -> list[str]:
    counted = Counter(short.values())
    return [name for name, cut in short.items() if counted[cut] > 1 and cut != name]


def _cut(name: str, width: int, head: int) -> str:
    """The first ``head`` letters and as many of the last as there is room for."""
    if len(name) <= width:
        return name
    return f"{name[:head]}…{name[len(name) - max(width - 1 - head, 0) :]}"[:width]
