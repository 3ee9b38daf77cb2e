"""What a precision costs in quality, as far as published evaluations say: never a promise.

``profiles/quality/`` holds what was kept of the score in 16 bits, per format and size of model and
per model (`tests/accuracy/publish_quality.py` writes it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.model.architecture import Architecture
from engine.model.config import LoadedModel
from engine.model.model_profiles import spelling
from engine.model.precision import NumberFormat, Precision
from engine.sources.profile_files import read_toml
from engine.words.messages import say
from profiles import ROOT

FORMATS_FILE = ROOT / "quality" / "formats.toml"
MODELS_FILE = ROOT / "quality" / "models.toml"
_TUNED = ("instruct", "chat", "it", "hf", "base", "v0.1", "v0.2", "v0.3")
"""Endings of names that share their weights' shape, and the format's cost, with the model."""
_SIZES = {
    "small": "models under 4B",
    "medium": "models of 4 to 15B",
    "large": "dense models of 15 to 80B",
    "largest": "mixtures of experts and models over 80B",
    "vision": "image models",
    "encoder": "text encoders",
}


@dataclass(frozen=True, slots=True)
class Quality:
    """What was kept of the score in 16 bits, in percent: median, and the tenth to ninetieth
    percentile of so many ``evaluations`` of what is named by ``subject``."""

    format: str
    subject: str
    kept: float
    low: float
    high: float
    evaluations: int
    sources: tuple[str, ...]

    def sentence(self) -> str:
        """``fp8 kept 99.8 % (98.2–100.7) of the 16-bit score in 98 evaluations of …``."""
        spread = f" ({self.low:g}–{self.high:g})" if self.evaluations > 1 else ""
        number = (
            say("1 evaluation")
            if self.evaluations == 1
            else say("{evaluations} evaluations", evaluations=self.evaluations)
        )
        return say(
            "{format} kept {kept:g} %{spread} of the 16-bit score in {number} of {subject} "
            "[{source}]",
            format=self.format,
            kept=self.kept,
            spread=spread,
            number=number,
            subject=say(self.subject),
            source=self.source,
        )

    @property
    def source(self) -> str:
        """The source, and how many others there are."""
        more = len(self.sources) - 1
        others = say(" and {more} more", more=more) if more else ""
        return self.sources[0] + others

    def values(self) -> dict[str, Any]:
        """Plain values for files."""
        return {
            "format": self.format,
            "subject": self.subject,
            "kept_percent": self.kept,
            "low_percent": self.low,
            "high_percent": self.high,
            "evaluations": self.evaluations,
            "sources": list(self.sources),
        }


def class_of_size(parameters_billion: float, *, mixture: bool) -> str:
    """The size class of a language model that evaluations are told by."""
    if mixture or parameters_billion > 80:
        return "largest"
    if parameters_billion < 4:
        return "small"
    return "medium" if parameters_billion < 15 else "large"


def spelt(name: str) -> str:
    """What tells models of other shapes apart, however a name is spelt: without the owner and what
    it was tuned for."""
    words = [word for word in name.rpartition("/")[2].lower().split("-") if word not in _TUNED]
    return spelling("-".join(words)).removeprefix("meta")


def weights_quality_format(precision: Precision) -> str:
    """The format by which evaluations call weights and activations; empty for 16 bits and what
    nobody evaluated."""
    weights, activations = precision.weights, precision.activations
    if weights.bits >= 16:
        return ""
    if weights.name.startswith("fp8"):
        return "fp8" if activations.bits == 8 else ""
    if weights.name == "int8":
        return "int8" if activations.bits == 8 else "int8_weights"
    if weights.name == "int4":
        return {16: "int4", 8: "w4a8"}.get(int(activations.bits), "")
    same = weights.name == activations.name
    return weights.name if same or weights.name in {"int2", "int3"} else ""


def cache_quality_format(cache: NumberFormat) -> str:
    """The format by which evaluations call a KV cache; empty for 16 bits."""
    if cache.bits >= 16:
        return ""
    return "kv_fp4" if "fp4" in cache.name else f"kv_{cache.name.removesuffix('_block')}"


def quality_of(model: LoadedModel, precision: Precision) -> tuple[Quality, ...]:
    """What evaluations say of the weights and the cache of a precision, the model's own before
    those of models of its size; nothing of what the checkpoint is stored in anyway."""
    own = model.precision
    found = []
    if precision.weights != own.weights or precision.activations != own.activations:
        found += _told(model, weights_quality_format(precision))
    if precision.kv != own.kv:
        found += _told(model, cache_quality_format(precision.kv))
    return tuple(found)


def _told(model: LoadedModel, format: str) -> list[Quality]:
    if not format:
        return []
    named = {spelt(one) for one in (model.name, model.repository or "") if one}
    own = [one for one in _entries(MODELS_FILE.name) if spelt(one["model"]) in named]
    direct = [_quality(one, str(one["model"])) for one in own if one["format"] == format]
    if direct:
        return [max(direct, key=lambda one: one.evaluations)]
    size, entries = _size_of(model), _entries(FORMATS_FILE.name)
    alike = [one for one in entries if one["format"] == format and one["size"] == size]
    if alike:
        return [_quality(one, _SIZES[size]) for one in alike]
    if size in {"vision", "encoder"}:
        return []
    other = [one for one in entries if one["format"] == format and one["size"] in _SIZES]
    return [_quality(one, _SIZES[one["size"]]) for one in _nearest(other, size)]


def _nearest(entries: Iterable[Mapping[str, Any]], size: str) -> list[Mapping[str, Any]]:
    """The entry of the next size that has one."""
    places = list(_SIZES)
    known = [one for one in entries if one["size"] not in {"vision", "encoder"}]
    return sorted(known, key=lambda one: abs(places.index(one["size"]) - places.index(size)))[:1]


def _size_of(model: LoadedModel) -> str:
    architecture = model.architecture
    if not isinstance(architecture, Architecture):
        return str(model.kind) if str(model.kind) in _SIZES else "vision"
    total, active = architecture.total_parameters, architecture.active_parameters
    return class_of_size(total / 1e9, mixture=active < 0.9 * total)


def _quality(entry: Mapping[str, Any], subject: str) -> Quality:
    return Quality(
        entry["format"],
        subject,
        entry["kept"],
        entry["low"],
        entry["high"],
        entry["evaluations"],
        tuple(entry["sources"]),
    )


@cache
def _entries(file: str) -> tuple[Mapping[str, Any], ...]:
    path = FORMATS_FILE if file == FORMATS_FILE.name else MODELS_FILE
    return tuple(read_toml(path)["quality"])
