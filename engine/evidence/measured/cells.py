"""Typed access to the cells of one line of measured results."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from engine.evidence.measured.measurement import Pool
from engine.hardware.chip_profiles import chip_aliases
from engine.words.text import clean
from engine.words.units import parse_decimal

KINDS = ("serving", "static", "offline", "cv")
NARROW = 4
"""Chips of a worker up to which unrecorded degrees mean tensor parallelism."""
UNKNOWN_KIND = "unknown"
LARGEST_NUMBER = 1e9
_BLANKS = frozenset({"", "-", "–", "nan", "na", "n/a", "none", "null", "?"})
_EAGER = re.compile(r"\beager\b|--enforce-eager|--disable-cuda-graph", re.IGNORECASE)
_BOTH_EIGHT = re.compile(r"\bw8a8\b", re.IGNORECASE)
_POOL = re.compile(r"(\d+)x\(tp(\d+),ep(\d+),dpa=(true|false)\)", re.IGNORECASE | re.ASCII)
_POOL_CHIPS = re.compile(r"[PD]gpu=(\d+)", re.IGNORECASE | re.ASCII)


class Cells:
    """Typed access to one line's cells; remembers the first that is not what it should be."""

    def __init__(self, cells: Mapping[str, str | None]) -> None:
        self.cells = cells
        self.problem = ""

    def wrong(self, column: str, found: str, expected: str) -> None:
        """Remember what is wrong with a column, unless something else was before."""
        self.problem = self.problem or f"{column}: found {found[:40]!r}, expected {expected}"

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        return clean(value.strip(), 200) if value else ""

    def kind(self) -> str:
        found = self.text("kind").lower()
        if found not in KINDS:
            self.wrong("kind", found, f"one of {', '.join(KINDS)}")
            return UNKNOWN_KIND
        return found

    def chip(self) -> str:
        found = self.text("chip").lower()
        if not found:
            self.wrong("chip", found, "an id that `rooftop chips` lists")
        return chip_aliases().get(found, found)

    def activations(self) -> str:
        """The column, or what the note on the build says: "W8A8" is of both operands."""
        said = self.text("precision_act")
        return said or ("int8" if _BOTH_EIGHT.search(self.text("build_note")) else "")

    def is_eager(self) -> bool:
        """Whether the note on the build, or a flag quoted beside it, says that no graphs were
        replayed."""
        flags = [one for one in self.text("notes").split() if one.startswith("--")]
        return _EAGER.search(" ".join([self.text("build_note"), *flags])) is not None

    def number(self, column: str, otherwise: float = math.nan) -> float:
        text = self.text(column)
        if text.lower() in _BLANKS:
            return otherwise
        value = parse_decimal(text)
        if not 0 <= value <= LARGEST_NUMBER:
            self.wrong(column, text, f"a number from 0 to {LARGEST_NUMBER:g}")
            return otherwise
        return value

    def amount(self, column: str, otherwise: float = math.nan) -> float:
        """Tokens or requests: a number above 0."""
        value = self.number(column, otherwise)
        if value <= 0:
            self.wrong(column, f"{value:g}", "a number above 0")
            return otherwise
        return value

    def drafts(self) -> int | None:
        """Drafted tokens per step; None where they are only said to be on."""
        return None if self.text("mtp").lower().startswith("on") else int(self.number("mtp", 0.0))

    def count(self, column: str, otherwise: int) -> int:
        value = self.number(column, float(otherwise))
        if value < 1 or value != int(value) or value > 1 << 20:
            self.wrong(column, f"{value:g}", "a whole number from 1")
            return otherwise
        return int(value)

    def pools(self) -> tuple[Pool | None, Pool | None]:
        """Prefill and decode workers, as ``P:1x(tp4,ep4,dpa=True) D:2x(tp8,ep8,dpa=False)``."""
        if self.number("disagg", 0.0) != 1:
            return None, None
        words = self.text("disagg_pd")
        pools, chips = _POOL.findall(words), _POOL_CHIPS.findall(words)
        if len(pools) != 2:
            return None, None
        chips = chips if len(chips) == 2 else ["0", "0"]
        prefill, decode = (
            _pool(workers, tensor, expert, attention, int(count))
            for (workers, tensor, expert, attention), count in zip(pools, chips, strict=True)
        )
        return prefill, decode


def _pool(workers: str, tensor: str, expert: str, attention: str, chips: int) -> Pool:
    """Where the published degrees do not fill a worker's chips (wide-EP recipes record only the
    launch flags), the worker spans all its chips, experts included; attention-DP recorded with
    those flags holds only for the wide ones: narrow workers of the same recipes are recorded
    elsewhere as tensor parallel."""
    count, degree, experts = max(int(workers), 1), max(int(tensor), 1), max(int(expert), 1)
    spanned = chips // count
    if spanned > degree:
        degree = experts = spanned
        if spanned <= NARROW:
            attention = "false"
    return Pool(count, degree, experts, degree if attention.lower() == "true" else 1)
