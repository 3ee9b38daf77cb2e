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

from engine.model.config import RawConfig, interpret
from engine.sources.json_text import parse_json
from engine.words.errors import RooftopError

FACTS = Path(__file__).parents[2] / "data" / "zoo_facts.csv"

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


def target_of(config: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    target = config
    for name in path[:-1]:
        if not isinstance(target.get(name), dict):
            return None
        target = target[name]
    return target


def changed(config: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    target = target_of(config, path)
    if target is not None:
        target[path[-1]] = value


def scaled(value: Any, factor: int) -> Any:
    """A number times ``factor``; a list cut or repeated; anything else in a list."""
    if isinstance(value, list):
        return value[: len(value) // 2] if factor < 0 else value * min(factor, 3)
    if isinstance(value, int) and not isinstance(value, bool):
        return value * factor
    return [value]


def described_or_refused(config: dict[str, Any]) -> None:
    try:
        interpret(RawConfig("fuzz", "fuzz", "fuzz.json", config), "fuzz")
    except RooftopError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 800


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_configs_are_described_or_refused(data: st.DataObject) -> None:
    config = copy.deepcopy(data.draw(st.sampled_from(CONFIGS)))
    for _ in range(data.draw(st.integers(1, 3))):
        changed(config, data.draw(st.sampled_from(paths(config))), data.draw(VALUES))
    described_or_refused(config)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_configs_with_keys_removed_and_scaled_are_described_or_refused(data: st.DataObject) -> None:
    config = copy.deepcopy(data.draw(st.sampled_from(CONFIGS)))
    for _ in range(data.draw(st.integers(1, 3))):
        known = paths(config)
        if not known:
            break
        path = data.draw(st.sampled_from(known))
        target = target_of(config, path)
        if target is None:
            continue
        if data.draw(st.booleans()):
            target.pop(path[-1], None)
        else:
            factor = data.draw(st.sampled_from((-1, 0, 2, 3, 1000, 10**9)))
            target[path[-1]] = scaled(target[path[-1]], factor)
    described_or_refused(config)


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


@pytest.mark.parametrize("row", CONFIGS, ids=lambda row: str(row.get("model_type")))
def test_a_billion_layers_are_refused_in_every_dialect(row: dict[str, Any]) -> None:
    config = copy.deepcopy(row)
    names = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
    found = [path for path in paths(config) if path[-1] in names]
    for path in found:
        changed(config, path, 10**9)
    if found:
        with pytest.raises(RooftopError, match=r"is 1000000000|expected"):
            interpret(RawConfig("deep", "deep", "deep.json", config), "deep")


def test_a_list_of_a_million_layer_types_is_refused_before_it_is_read() -> None:
    content = json.dumps({**CONFIGS[0], "layer_types": ["full_attention"] * 1_000_000}).encode()
    with pytest.raises(RooftopError, match="more than 200,000 values"):
        parse_json(content, "wide.json")


def test_quantisation_values_of_any_type_are_refused_or_ignored() -> None:
    for value in ([], {}, 7, None, ["fp4"], {"a": 1}):
        for key in ("quantization_config", "expert_dtype", "quantization"):
            described_or_refused({**CONFIGS[0], key: value})
        for key in ("quant_method", "bits", "config_groups", "ignore", "modules_to_not_convert"):
            settings_of = {"quant_method": "gptq", key: value}
            described_or_refused({**CONFIGS[0], "quantization_config": settings_of})
