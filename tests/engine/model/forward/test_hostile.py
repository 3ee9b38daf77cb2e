"""Bad and hostile vision configs: one line that names the key, never a crash or a giant."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.config import load_architecture
from engine.model.forward.architecture import Image
from engine.model.forward.index import known_model_types, named_architectures
from engine.model.forward.reading import read_vision
from engine.model.forward.recognition import is_vision
from engine.words.errors import InputError, RooftopError

CONFIGS: list[dict[str, Any]] = [
    row["config"]
    for row in json.loads(
        (Path(__file__).parents[3] / "data" / "vision_configs.json").read_text(encoding="utf-8")
    )["models"]
] + [dict(values) for values in named_architectures().values()]
BY_TYPE = {config["model_type"]: config for config in CONFIGS}
RESNET = BY_TYPE["resnet"]
VIT = BY_TYPE["vit"]


def refused(config: dict[str, Any], size: tuple[int, int] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_vision(config, "config.json", "model", "", size)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_every_model_type_has_a_config_here() -> None:
    text_twins = {
        "xlm-roberta",
        "camembert",
        "clip",
        "siglip",
        "chinese_clip",
        "coatnet",
        "table-transformer",
        "new",
        "roberta-prelayernorm",
        "xlm-roberta-xl",
        "deberta",
        "longformer",
        "big_bird",
    }
    assert set(known_model_types()) - set(BY_TYPE) <= text_twins


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hidden_size": "768"}, "hidden_size is '768', expected a whole number"),
        ({"hidden_size": 0}, "hidden_size is 0, expected a whole number from 1"),
        ({"hidden_size": -768}, "hidden_size is -768"),
        ({"hidden_size": 10**9}, "hidden_size is 1000000000"),
        ({"hidden_size": True}, "hidden_size is true"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers is 1000000"),
        ({"num_attention_heads": 7}, "num_attention_heads is 7, expected a divisor"),
        ({"patch_size": 0}, "patch_size is 0"),
        ({"patch_size": [16, "a"]}, "patch_size is 'a'"),
        ({"image_size": 10**6}, "image_size is 1000000"),
        ({"architectures": ["ViTForMaskedImageModeling"]}, "architectures is"),
        ({"mystery_layers": 3}, "mystery_layers = 3 is not understood"),
    ],
)
def test_a_bad_value_is_named(change: dict[str, Any], expected: str) -> None:
    assert expected in refused({**VIT, **change})


@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "num_attention_heads"])
def test_a_missing_dimension_is_named(key: str) -> None:
    config = {name: value for name, value in VIT.items() if name != key}
    assert f"{key} is missing" in refused(config)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"depths": [3, 4, 6]}, "depths is [3, 4, 6], expected a list of 4"),
        ({"depths": "many"}, "depths is 'many', expected a list"),
        ({"depths": []}, "depths is []"),
        ({"hidden_sizes": [256, 512, 1024, None]}, "hidden_sizes is null"),
        ({"layer_type": "odd"}, "layer_type is 'odd', expected one of"),
        ({"depths": [900, 900, 900, 900]}, "more than 20,000 layers"),
        ({"groups": 3}, "3 groups divide neither"),
    ],
)
def test_a_bad_list_is_named(change: dict[str, Any], expected: str) -> None:
    assert expected in refused({**RESNET, **change})


def test_an_image_smaller_than_a_filter_is_refused() -> None:
    vgg = dict(named_architectures()["vgg16"])
    assert "expected a larger resolution" in refused(vgg, (16, 16))


def test_a_giant_image_is_refused() -> None:
    assert "expected sides from 1 to 16384" in refused(RESNET, (10**6, 10**6))


def test_weights_of_one_size_take_no_other() -> None:
    mixer = dict(named_architectures()["mixer_b16_224"])
    assert "expected 224x224, the only one" in refused(mixer, (256, 256))


def test_timm_arguments_that_change_the_network_are_refused() -> None:
    config = {"architecture": "resnet50", "model_args": {"block": "basic"}}
    assert "model_args.block" in refused(config)


def test_timm_form_gives_classes_and_size(tmp_path: Path) -> None:
    config = {
        "architecture": "vit_base_patch16_224.augreg_in21k",
        "num_classes": 21843,
        "pretrained_cfg": {"input_size": [3, 384, 384], "tag": "augreg_in21k"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    architecture = load_architecture(str(tmp_path)).architecture
    assert architecture.input == Image(384, 384)  # type: ignore[union-attr]
    assert architecture.layers[-1].columns == 21843  # type: ignore[union-attr]


POISON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.integers(0, 4),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.lists(st.integers(-5, 10**7), max_size=6),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(BY_TYPE)),
    picks=st.lists(st.tuples(st.integers(0, 100), POISON), min_size=1, max_size=3),
    size=st.one_of(st.none(), st.tuples(st.integers(1, 600), st.integers(1, 600))),
    tokens=st.integers(0, 600),
)
def test_any_value_is_read_or_refused_in_one_line(
    kind: str, picks: list[tuple[int, Any]], size: tuple[int, int] | None, tokens: int
) -> None:
    config = copy.deepcopy(BY_TYPE[kind])
    names = [name for name in config if name != "model_type"]
    for place, value in picks:
        if names:
            config[names[place % len(names)]] = value
    try:
        architecture = read_vision(config, "config.json", "model", "", size, tokens)
    except RooftopError as error:
        assert "\n" not in str(error)
        return
    assert architecture.flops > 0
    assert len(architecture.layers) <= 20_000
    assert all(layer.parameters >= 0 for layer in architecture.layers)
    assert all(layer.output_elements > 0 for layer in architecture.layers)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(named_architectures())),
    size=st.tuples(st.integers(1, 800), st.integers(1, 800)),
)
def test_any_resolution_is_read_or_refused_in_one_line(name: str, size: tuple[int, int]) -> None:
    try:
        architecture = read_vision({"architecture": name}, "config.json", name, "", size)
    except RooftopError as error:
        assert "\n" not in str(error)
        return
    assert all(layer.output_elements > 0 for layer in architecture.layers)
    assert architecture.flops > 0


def test_an_unknown_vision_type_is_refused_with_the_advice() -> None:
    config = {"model_type": "novelnet", "architectures": ["NovelNetForImageClassification"]}
    assert is_vision(config)
    message = refused({**config, "num_channels": 3})
    assert "model_type 'novelnet' is unknown" in message
    assert "a layer table (CSV" in message


def test_the_class_names_the_type_when_the_file_does_not() -> None:
    config = {key: value for key, value in RESNET.items() if key != "model_type"}
    config["architectures"] = ["ResNetForImageClassification"]
    assert is_vision(config)
    assert read_vision(config, "config.json", "model").family == "resnet"


def test_language_models_stay_language_models() -> None:
    assert not is_vision({"model_type": "llama", "num_channels": 3})
    assert not is_vision({"architectures": ["LlamaForCausalLM"]})
