"""Finding and parsing configs: bundled profiles, files, folders, what-ifs, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.model_profiles import bundled_models
from engine.sources.files import MAXIMUM_CONFIG_BYTES
from engine.words.errors import InputError, UnknownArchitecture
from tests.tiny import TINY


def write(folder: Path, content: object) -> Path:
    file = folder / "config.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, encoding="utf-8")
    return file


def described(model: LoadedModel) -> Architecture:
    assert isinstance(model.architecture, Architecture)
    return model.architecture


def message(reference: object) -> str:
    with pytest.raises(InputError) as caught:
        load_architecture(str(reference))
    return str(caught.value)


def test_tiny_model_counted_by_hand(tmp_path: Path) -> None:
    architecture = described(load_architecture(str(write(tmp_path, TINY))))
    attention = 64 * 64 + 2 * 64 * 32 + 64 * 64
    layer = attention + 3 * 64 * 128 + 2 * 64
    assert architecture.total_parameters == 2 * layer + 2 * 100 * 64 + 64


def test_folder_and_file_give_the_same(tmp_path: Path) -> None:
    file = write(tmp_path, TINY)
    of_folder = described(load_architecture(str(tmp_path)))
    assert of_folder == described(load_architecture(str(file)))


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_profiles_load_without_assumed_dimensions(name: str) -> None:
    assumed = {
        item if isinstance(item, str) else item.key
        for item in load_architecture(name).architecture.assumptions
    }
    dimensions = ("hidden_size", "num_hidden_layers", "vocab_size", "num_attention_heads")
    assert not [item for item in assumed if item.split(" ")[0] in dimensions]


def test_bundled_names_ignore_case() -> None:
    assert load_architecture("DeepSeek-V3").origin == "bundled"


def test_deepseek_v3_is_what_its_report_says() -> None:
    architecture = described(load_architecture("deepseek-v3"))
    assert architecture.total_parameters == 671_026_404_352
    assert round(architecture.active_parameters / 1e9, 2) == 37.55
    assert architecture.cached_elements_per_token() * 2 == 70_272
    dense = [count for block, count in architecture.blocks() if block.experts is None]
    assert (architecture.layer_count, dense) == (61, [3])


def test_prediction_layers_are_in_no_count_but_their_own() -> None:
    architecture = described(load_architecture("deepseek-v3"))
    joining, five_norms = 2 * 7168 * 7168, 5 * 7168
    last = [block for block, _ in architecture.blocks()][-1]
    expected = last.parameters - 2 * 7168 + joining + five_norms
    assert architecture.prediction_parameters == expected


def test_edits_change_a_copy_on_the_way() -> None:
    edited = load_architecture("llama-2-7b", edits=(("num_hidden_layers", 16),))
    assert described(edited).layer_count == 16
    assert described(load_architecture("llama-2-7b")).layer_count == 32


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("foo", r"edit foo: no such key$"),
        ("num_hidden_layer", "nearest known key num_hidden_layers"),
    ],
)
def test_an_edit_that_nobody_knows_is_refused(key: str, near: str) -> None:
    with pytest.raises(InputError, match=near):
        load_architecture("llama-2-7b", edits=((key, 1),))


def test_an_edit_may_add_what_the_class_knows() -> None:
    edited = load_architecture("llama-2-7b", edits=(("head_dim", 64),))
    assert edited.config["head_dim"] == 64


def test_an_edit_may_add_what_the_dialect_alone_reads() -> None:
    edited = load_architecture("deepseek-v3", edits=(("use_mla", True),))
    assert edited.config["use_mla"] is True


def test_a_key_of_another_dialect_is_no_edit_of_this_one() -> None:
    with pytest.raises(InputError, match="no such key"):
        load_architecture("llama-2-7b", edits=(("attn_temperature_tuning", 0),))
    with pytest.raises(InputError, match="edit foo: no such key"):
        load_architecture("resnet50", edits=(("foo", 1),))


def test_edit_of_a_missing_parent_is_refused() -> None:
    with pytest.raises(InputError, match="text_config is no mapping"):
        load_architecture("llama-2-7b", edits=(("text_config.hidden_size", 8),))


def test_impossible_edit_names_the_rule() -> None:
    with pytest.raises(InputError, match=r"num_key_value_heads is 7, expected a divisor of the 32"):
        load_architecture("llama-3.1-8b", edits=(("num_key_value_heads", 7),))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{broken", "broken JSON at line 1 column 2"),
        ("[1, 2]", "holds a list, expected a mapping"),
        ('{"hidden_size": NaN}', "hidden_size is NaN, expected a finite number"),
        ('{"hidden_size": 1e999}', "hidden_size is infinite"),
        ('{"a": 1, "a": 2}', "key a is given twice"),
        ("", "broken JSON"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "nested deeper than 32 levels"),
        ("[" * 100_000, "nested too deeply"),
        ('{"hidden_size": ' + "9" * 5000 + "}", "too many digits"),
    ],
)
def test_bad_files_get_one_line(tmp_path: Path, content: str, expected: str) -> None:
    found = message(write(tmp_path, content))
    assert expected in found
    assert "\n" not in found
    assert "config.json" in found


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("hidden_size", -64, "hidden_size is -64, expected a whole number from 1"),
        ("hidden_size", "64", "hidden_size is '64', expected a whole number"),
        ("num_hidden_layers", 10**12, "expected a whole number from 1 to 10000"),
        ("num_hidden_layers", True, "num_hidden_layers is true, expected a whole number"),
        ("vocab_size", 1.5, "vocab_size is 1.5, expected a whole number"),
        ("hidden_size", None, "hidden_size is null, expected a whole number"),
        ("hidden_size", 66, "hidden_size is 66, expected a multiple of the 4 attention heads"),
        ("tie_word_embeddings", "yes", "tie_word_embeddings is 'yes', expected true or false"),
        ("model_type", 7, "model_type is 7, expected text"),
    ],
)
def test_bad_values_name_key_and_rule(
    tmp_path: Path, key: str, value: object, expected: str
) -> None:
    assert expected in message(write(tmp_path, {**TINY, key: value}))


@pytest.mark.parametrize("key", [key for key in TINY if key not in ("num_key_value_heads",)])
def test_missing_dimensions_are_named(tmp_path: Path, key: str) -> None:
    config = {name: value for name, value in TINY.items() if name != key}
    assert key in message(write(tmp_path, config))


def test_huge_file_is_not_parsed(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    with file.open("wb") as stream:
        stream.truncate(MAXIMUM_CONFIG_BYTES + 1)
    assert "expected a config.json of at most" in message(file)


def test_folder_without_config(tmp_path: Path) -> None:
    assert "folder holds no config.json" in message(tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in message(tmp_path / "none.json")


def test_unknown_reference_suggests_a_profile() -> None:
    assert "nearest profile: deepseek-v3" in message("deepseek-v33")


def test_text_from_files_is_made_safe(tmp_path: Path) -> None:
    content = {**TINY, "model_type": "lla\x1b[31mma"}
    assert "\x1b" not in message(write(tmp_path, content))


def test_unknown_model_type_says_what_to_do(tmp_path: Path) -> None:
    file = write(tmp_path, {**TINY, "model_type": "lama"})
    with pytest.raises(UnknownArchitecture, match=r"'lama' is unknown.*--assume llama"):
        load_architecture(str(file))


def test_assume_reads_an_unknown_model_type(tmp_path: Path) -> None:
    file = write(tmp_path, {**TINY, "model_type": "lama"})
    model = load_architecture(str(file), assume="llama")
    assert any("--assume" in warning for warning in model.warnings)


# --- a person's own models --------------------------------------------------------------------


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "rooftop" / "models"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("content", "name"),
    [(TINY, "Ours"), ({"name": "Our model", "source": "us", "config": TINY}, "Our model")],
)
def test_a_model_of_ones_own_by_its_name(own_folder: Path, content: object, name: str) -> None:
    file = own_folder / "Ours.json"
    file.write_text(json.dumps(content))
    model = load_architecture("OURS")
    assert (model.name, model.origin) == (name, str(file))
    assert described(model).layer_count == 2


def test_a_model_of_ones_own_comes_before_the_bundled_one(own_folder: Path) -> None:
    (own_folder / "llama-2-7b.json").write_text(json.dumps(TINY))
    assert described(load_architecture("llama-2-7b")).layer_count == 2


def test_a_broken_model_of_ones_own_is_named(own_folder: Path) -> None:
    (own_folder / "ours.json").write_text("[")
    assert f"{own_folder / 'ours.json'}: broken JSON" in message("ours")
    (own_folder / "ours.json").write_text(json.dumps({"config": TINY, "hf_quant_config": 3}))
    assert "hf_quant_config: expected a mapping" in message("ours")


def test_a_model_of_ones_own_is_suggested(own_folder: Path) -> None:
    (own_folder / "house-model.json").write_text(json.dumps(TINY))
    assert "nearest profile: house-model" in message("house-modle")


def test_a_profile_is_read_by_its_path_too(tmp_path: Path) -> None:
    model = load_architecture(str(write(tmp_path, {"name": "Ours", "config": TINY})))
    assert model.name == "Ours"
    assert described(model).layer_count == 2
