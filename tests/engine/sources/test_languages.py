"""Languages are the folders that exist; a third one is a folder more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.model.glossary import group_title, lookup
from engine.sources import languages as room
from engine.sources.languages import is_ascii, language_name, languages, next_language, words


@pytest.fixture
def esperanto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A third language that explains a single key."""
    shutil.copytree(room.FOLDER, tmp_path / "glossary")
    folder = tmp_path / "glossary" / "eo"
    folder.mkdir()
    (folder / "language.toml").write_text(
        'name = "Esperanto"\n[groups]\nstructure = "strukturo"\n[tree]\nkey = "slosilo"\n'
    )
    (folder / "structure.toml").write_text('[hidden_size]\nmeaning = "Dimensio."\n')
    monkeypatch.setattr(room, "FOLDER", tmp_path / "glossary")
    return "eo"


def test_english_comes_first():
    assert languages()[0] == "en"
    assert "zh" in languages()


def test_languages_name_themselves():
    assert (language_name("en"), language_name("zh")) == ("English", "中文")


def test_chinese_needs_more_than_ascii():
    assert is_ascii("en")
    assert not is_ascii("zh")


def test_a_new_folder_is_a_new_language(esperanto: str):
    assert languages() == ("en", "eo", "zh")
    assert language_name(esperanto) == "Esperanto"


def test_languages_go_round(esperanto: str):
    assert [next_language(code) for code in languages()] == ["eo", "zh", "en"]


def test_a_new_language_says_what_it_has(esperanto: str):
    assert group_title("structure", esperanto) == "strukturo"
    assert words(esperanto, "tree")["key"] == "slosilo"
    assert lookup("n_embd", esperanto).meaning == "Dimensio."  # type: ignore[union-attr]


def test_what_a_language_lacks_is_english(esperanto: str):
    assert words(esperanto, "tree")["value"] == "value"
    assert group_title("mla", esperanto) == group_title("mla")
    assert lookup("ep_size", esperanto) == lookup("ep_size")
    assert lookup("hidden_size", esperanto).effect == lookup("hidden_size").effect  # type: ignore[union-attr]
