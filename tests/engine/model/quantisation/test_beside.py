"""Files beside a config.json on the disk: found by name, bounded, named in messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.model.config import config_files, load_architecture
from engine.sources.files import MAXIMUM_CONFIG_BYTES
from engine.sources.json_text import MAXIMUM_ENTRIES
from engine.words.errors import InputError
from tests.engine.model.quantisation.reading import read

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 100,
}
AUTOGPTQ = {"bits": 4, "group_size": 32, "desc_act": False, "sym": True}
DESCRIPTION = {"model_quant_type": "W8A8_DYNAMIC"}


def folder(place: Path, beside: dict[str, object], **config: object) -> str:
    (place / "config.json").write_text(json.dumps({**CONFIG, **config}))
    for name, values in beside.items():
        text = values if isinstance(values, str) else json.dumps(values)
        (place / name).write_text(text)
    return str(place)


@pytest.mark.parametrize(
    ("name", "values", "precision"),
    [
        ("quantize_config.json", AUTOGPTQ, "W4A16"),
        ("quant_config.json", {"w_bit": 4, "q_group_size": 32}, "W4A16"),
        ("hf_quant_config.json", {"quantization": {"quant_algo": "FP8"}}, "W8A8"),
        ("quant_model_description.json", DESCRIPTION, "W8A8"),
    ],
)
def test_a_file_beside_the_config_is_read(tmp_path, name, values, precision):
    assert load_architecture(folder(tmp_path, {name: values})).precision.name == precision


def test_an_older_description_has_its_type_in_its_name(tmp_path):
    beside = {"quant_model_description_w8a8_dynamic.json": DESCRIPTION}
    found = load_architecture(folder(tmp_path, beside, quantize="W8A8_DYNAMIC"))
    assert found.precision.name == "W8A8"


def test_every_file_that_may_be_there_is_watched(tmp_path):
    names = {path.name for path in config_files(Path(folder(tmp_path, {})))}
    assert {"config.json", "quantize_config.json", "quant_model_description.json"} <= names


def test_a_description_may_be_larger_than_a_config(tmp_path):
    """One entry for every tensor of every expert."""
    entries = {f"model.layers.0.mlp.experts.{n}.up_proj.weight_scale": "W8A8" for n in range(40)}
    padding = {f"padding.{n:060}": "FLOAT" for n in range(MAXIMUM_ENTRIES)}
    reference = folder(
        tmp_path, {"quant_model_description.json": {**DESCRIPTION, **entries, **padding}}
    )
    written = (tmp_path / "quant_model_description.json").stat().st_size
    assert written > MAXIMUM_CONFIG_BYTES
    assert load_architecture(reference).precision.name == "W8A8"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("quantize_config.json", "{broken", "broken JSON"),
        ("quantize_config.json", {"bits": 7}, "bits"),
        ("quant_config.json", "[]", "expected a mapping"),
        ("quant_model_description.json", {"model_quant_type": "W1A1"}, "W1A1"),
        ("hf_quant_config.json", {"quantization": {"quant_algo": "FP7"}}, "FP7"),
    ],
)
def test_what_is_wrong_beside_the_config_is_named(tmp_path, name, content, said):
    with pytest.raises(InputError) as caught:
        load_architecture(folder(tmp_path, {name: content}))
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_autogptqs_file_is_never_taken_for_mlxs():
    """Without ``desc_act`` the two look alike; MLX quantises embeddings, too."""
    plain = read(None, {"quantize_config.json": {"bits": 4, "group_size": 128}})
    whole = {"bits": 4, "group_size": 128, "desc_act": False}
    assert plain == read(None, {"quantize_config.json": whole})
