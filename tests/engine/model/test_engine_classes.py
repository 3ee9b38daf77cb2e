"""Every class and model type of the engines is read by a dialect, or refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.model.config import RawConfig, interpret
from engine.words.errors import InputError

LISTS = Path(__file__).parents[2] / "data" / "engine_classes"
UNKNOWN = ("names no known class", "is unknown", "neither a known")


def names(engine: str) -> list[str]:
    lines = (LISTS / f"{engine}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def is_unknown(config: dict[str, Any]) -> bool:
    """Whether nothing knows ``config``. One that is read asks for its sizes, or has them all as
    its class's defaults."""
    try:
        interpret(RawConfig("m", "m", "m.json", config), "m")
    except InputError as error:
        return any(text in str(error) for text in UNKNOWN)
    return False


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_every_class_of_the_engine_is_read_or_refused(engine: str) -> None:
    unknown = [name for name in names(engine) if is_unknown({"architectures": [name]})]
    assert not unknown


def test_every_type_of_transformers_is_read_or_refused() -> None:
    unknown = [name for name in names("transformers") if is_unknown({"model_type": name})]
    assert not unknown


def test_a_class_of_nobody_is_unknown() -> None:
    assert is_unknown({"architectures": ["MadeUpForCausalLM"]})
    assert is_unknown({"model_type": "made_up"})
