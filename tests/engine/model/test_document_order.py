"""A config in the eight blocks of the document, whatever its family's spelling."""

from __future__ import annotations

import json

import pytest

from engine.model.document_order import BEYOND, block_title, document_blocks
from engine.model.glossary import key_of, leaves
from engine.sources.languages import FOLDER, languages
from engine.sources.profile_files import read_toml
from profiles import ROOT

DOCUMENT: dict[str, list[str]] = read_toml(FOLDER / "document.toml")
DEEPSEEK = json.loads((ROOT / "models/deepseek-v3.json").read_text(encoding="utf-8"))["config"]


def test_there_are_eight_blocks_and_the_rest():
    assert [one.name for one in document_blocks(DEEPSEEK)] == [*DOCUMENT, BEYOND]
    assert len(DOCUMENT) == 8


def test_keys_come_in_the_documents_order():
    for block in document_blocks(DEEPSEEK)[:8]:
        assert list(block.keys) == DOCUMENT[block.name]


def test_deepseek_lacks_only_the_format_of_scales():
    missing = {key for block in document_blocks(DEEPSEEK) for key in block.missing}
    assert missing == {"quantization_config.scale_fmt"}


def test_the_later_deepseek_that_has_it_lacks_nothing():
    quantised = {**DEEPSEEK["quantization_config"], "scale_fmt": "ue8m0"}
    config = {**DEEPSEEK, "quantization_config": quantised}
    assert not any(block.missing for block in document_blocks(config))


def test_every_key_of_a_config_has_a_block():
    for path in (ROOT / "models").glob("*.json"):
        config = json.loads(path.read_text(encoding="utf-8"))["config"]
        shown = {key for block in document_blocks(config) for key in block.keys}
        assert shown >= set(leaves(config)), path.stem


def test_another_familys_spelling_stands_where_the_documents_key_does():
    first = document_blocks({"n_embd": 1024, "text_config": {"n_layer": 24}})[0]
    assert first.keys[0] == "n_embd"
    assert "text_config.n_layer" in first.keys
    assert "hidden_size" not in first.missing
    assert "moe_intermediate_size" in first.missing


def test_a_config_that_the_document_names_whole_has_no_rest():
    assert BEYOND not in [one.name for one in document_blocks({"hidden_size": 64})]


@pytest.mark.parametrize("code", languages())
def test_every_block_has_a_title(code: str):
    assert all(block_title(block, code) for block in (*DOCUMENT, BEYOND))


def test_the_glossary_explains_every_key_of_the_document():
    assert [key for keys in DOCUMENT.values() for key in keys if key_of(key) is None] == []
