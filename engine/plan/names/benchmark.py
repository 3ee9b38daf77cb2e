"""Benchmark names: ``TPS001-Llama2-70B-S4K-01-W4A16-B16`` and its two sisters.

    TPS[xxx]-[Model]-[Size]-S[in]-0[out]-W[x]A[y]-B[BS]
    FTL[xxx]-[Model]-[Size]-S[in]-W[x]A[y]-B[BS]
    FPS[xxx]-[Model]-[Version]-R[W]x[H]-W[x]A[y]-B[BS]

Text encoders are counted per second as images are, and have sequences of tokens in the place of a
resolution: FPS[xxx]-[Model]-[Version]-S[in]-W[x]A[y]-B[BS].
Model names may hold ``-`` and ``.``, so names are read from both ends. ``4K`` is 4096 tokens.
The output field is written with the digit zero; a letter O is accepted when reading.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

KILO = 1024
MAXIMUM_LENGTH = 300


@dataclass(frozen=True, slots=True)
class TpsName:
    """Tokens per second of a language model."""

    number: int
    model: str
    size: str
    input_tokens: int
    output_tokens: int
    weight_bits: int
    activation_bits: int
    batch: int

    def __str__(self) -> str:
        return (
            f"TPS{self.number:03d}-{self.model}-{self.size}-S{tokens_text(self.input_tokens)}"
            f"-0{tokens_text(self.output_tokens)}-W{self.weight_bits}A{self.activation_bits}"
            f"-B{self.batch}"
        )


@dataclass(frozen=True, slots=True)
class FtlName:
    """First-token latency of a language model."""

    number: int
    model: str
    size: str
    input_tokens: int
    weight_bits: int
    activation_bits: int
    batch: int

    def __str__(self) -> str:
        return (
            f"FTL{self.number:03d}-{self.model}-{self.size}-S{tokens_text(self.input_tokens)}"
            f"-W{self.weight_bits}A{self.activation_bits}-B{self.batch}"
        )


@dataclass(frozen=True, slots=True)
class FpsName:
    """Images per second of a vision model."""

    number: int
    model: str
    version: str
    width: int
    height: int
    weight_bits: int
    activation_bits: int
    batch: int

    def __str__(self) -> str:
        return (
            f"FPS{self.number:03d}-{self.model}-{self.version}-R{self.width}x{self.height}"
            f"-W{self.weight_bits}A{self.activation_bits}-B{self.batch}"
        )


@dataclass(frozen=True, slots=True)
class EncoderName:
    """Sequences per second of a text encoder."""

    number: int
    model: str
    version: str
    input_tokens: int
    weight_bits: int
    activation_bits: int
    batch: int

    def __str__(self) -> str:
        return (
            f"FPS{self.number:03d}-{self.model}-{self.version}-S{tokens_text(self.input_tokens)}"
            f"-W{self.weight_bits}A{self.activation_bits}-B{self.batch}"
        )


BenchmarkName = TpsName | FtlName | FpsName | EncoderName

_KINDS = {"TPS": 7, "FTL": 6, "FPS": 6}
"""Fields of each kind, the model as one."""


def tokens_text(tokens: int) -> str:
    """``4096`` as ``4K``, anything that is no multiple of 1024 plainly."""
    return f"{tokens // KILO}K" if tokens >= KILO and tokens % KILO == 0 else str(tokens)


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


def name_fields(name: BenchmarkName) -> dict[str, str | int]:
    """The fields of a name for printing, kind first."""
    kind = {TpsName: "TPS", FtlName: "FTL", FpsName: "FPS", EncoderName: "FPS"}[type(name)]
    return {"kind": kind, **asdict(name)}


def fps_model(name: str, version: str) -> str:
    """The model field of an FPS name: the model's name without its version (``ResNet-50-V1.5``
    and ``V1.5`` give ``Resnet50``)."""
    plain = re.sub(r"[^\w.-]", "", name).strip("-_")
    if version:
        # timm writes a version in the middle: resnetv2_50.
        without = re.sub(
            rf"{re.escape(version)}(?=$|[-_])", "", plain, count=1, flags=re.IGNORECASE
        )
        plain = without.strip("-_") or plain
    return document_spelling(plain) or "model"


_JOINED = re.compile(r"(?<=[A-Za-z])[-_ ](?=\d)")
_RESNET = re.compile("resnet", re.IGNORECASE)


def document_spelling(name: str) -> str:
    """A model's name as the document writes it: ``Llama2`` for ``Llama-2``, ``Resnet50`` for
    ``ResNet-50``."""
    return _RESNET.sub("Resnet", _JOINED.sub("", name))


_SIZE = re.compile(r"[-_ ]?(\d+(?:x\d+)?(?:\.\d+)?[BMT])(?=$|[-_ ])", re.IGNORECASE | re.ASCII)


def model_and_size(name: str, total_parameters: int) -> tuple[str, str]:
    """Split a model's name into the name and size fields of a benchmark.

    ``Llama-2-70b-hf`` gives ``Llama2-hf`` and ``70B``; without a size in the name the
    parameter count is rounded (``DeepSeek-V3`` and ``671B``).
    """
    plain = re.sub(r"[^\w.-]", "", name) or "model"
    match = _SIZE.search(plain)
    if match:
        rest = (plain[: match.start()] + plain[match.end() :]).strip("-_ ")
        return document_spelling(rest) or "model", match[1].upper().replace("X", "x")
    billions = total_parameters / 1e9
    size = f"{billions:.0f}B" if billions >= 10 else f"{billions:.1f}B"
    if billions < 1:
        size = f"{total_parameters / 1e6:.0f}M"
    return document_spelling(plain.strip("-_")), size
