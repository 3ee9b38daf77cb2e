"""Every key that matters is explained, in English and Chinese, and rightly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.model.config import load_architecture
from engine.model.dialects.index import reader_for
from engine.model.glossary import group_order, group_title, lookup
from engine.model.unread import changes_work
from engine.sources.profile_files import read_toml
from engine.words.errors import RooftopError
from profiles import ROOT

ZOO = Path(__file__).parents[4] / "shared" / "reference" / "configs"
FILES = sorted((ROOT / "glossary").glob("*.toml"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def entries() -> list[tuple[str, dict[str, Any]]]:
    return [(key, values) for file in FILES for key, values in read_toml(file)["keys"].items()]


@pytest.mark.parametrize(("key", "values"), entries(), ids=lambda one: str(one)[:30])
def test_every_entry_is_written_in_both_languages(key: str, values: dict[str, Any]) -> None:
    english = values["english"] + values["effect_english"]
    assert len(english) > 20
    assert not CHINESE.search(english)
    assert CHINESE.search(values["chinese"])
    assert CHINESE.search(values["effect_chinese"])


def test_no_key_is_explained_twice() -> None:
    names = [name for key, values in entries() for name in (key, *values.get("aliases", ()))]
    assert sorted(names) == sorted(set(names))


def test_every_group_has_a_title_in_both_languages() -> None:
    for group in group_order():
        assert group_title(group)
        assert CHINESE.search(group_title(group, chinese=True))


@pytest.mark.parametrize(
    ("key", "said", "never"),
    [
        ("n_group", "32", "batch"),
        ("topk_group", "4", "tensor parallel"),
        ("kv_lora_rank", "not", "fine-tuning adapter of"),
        ("topk_method", "no token is dropped", "drops tokens"),
        ("ep_size", "not", "sets the deployment"),
    ],
)
def test_folklore_is_set_right(key: str, said: str, never: str) -> None:
    entry = lookup(key)
    assert entry is not None
    text = f"{entry.english} {entry.effect_english}".lower()
    assert said in text
    assert never not in text


def leaves(config: dict[str, Any], path: str = "") -> Iterator[tuple[str, str, Any]]:
    for key, value in config.items():
        here = f"{path}{key}"
        if isinstance(value, dict):
            if key not in ("id2label", "label2id", "quantization_config", "quantization"):
                yield from leaves(value, f"{here}.")
        else:
            yield here, key, value


def unexplained(config: dict[str, Any]) -> set[str]:
    return {
        key
        for path, key, value in leaves(config)
        if changes_work(key, value, {}) and lookup(path) is None
    }


def test_bundled_language_models_have_no_unexplained_structural_key() -> None:
    for path in (ROOT / "models").glob("*.json"):
        profile = json.loads(path.read_text(encoding="utf-8"))
        if reader_for(str(profile["config"].get("model_type"))) is not None:
            assert unexplained(profile["config"]) == set(), path.stem


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
