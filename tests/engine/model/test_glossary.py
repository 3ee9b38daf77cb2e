"""Every key that matters is explained, in every language, and rightly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.model.config import load_architecture
from engine.model.dialects.index import reader_for
from engine.model.dialects.unread import changes_work
from engine.model.glossary import group_order, group_title, key_of, lookup
from engine.sources.languages import ENGLISH, FOLDER, languages
from engine.sources.profile_files import read_toml
from engine.words.errors import RooftopError
from profiles import ROOT

ZOO = Path(__file__).parents[4] / "shared" / "reference" / "configs"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
KEYS: dict[str, dict[str, list[str]]] = read_toml(FOLDER / "keys.toml")
ALL = [(group, key) for group, keys in KEYS.items() for key in keys]
OTHERS = [code for code in languages() if code != ENGLISH]


def text_of(key: str, language: str = ENGLISH) -> str:
    entry = lookup(key, language)
    assert entry is not None
    return f"{entry.meaning} {entry.effect}"


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("group", KEYS)
def test_every_language_explains_every_key(code: str, group: str) -> None:
    explained = read_toml(FOLDER / code / f"{group}.toml")
    assert list(explained) == list(KEYS[group])
    assert {name for text in explained.values() for name in text} == {"meaning", "effect"}


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_has_every_word_that_english_has(code: str) -> None:
    english = read_toml(FOLDER / ENGLISH / "language.toml")
    own = read_toml(FOLDER / code / "language.toml")
    for section in ("groups", "blocks", "tree"):
        assert list(own[section]) == list(english[section])
        for name, words in english[section].items():
            assert re.findall(r"{\w+}", own[section][name]) == re.findall(r"{\w+}", words)


@pytest.mark.parametrize(("group", "key"), ALL, ids=lambda one: one)
def test_english_is_english_and_chinese_is_chinese(group: str, key: str) -> None:
    assert len(text_of(key)) > 20
    assert not CHINESE.search(text_of(key))
    entry = lookup(key, "zh")
    assert entry is not None
    assert CHINESE.search(entry.meaning)
    assert CHINESE.search(entry.effect)


def test_no_key_is_explained_twice() -> None:
    names = [
        name
        for keys in KEYS.values()
        for key, spellings in keys.items()
        for name in (key, *spellings)
    ]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("code", languages())
def test_every_group_has_a_title(code: str) -> None:
    assert all(group_title(group, code) for group in group_order())


class TestWhichEntryAKeyHas:
    @pytest.mark.parametrize(
        ("path", "key"),
        [
            ("n_embd", "hidden_size"),
            ("text_config.hidden_size", "hidden_size"),
            ("rope_scaling.factor", "rope_scaling.factor"),
            ("rope_parameters.full_attention.factor", "rope_scaling.factor"),
            ("text_config.rope_parameters.rope_type", "rope_scaling.type"),
            ("rope_scaling.unheard_of", "rope_scaling"),
            ("quantization_config.scale_fmt", "scale_fmt"),
            ("quantization_config.config_groups.group_0.weights.num_bits", "bits"),
            (
                "quantization_config.config_groups.group_0.input_activations.num_bits",
                "input_activations.num_bits",
            ),
            ("factor", None),
        ],
    )
    def test_a_path_leads_to_its_key(self, path: str, key: str | None) -> None:
        assert key_of(path) == key


@pytest.mark.parametrize(
    ("key", "said", "never"),
    [
        ("n_group", "8 groups of 32", "batch"),
        ("topk_group", "4 of 8", "64"),
        ("topk_group", "top two experts", "tensor parallel"),
        ("topk_method", "no token is dropped", "capacity"),
        ("topk_method", "hot experts remain possible", "evenly"),
        ("kv_lora_rank", "not a fine-tuning adapter", "rank of lora"),
        ("q_lora_rank", "not a fine-tuning adapter", "cached per token"),
        ("first_k_dense_replace", "not only while training", "stabil"),
        ("moe_layer_freq", "1 means every layer", "every other"),
        ("ep_size", "engines do not read it", "sets the deployment"),
        ("attention_dropout", "does not make serving faster", "throughput"),
        ("activation_scheme", "per token and 128 channels", "batch"),
        ("intermediate_size", "3 layers only", "all layers"),
        ("rope_scaling.factor", "40 × 4096 = 163840", "accura"),
        ("scale_fmt", "powers of two", "layout of the 8-bit floats"),
        ("fmt", "3 mantissa bits", "scales"),
        ("num_nextn_predict_layers", '"draft tokens"', "always"),
    ],
)
def test_folklore_is_set_right(key: str, said: str, never: str) -> None:
    text = text_of(key).lower()
    assert said in text
    assert never not in text


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("eos_token_id", "结束生成"),
        ("bos_token_id", "起始"),
        ("scale_fmt", "缩放因子的格式"),
        ("moe_layer_freq", "1 表示开头的稠密层之后每层都是"),
        ("topk_method", "不丢弃 token"),
        ("initializer_range", "标准差"),
        ("rms_norm_eps", "小常数"),
    ],
)
def test_chinese_says_what_the_key_is(key: str, said: str) -> None:
    assert said in text_of(key, "zh")


@pytest.mark.parametrize("code", languages())
def test_every_part_of_the_stretched_positions_has_words_of_its_own(code: str) -> None:
    parts = [key for key in KEYS["attention"] if key.startswith("rope_scaling.")]
    meanings = {lookup(key, code).meaning for key in parts}  # type: ignore[union-attr]
    assert len(parts) >= 12
    assert len(meanings) == len(parts)


def leaves(config: dict[str, Any], path: str = "") -> Iterator[tuple[str, str, Any]]:
    for key, value in config.items():
        here = f"{path}{key}"
        if isinstance(value, dict):
            if key not in ("id2label", "label2id", "quantization_config", "quantization"):
                yield from leaves(value, f"{here}.")
        else:
            yield here, key, value


def bundled() -> dict[str, dict[str, Any]]:
    paths = (ROOT / "models").glob("*.json")
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))["config"] for path in paths}


def test_switches_are_questions_not_facts() -> None:
    switches = {
        key
        for config in bundled().values()
        for path, _, value in leaves(config)
        if isinstance(value, bool) and (key := key_of(path)) is not None
    }
    assert len(switches) > 30
    assert [key for key in switches if not text_of(key).startswith("Whether ")] == []
    assert [key for key in switches if "是否" not in text_of(key, "zh")] == []


def test_every_key_of_the_bundled_models_is_explained() -> None:
    unknown = {
        path
        for config in bundled().values()
        for path, _, _ in leaves(config)
        if lookup(path) is None
    }
    assert unknown == set()


def unexplained(config: dict[str, Any]) -> set[str]:
    return {
        key
        for path, key, value in leaves(config)
        if changes_work(key, value, {}) and lookup(path) is None
    }


def test_bundled_language_models_have_no_unexplained_structural_key() -> None:
    for name, config in bundled().items():
        if reader_for(str(config.get("model_type"))) is not None:
            assert unexplained(config) == set(), name


@pytest.mark.skipif(not ZOO.is_dir(), reason="the reference zoo is not here")
def test_the_zoo_has_no_unexplained_structural_key() -> None:
    missing: dict[str, str] = {}
    for file in sorted(ZOO.glob("*/config.json")):
        try:
            load_architecture(str(file))
        except RooftopError:
            continue
        config = json.loads(file.read_text(encoding="utf-8"))
        missing |= dict.fromkeys(unexplained(config), file.parent.name)
    assert missing == {}
