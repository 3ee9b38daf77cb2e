"""Requests per second hour by hour: from a table of hours, or counted in a trace."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from engine.sources.csv_text import open_csv
from engine.sources.traces.read import Progress, read_trace
from engine.sources.traces.records import ARRIVAL, INPUT, OUTPUT, find_field
from engine.sources.traces.trace import Trace
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_decimal

HOURS = 24
MAXIMUM_BYTES = 1 << 20
EXPECTED = "a day: CSV with hour and requests per second, or a trace"
_HOUR = ("hour", "hours", "h", "hourofday")
_RATE = ("requestspersecond", "rate", "rps", "qps", "reqs", "requestss", "requests")


def read_day(
    path: Path, progress: Progress | None = None
) -> tuple[tuple[float, ...], Trace | None]:
    """Requests per second of up to 24 hours from the first on, and the trace where it is one;
    raises `InputError` with file and row."""
    if _is_table(path):
        return _table(path), None
    trace = read_trace(path, progress)
    return _counted(trace), trace


def _is_table(path: Path) -> bool:
    """Whether the first line has hours; raises `InputError` where it is of no day and no trace."""
    if path.suffix == ".gz":
        # Only traces are so long.
        return False
    with open_csv(path, 2 << 30, say(EXPECTED)) as stream:
        first = stream.readline(4096)
        header = next(csv.reader([first]), [])
    if find_field(header, _HOUR) is not None:
        return True
    of_trace = any(find_field(header, names) is not None for names in (ARRIVAL, INPUT, OUTPUT))
    has_rate = find_field(header, _RATE) is not None
    if first.lstrip().startswith(("{", "[")) or (of_trace and not has_rate):
        return False
    raise InputError(
        say(
            "{shown}: row 1: found {header}, expected a header as hour,requests_per_second, "
            "or that of a trace",
            shown=clean(str(path), 160),
            header=clean(first.strip(), 60) or say("nothing"),
        )
    )


def _table(path: Path) -> tuple[float, ...]:
    shown = clean(str(path), 160)
    rates: list[float] = []
    with open_csv(path, MAXIMUM_BYTES, say(EXPECTED)) as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        hour, rate = find_field(header, _HOUR), find_field(header, _RATE)
        if rate is None:
            raise InputError(
                say("{shown}: row 1: expected a header as hour,requests_per_second", shown=shown)
            )
        places = header.index(hour), header.index(rate)
        for number, row in enumerate(reader, 2):
            if not row:
                continue
            where = f"{shown}: row {number}"
            if len(row) < len(header):
                raise InputError(
                    say(
                        "{where}: found {row} fields, expected {header}",
                        where=where,
                        row=len(row),
                        header=len(header),
                    )
                )
            rates.append(_rate(where, len(rates), *(row[one] for one in places)))
    if not rates:
        raise InputError(
            say("{shown}: found no hours, expected 1 to {HOURS}", shown=shown, HOURS=HOURS)
        )
    return tuple(rates)


def _rate(where: str, hour: int, found: str, text: str) -> float:
    if hour >= HOURS:
        raise InputError(
            say(
                "{where}: hour {found}: a day has {HOURS} hours",
                where=where,
                found=clean(found, 20),
                HOURS=HOURS,
            )
        )
    if parse_decimal(found.strip().removesuffix(":00")) != hour:
        raise InputError(
            say(
                "{where}: hour: found {found!r}, expected {hour}: every hour from 0 on has a row",
                where=where,
                found=clean(found, 20),
                hour=hour,
            )
        )
    rate = parse_decimal(text)
    if not 0 <= rate <= 1e6:
        raise InputError(
            say(
                "{where}: requests per second: found {text!r}, expected a number from 0",
                where=where,
                text=clean(text, 20),
            )
        )
    return rate


def _counted(trace: Trace) -> tuple[float, ...]:
    if trace.arrival_seconds is None:
        raise InputError(
            say("{trace}: has no times, expected arrivals over a day", trace=trace.name)
        )
    last = float(trace.arrival_seconds[-1])
    if last >= HOURS * 3600:
        raise InputError(
            say(
                "{trace}: {last:.1f} hours, a day has {HOURS}",
                trace=trace.name,
                last=last / 3600,
                HOURS=HOURS,
            )
        )
    hours = int(last // 3600) + 1
    counts = np.bincount((trace.arrival_seconds // 3600).astype(int), minlength=hours)
    # The last hour may not be whole.
    spans = np.full(hours, 3600.0)
    spans[-1] = max(last - 3600.0 * (hours - 1), 60.0)
    return tuple((counts / spans).tolist())
