"""The error table, as text for a terminal and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Sequence

from engine.validation.report import Group

NAMES = {
    "ttft_ms": "TTFT",
    "tpot_ms": "TPOT",
    "e2el_ms": "end to end",
    "output_tps_per_chip": "tokens/s/chip",
    "samples_per_s": "images/s",
    "latency_ms": "latency",
}
HEADER = ("kind", "metric", "rows", "predicted", "median error", "mean error", "bias", "±20 %")
_LEFT = 2
"""Columns that hold words; the others hold numbers."""


def cells(groups: Sequence[Group]) -> list[list[str]]:
    """One line of words per group, in the order of `HEADER`."""
    return [_cells(group) for group in groups]


def _cells(group: Group) -> list[str]:
    start = [group.kind, NAMES[group.metric], f"{group.rows:,}", f"{group.covered:,}"]
    if group.mape is None or group.median_ape is None or group.bias is None:
        return [*start, "–", "–", "–", "–"]
    return [
        *start,
        f"{group.median_ape:.1%}",
        f"{group.mape:.1%}",
        f"{group.bias:+.1%}",
        f"{group.within_20 or 0.0:.0%}",
    ]


def as_text(groups: Sequence[Group]) -> str:
    """Aligned columns."""
    lines = [list(HEADER), *cells(groups)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place < _LEFT else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def as_markdown(groups: Sequence[Group]) -> str:
    """A Markdown table."""
    rule = ["---"] * _LEFT + ["---:"] * (len(HEADER) - _LEFT)
    lines = [list(HEADER), rule, *cells(groups)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
