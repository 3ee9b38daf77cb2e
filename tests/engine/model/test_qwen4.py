"""Qwen4-Exp, counted as transformers 5.24 builds it (instantiated without weights)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.qwen4 import _primes_from
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

CONFIG: dict[str, Any] = {
    "model_type": "qwen4_exp_text",
    "vocab_size": 248320,
    "hidden_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "num_experts": 16,
    "indexer_n_heads": 4,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 64,
    "indexer_budget": 2048,
    "indexer_compress_ratio": 16,
    "ple_layer_ids": [2, 5],
    "ngram_vocab_size_base": 20_000,
}


def read(**more: object) -> Architecture:
    return read_architecture({**CONFIG, **more}, "m.json", "m")


def test_all_elements_are_counted() -> None:
    assert read().total_parameters == 1_917_757_824


def test_the_tower_is_that_of_its_class() -> None:
    model = read_architecture(
        {"model_type": "qwen4_exp", "text_config": CONFIG, "vision_config": {}}, "m.json", "m"
    )
    assert model.tower_parameters == 453_650_672


def test_tables_have_prime_numbers_of_rows() -> None:
    assert _primes_from(20_000, 3) == [20_011, 20_021, 20_023]
    tables = (321_280 + 323_584) * 128
    looked_up = 2 * (8192 * 2048 + 2048 * 2048 + 7 * 8192)
    assert read().total_parameters - read(ple_layer_ids=[]).total_parameters == tables + looked_up


def test_the_cache_holds_one_index_key_for_a_block_of_tokens() -> None:
    assert read().cached_elements_per_token() == 2 * (2 * 2 * 256 + 64 // 16)
    cores = [core for block, _ in read().blocks() for core in block.cores]
    seen = {core.top_k for core in cores if isinstance(core, AttentionCore)}
    assert seen == {2048}


def test_prediction_layers_stand_apart() -> None:
    model = read(mtp_num_hidden_layers=1)
    assert model.total_parameters == read().total_parameters
    assert model.prediction_parameters > 2 * 2048 * 2048


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ple_layer_ids": [4]}, "layers of linear attention"),
        ({"heads_per_ngram": 7}, "a divisor of 2048"),
        ({"indexer_kv_heads": 2}, "indexer_kv_heads is 2, expected 1"),
        ({"hc_count": 1}, "hc_count is 1"),
    ],
)
def test_what_the_class_refuses_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(**more)
