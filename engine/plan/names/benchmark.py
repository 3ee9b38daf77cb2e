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

from dataclasses import asdict, dataclass

KILO = 1024


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


def tokens_text(tokens: int) -> str:
    """``4096`` as ``4K``, anything that is no multiple of 1024 plainly."""
    return f"{tokens // KILO}K" if tokens >= KILO and tokens % KILO == 0 else str(tokens)


def name_fields(name: BenchmarkName) -> dict[str, str | int]:
    """The fields of a name for printing, kind first."""
    kind = {TpsName: "TPS", FtlName: "FTL", FpsName: "FPS", EncoderName: "FPS"}[type(name)]
    return {"kind": kind, **asdict(name)}
