"""Benchmark names read."""

from __future__ import annotations

import re

from engine.plan.names.benchmark import KILO, BenchmarkName, EncoderName, FpsName, FtlName, TpsName
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

MAXIMUM_LENGTH = 300

_KINDS = {"TPS": 7, "FTL": 6, "FPS": 6}
"""Fields of each kind, the model as one."""


_HEAD = re.compile(r"\s*(TPS|FTL|FPS)[\d-][^/]*$", re.IGNORECASE)


def is_benchmark_name(text: str) -> bool:
    """Whether ``text`` is written as a benchmark name, right or wrong."""
    return _HEAD.match(text) is not None


def parse_name(text: str) -> BenchmarkName:
    """Read a benchmark name; raises `InputError` that points at the bad field."""
    if len(text) > MAXIMUM_LENGTH:
        raise InputError(
            say(
                "benchmark name of {text} characters, expected ≤ {MAXIMUM_LENGTH}",
                text=len(text),
                MAXIMUM_LENGTH=MAXIMUM_LENGTH,
            )
        )
    fields = _Fields(text.strip())
    kind, number = fields.head()
    if kind == "FPS":
        return _parse_fps(fields, number)
    batch = fields.number(-1, "batch", r"B(\d+)", say("B and a number, as B16"))
    weights, activations = fields.precision(-2)
    place = -3
    output_tokens = 0
    if kind == "TPS":
        output_tokens = fields.tokens(
            place, "output", r"[0Oo](\d+K?)", say("0 and tokens, as 0256")
        )
        place -= 1
    input_tokens = fields.tokens(place, "input", r"S(\d+K?)", say("S and tokens, as S4K"))
    size = fields.word(place - 1, "size")
    model = fields.model(place - 1)
    if kind == "TPS":
        return TpsName(
            number, model, size, input_tokens, output_tokens, weights, activations, batch
        )
    return FtlName(number, model, size, input_tokens, weights, activations, batch)


_SIZES = "R and width x height, as R224x224, or S and tokens, as S384"


def _parse_fps(fields: _Fields, number: int) -> FpsName | EncoderName:
    batch = fields.number(-1, "batch", r"B(\d+)", say("B and a number, as B16"))
    weights, activations = fields.precision(-2)
    version, model = fields.word(-4, "version"), fields.model(-4)
    if fields.parts[-3][:1] in ("S", "s"):
        tokens = fields.tokens(-3, "input", r"S(\d+K?)", say("S and tokens, as S384"))
        return EncoderName(number, model, version, tokens, weights, activations, batch)
    match = fields.match(-3, "resolution", r"R(\d+)[xX](\d+)", _SIZES)
    width = fields.positive(-3, "resolution", match[1])
    height = fields.positive(-3, "resolution", match[2])
    return FpsName(number, model, version, width, height, weights, activations, batch)


class _Fields:
    """The parts between dashes, addressed from the end; errors point into the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts = text.split("-")

    def head(self) -> tuple[str, int]:
        match = re.fullmatch(r"(TPS|FTL|FPS)(\d{3})", self.parts[0], re.IGNORECASE | re.ASCII)
        if match is None:
            raise self.error(0, "kind", say("TPS, FTL or FPS and three digits, as TPS001"))
        kind = match[1].upper()
        if len(self.parts) < _KINDS[kind]:
            raise InputError(
                say(
                    "benchmark name {text!r} has {parts} fields, expected at least "
                    "{KINDS} for {kind}",
                    text=clean(self.text),
                    parts=len(self.parts),
                    KINDS=_KINDS[kind],
                    kind=kind,
                )
            )
        return kind, int(match[2])

    def match(self, place: int, field: str, pattern: str, expected: str) -> re.Match[str]:
        found = re.fullmatch(pattern, self.parts[place], re.IGNORECASE | re.ASCII)
        if found is None:
            raise self.error(place, field, expected)
        return found

    def positive(self, place: int, field: str, digits: str) -> int:
        value = int(digits) if len(digits) <= 9 else 0
        if value < 1:
            raise self.error(place, field, say("a number from 1 to 999999999"))
        return value

    def number(self, place: int, field: str, pattern: str, expected: str) -> int:
        return self.positive(place, field, self.match(place, field, pattern, expected)[1])

    def tokens(self, place: int, field: str, pattern: str, expected: str) -> int:
        digits = self.match(place, field, pattern, expected)[1].upper()
        value = self.positive(place, field, digits.removesuffix("K"))
        return value * KILO if digits.endswith("K") else value

    def precision(self, place: int) -> tuple[int, int]:
        match = self.match(place, "precision", r"W(\d{1,2})A(\d{1,2})", say("bits, as W4A16"))
        return (
            self.positive(place, "precision", match[1]),
            self.positive(place, "precision", match[2]),
        )

    def word(self, place: int, field: str) -> str:
        if not self.parts[place] or clean(self.parts[place]) != self.parts[place]:
            raise self.error(place, field, say("a word without dashes and control characters"))
        return self.parts[place]

    def model(self, end: int) -> str:
        name = "-".join(self.parts[1:end])
        if not name:
            raise InputError(
                say("benchmark name {text!r}: the model field is empty", text=clean(self.text))
            )
        for place in range(1, end % len(self.parts)):
            if clean(self.parts[place]) != self.parts[place]:
                raise self.error(place, "model", say("a name without control characters"))
        return name

    def error(self, place: int, field: str, expected: str) -> InputError:
        index = place % len(self.parts)
        column = sum(len(part) + 1 for part in self.parts[:index]) + 1
        return InputError(
            say(
                "benchmark name {text!r}: field {index} ({field}, column "
                "{column}): found {parts!r}, expected {expected}",
                text=clean(self.text),
                index=index + 1,
                field=field,
                column=column,
                parts=clean(self.parts[index], 40),
                expected=expected,
            )
        )
