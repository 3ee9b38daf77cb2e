"""One row of a trace: which of its fields is which, and numbers read strictly."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.sources.traces.trace import Blocks, Trace
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import LARGEST_COUNT, parse_decimal

MOST_ROWS = 5_000_000
MOST_BLOCKS = 50_000_000
LARGEST_BLOCK = 1 << 16
"""Tokens of one entry of ``hash_ids``: 512 in Mooncake's traces (README of the FAST'25 release), 16
in Qwen-Bailian's (README), a power of two in either."""

CONVERSATION = ("chatid",)
"""What only Qwen-Bailian's traces have beside their blocks."""
ARRIVAL = (
    "arrival", "arrivals", "arrivalseconds", "arrivaltime", "arrivalms", "arrivedat", "timestamp",
    "timestampms", "timestamps", "time", "ts", "starttime",
)  # fmt: skip
INPUT = (
    "input", "inputtokens", "inputlength", "inputlen", "isl", "prompttokens", "promptlen",
    "promptlength", "contexttokens", "requesttokens", "numprefilltokens", "prompt",
)  # fmt: skip
OUTPUT = (
    "output", "outputtokens", "outputlength", "outputlen", "osl", "completiontokens",
    "generatedtokens", "responsetokens", "numdecodetokens", "generationlength",
)  # fmt: skip
HASHES = ("hashids", "blockhashes", "blocks")
"""Names of fields in lower case without anything but letters and digits: the Azure LLM inference
traces, BurstGPT, Mooncake, Vidur and people's own write them so."""


def plain_name(name: object) -> str:
    """A field's name for comparison: ``Request tokens`` and ``request_tokens`` are one."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def find_field(names: Iterable[object], wanted: tuple[str, ...]) -> Any:
    """The first of ``names`` that means what is ``wanted``; None without one."""
    by_plain = {plain_name(name): name for name in names}
    return next((by_plain[one] for one in wanted if one in by_plain), None)


@dataclass(slots=True)
class Rows:
    """Rows as they are read; `trace` makes arrays of them. Errors name ``shown`` and the row."""

    shown: str
    arrivals: list[float] = field(default_factory=list)
    inputs: list[float] = field(default_factory=list)
    outputs: list[float] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    left_out: int = 0
    _known: dict[object, int] = field(default_factory=dict)

    def add(self, row: int, arrival: float | None, inputs: float, outputs: float) -> bool:
        """Take one request; False where it has no prompt or no answer, and is left out."""
        if len(self.inputs) >= MOST_ROWS:
            raise InputError(
                say(
                    "{shown}: more than {MOST_ROWS:,} rows, expected a shorter part",
                    shown=self.shown,
                    MOST_ROWS=MOST_ROWS,
                )
            )
        if arrival is not None:
            if self.arrivals and arrival < self.arrivals[-1]:
                back = self.arrivals[-1] - arrival
                raise self.error(
                    row,
                    say(
                        "arrives {back:g} s before the row above, expected times in order",
                        back=back,
                    ),
                )
            self.arrivals.append(arrival)
        if inputs < 1 or outputs < 1:
            self.left_out += 1
            if arrival is not None:
                self.arrivals.pop()
            return False
        self.inputs.append(inputs)
        self.outputs.append(outputs)
        return True

    def add_blocks(self, row: int, hashes: object) -> None:
        """Take the blocks of the request that was added last."""
        if not isinstance(hashes, list):
            raise self.error(
                row,
                say("hash_ids: found {found}, expected a list", found=clean(repr(hashes), 40)),
            )
        if len(self.ids) + len(hashes) > MOST_BLOCKS:
            raise InputError(
                say(
                    "{shown}: more than {MOST_BLOCKS:,} blocks of prompts",
                    shown=self.shown,
                    MOST_BLOCKS=MOST_BLOCKS,
                )
            )
        for one in hashes:
            if isinstance(one, bool) or not isinstance(one, int | str):
                raise self.error(
                    row,
                    say(
                        "hash_ids: found {found}, expected numbers or texts",
                        found=clean(repr(one), 40),
                    ),
                )
            self.ids.append(self._known.setdefault(one, len(self._known)))
        self.starts.append(len(self.ids))

    def trace(self, *, is_estimate: bool = False) -> Trace:
        """All rows; raises `InputError` where there are none."""
        if not self.inputs:
            left = (
                say(", {count:,} rows without prompt or answer", count=self.left_out)
                if self.left_out
                else ""
            )
            raise InputError(
                say(
                    "{shown}: found no requests{left}, expected at least one",
                    shown=self.shown,
                    left=left,
                )
            )
        arrival = None
        if self.arrivals:
            arrival = np.array(self.arrivals)
            arrival = arrival - arrival[0]
        blocks = None
        if len(self.starts) == len(self.inputs) + 1 and self.ids:
            ids, starts = np.array(self.ids), np.array(self.starts)
            blocks = Blocks(ids, starts, _block_tokens(sum(self.inputs) / len(ids)))
        return Trace(
            self.shown,
            np.array(self.inputs),
            np.array(self.outputs),
            arrival,
            blocks,
            self.left_out,
            is_estimate,
        )

    def count(self, row: int, name: object, value: object) -> float:
        """A number of tokens; raises `InputError`."""
        number = self._number(value)
        if 0 <= number <= LARGEST_COUNT and number == int(number):
            return number
        raise self.error(
            row,
            say(
                "{name}: found {value!r}, expected a whole number of tokens from 0 to {most:,}",
                name=clean(str(name), 40),
                value=clean(str(value), 40),
                most=LARGEST_COUNT,
            ),
        )

    def time(self, row: int, name: object, value: object, milliseconds: bool) -> float:
        """A time in seconds: a number, or a date with a time of day; raises `InputError`."""
        number = self._number(value)
        if math.isfinite(number) and abs(number) < 1e15:
            return number / 1e3 if milliseconds else number
        if isinstance(value, str):
            try:
                day = datetime.fromisoformat(value.strip())
            except ValueError:
                pass
            else:
                return (day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp()
        raise self.error(
            row,
            say(
                "{name}: found {value!r}, expected seconds or a date with a time of day",
                name=clean(str(name), 40),
                value=clean(str(value), 40),
            ),
        )

    def error(self, row: int, text: str) -> InputError:
        """What is wrong with a row."""
        return InputError(say("{shown}: row {row:,}: {text}", shown=self.shown, row=row, text=text))

    @staticmethod
    def _number(value: object) -> float:
        """NaN for what is no finite number."""
        if isinstance(value, bool):
            return math.nan
        if isinstance(value, int | float):
            return float(value) if abs(value) < 1e300 else math.nan
        return parse_decimal(value) if isinstance(value, str) else math.nan


def is_milliseconds(name: object, *, like_mooncake: bool) -> bool:
    """Whether a field of times counts milliseconds: by its name, or as Mooncake's traces do."""
    plain = plain_name(name)
    return plain.endswith("ms") or (like_mooncake and plain == "timestamp")


def is_like_mooncake(names: Iterable[object]) -> bool:
    """Whether these are the fields of Mooncake's traces; those of Qwen-Bailian, which name the
    conversation, too, count seconds."""
    every = list(names)
    return find_field(every, HASHES) is not None and find_field(every, CONVERSATION) is None


def _block_tokens(mean: float) -> int:
    """The power of two next to the ``mean`` tokens of a block: the last one of a prompt is cut
    short, or left out."""
    return min(1 << max(round(math.log2(max(mean, 1.0))), 0), LARGEST_BLOCK)
