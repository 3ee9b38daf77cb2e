"""Whatever a config holds, reading it ends in a description or in one line, never in a crash."""

from __future__ import annotations

import copy
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import RawConfig, interpret, parse_json
from engine.errors import RooftopError

FACTS = Path(__file__).parents[1] / "data" / "zoo_facts.csv"

with FACTS.open(encoding="utf-8", newline="") as _stream:
    CONFIGS = [json.loads(row["config"]) for row in csv.DictReader(_stream)]

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.integers(-2, 130)
    | st.floats(allow_nan=True)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


def paths(config: dict[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in config.items():
        found.append((*before, key))
        if isinstance(value, dict):
            found += paths(value, (*before, key))
    return found


def changed(config: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    target = config
    for name in path[:-1]:
        if not isinstance(target.get(name), dict):
            return
        target = target[name]
    target[path[-1]] = value


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_configs_are_described_or_refused(data: st.DataObject) -> None:
    config = copy.deepcopy(data.draw(st.sampled_from(CONFIGS)))
    for _ in range(data.draw(st.integers(1, 3))):
        changed(config, data.draw(st.sampled_from(paths(config))), data.draw(VALUES))
    try:
        interpret(RawConfig("fuzz", "fuzz", "fuzz.json", config), "fuzz")
    except RooftopError as error:
        assert "\n" not in str(error)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode()))
def test_any_bytes_are_parsed_or_refused(content: bytes) -> None:
    try:
        assert isinstance(parse_json(content, "x.json"), dict)
    except RooftopError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("layers", [10_000])
def test_the_largest_allowed_model_is_read_in_time(layers: int) -> None:
    config = {**CONFIGS[0], "num_hidden_layers": layers}
    model = interpret(RawConfig("deep", "deep", "deep.json", config), "deep")
    assert model.architecture is not None
