"""The error tables, as text for a terminal and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evidence.measured.record import Record, RecordedChoice, RecordedError
from engine.evidence.measured.report import Group
from engine.scenario import EVEN_CERTAINTY
from engine.words.cells import cells, left, right
from engine.words.messages import say

NAMES = {
    "ttft_ms": "TTFT",
    "tpot_ms": "TPOT",
    "e2el_ms": "end to end",
    "output_tps_per_chip": "tokens/s/chip",
    "samples_per_s": "images/s",
    "latency_ms": "latency",
    "ttft_p99_ms": "TTFT p99",
    "tpot_p99_ms": "TPOT p99",
    "e2el_p99_ms": "end to end p99",
}
HEADER = ("kind", "metric", "rows", "predicted", "median error", "mean error", "bias", "±20 %")
FOLDS = ("pairs", "models", "months")
"""What predictions of held-out rows have not seen."""
RECORD_HEADER = (*HEADER, "without pairs", "without models", "without months")
_WORDS = 2
"""Columns that hold words; the others hold numbers."""

Lines = list[list[str]]


def group_lines(groups: Sequence[Group]) -> Lines:
    """Header and one line per group."""
    return [list(HEADER), *map(_group_line, groups)]


def _group_line(group: Group) -> list[str]:
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


def record_lines(record: Record) -> Lines:
    """Header and one line per recorded error."""
    return [list(RECORD_HEADER), *map(_record_line, record.errors)]


def _record_line(error: RecordedError) -> list[str]:
    return [
        error.kind,
        NAMES[error.metric],
        f"{error.rows:,}",
        f"{error.covered:,}",
        f"{error.median:.1%}",
        f"{error.mean:.1%}",
        f"{error.bias:+.1%}",
        f"{error.within_20:.0%}",
        *(
            _both(getattr(error, f"{name}_median"), getattr(error, f"{name}_mean"))
            for name in FOLDS
        ),
    ]


def _both(median: float | None, mean: float | None) -> str:
    return "–" if median is None or mean is None else f"{median:.1%} / {mean:.1%}"


def choice_words(record: Record) -> str:
    """What choosing by prediction loses, and how often it keeps the limit, in sentences; empty
    where nothing was chosen."""
    even = [one for one in record.choices if one.certainty == EVEN_CERTAINTY]
    everywhere = [one for one in even if not one.pools]
    if not everywhere:
        return ""
    lost = say(
        "Tokens/s/chip lost by running the configuration that held-out prediction finds best under "
        "a TPOT limit, against the best measured one: {parts}.",
        parts=_losses(everywhere),
    )
    of_pools = [one for one in even if one.pools]
    beside = [
        say(
            "Where configurations in two pools are among them: {parts}.",
            parts=_losses(of_pools),
        )
    ]
    return " ".join([lost, *(beside if of_pools else ()), *_kept_words(record)])


def _losses(choices: Sequence[RecordedChoice]) -> str:
    parts = (
        say(
            "{median:.1%} in the median, {mean:.1%} in the mean under {limit:g} ms",
            median=one.median,
            mean=one.mean,
            limit=one.tpot_limit_ms,
        )
        for one in choices
    )
    return "; ".join(parts)


def _kept_words(record: Record) -> list[str]:
    """How often choices kept their limits, by the certainty that was asked for."""
    found = []
    everywhere = [one for one in record.choices if not one.pools]
    for certainty in sorted({one.certainty for one in everywhere}):
        choices = [one for one in everywhere if one.certainty == certainty]
        groups = sum(one.groups for one in choices)
        missed = [one.groups * one.missed for one in choices if one.missed is not None]
        if len(missed) == len(choices):
            kept = 1.0 - sum(missed) / groups
            found.append(say("{kept:.0%} with --certainty {asked:g}", kept=kept, asked=certainty))
    if not found:
        return []
    return [say("Of the choices so many kept the limit: {parts}.", parts=", ".join(found))]


def as_text(lines: Lines) -> str:
    """Aligned columns, their words in today's language."""
    head, *rest = lines
    told = [[say(one) for one in head]]
    told += [[*(say(one) for one in line[:_WORDS]), *line[_WORDS:]] for line in rest]
    widths = [max(cells(line[place]) for line in told) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            left(text, width) if place < _WORDS else right(text, width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in told
    )


def as_markdown(lines: Lines) -> str:
    """A Markdown table."""
    rule = ["---"] * _WORDS + ["---:"] * (len(lines[0]) - _WORDS)
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]])
