"""Hybrid, linear-attention and state-space families: counts of small typed configs.

The expected totals were counted once from modules that transformers 5.23 builds for exactly these
configs (on its meta device), so each row checks the rules of a family, not one published file.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.bytes import state_bytes
from engine.model.cores import AttentionCore, LatentCore, StateCore
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError, RooftopError

CASES = json.loads(
    (Path(__file__).parents[2] / "data" / "hybrid_cases.json").read_text(encoding="utf-8")
)
SHARED = Path(__file__).parents[4] / "shared" / "reference"
needs_zoo = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference zoo is not here")
FAMILIES = (
    "qwen3_next",
    "qwen3_5",
    "deepseek_v4",
    "deepseek_ref",
    "nemotron",
    "mamba",
    "jamba",
    "bamba",
    "granitemoehybrid",
    "falcon_h1",
    "minimax_m1",
    "kimi_linear",
    "bailing_hybrid",
    "lfm",
    "olmo_hybrid",
    "recurrent_gemma",
    "zaya",
    "hy_v4",
    "inkling",
    "zamba2",
    "t5",
)


def read(config: dict[str, Any], **changes: object) -> Architecture:
    return read_architecture({**config, **changes}, "config.json", "model")


def case(model_type: str) -> dict[str, Any]:
    return next(c["config"] for c in CASES if c["config"]["model_type"] == model_type)


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["name"])
def test_total_parameters(row: dict[str, Any]) -> None:
    assert read(row["config"]).total_parameters == row["total"]


def cores(architecture: Architecture, kind: type) -> list[tuple[Any, int]]:
    return [
        (core, count)
        for block, count in architecture.blocks()
        for core in block.cores
        if isinstance(core, kind)
    ]


def test_only_full_attention_layers_of_qwen_hybrids_cache_tokens() -> None:
    config = case("qwen3_5_text")
    architecture = read(config, full_attention_interval=3)
    elements = 2 * config["num_key_value_heads"] * config["head_dim"]
    assert architecture.cached_elements_per_token() == 2 * elements


def test_delta_net_state_is_one_matrix_per_value_head() -> None:
    (core, count), *rest = cores(read(case("qwen3_5_text")), StateCore)
    assert (core.state_elements, rest) == (8 * 32 * 48, [])
    assert core.convolution_elements == (2 * 2 * 32 + 8 * 48) * (4 - 1)
    assert count == 5


def test_prediction_layer_of_qwen_hybrids_is_no_part_of_the_total() -> None:
    plain, predicting = (
        read(case("qwen3_5_text")),
        read(case("qwen3_5_text"), mtp_num_hidden_layers=1),
    )
    assert predicting.total_parameters == plain.total_parameters
    attending = next(
        block.parameters for block, _ in plain.blocks() if isinstance(block.cores[0], AttentionCore)
    )
    hidden = plain.hidden_size
    assert predicting.prediction_parameters == attending + 2 * hidden * hidden + 3 * hidden


def test_deepseek_v4_caches_by_compression() -> None:
    config = case("deepseek_v4")
    architecture = read(config)
    unbounded = architecture.unbounded_cached_elements_per_token()
    sparse, heavy = 2 * (64 + 32) / 4, 3 * 64 / 128
    assert unbounded == pytest.approx(sparse + heavy)
    windows = [core for core, _ in cores(architecture, LatentCore) if core.window]
    assert {core.window for core in windows} == {128}


def test_deepseek_v4_selects_entries_not_tokens() -> None:
    selecting = [core for core, _ in cores(read(case("deepseek_v4")), LatentCore) if core.top_k]
    assert [core.top_k for core in selecting] == [512 * 4]


def test_deepseek_v4_ratio_without_meaning_is_refused() -> None:
    with pytest.raises(InputError, match="compress_ratios"):
        read(case("deepseek_v4"), compress_ratios=[0, 8, 4, 128, 4, 128])


def test_nemotron_h_length_of_the_pattern_is_the_layer_count() -> None:
    config = {k: v for k, v in case("nemotron_h").items() if k != "num_hidden_layers"}
    assert read(config, hybrid_override_pattern="M*-").layer_count == 3


def test_nemotron_h_words_and_letters_say_the_same() -> None:
    config = {k: v for k, v in case("nemotron_h").items() if k != "hybrid_override_pattern"}
    words = ["mamba", "attention", "moe", "mlp"]
    by_letters = read(config, hybrid_override_pattern="M*E-")
    assert read(config, layers_block_type=words).layers == by_letters.layers


@pytest.mark.parametrize("pattern", ["MX", "m*"])
def test_nemotron_h_unknown_letter_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="hybrid_override_pattern"):
        read(case("nemotron_h"), hybrid_override_pattern=pattern)


def test_nemotron_h_expand_is_a_decoy() -> None:
    assert read(case("nemotron_h"), expand=7).layers == read(case("nemotron_h")).layers


def nas(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {
        "model_type": "nemotron-nas",
        "hidden_size": 512,
        "num_hidden_layers": len(blocks),
        "num_attention_heads": 8,
        "num_key_value_heads": None,
        "intermediate_size": None,
        "vocab_size": 100,
        "block_configs": list(blocks),
    }


def block(attention: dict[str, Any], ffn: dict[str, Any]) -> dict[str, Any]:
    return {"attention": attention, "ffn": ffn}


def test_nemotron_nas_counts_heads_by_a_divisor_and_width_in_steps_of_256() -> None:
    architecture = read(nas(block({"n_heads_in_group": 4}, {"ffn_mult": 2.0})))
    attention = 512 * 512 * 2 + 2 * 512 * 128
    width = 768  # int(2 × 2.0 × 512 / 3) = 682, rounded up
    layer = attention + 3 * 512 * width + 2 * 512
    assert architecture.total_parameters == layer + 2 * 512 * 100 + 512
    assert architecture.cached_elements_per_token() == 2 * 2 * 64


def test_nemotron_nas_absent_parts_have_no_norm() -> None:
    architecture = read(nas(block({"no_op": True}, {"no_op": True})))
    assert architecture.total_parameters == 2 * 512 * 100 + 512
    assert architecture.cached_elements_per_token() == 0


def test_decilm_key_value_heads_differ_by_layer() -> None:
    config = nas()
    config.update(num_hidden_layers=2, intermediate_size=600, model_type="deci")
    del config["block_configs"]
    architecture = read(config, num_key_value_heads_per_layer=[4, 1])
    assert architecture.cached_elements_per_token() == 5 * 2 * 64


def test_kimi_lists_count_from_one_and_must_cover_every_layer() -> None:
    config = case("kimi_linear")
    lists = dict(config["linear_attn_config"], kda_layers=[1, 2, 4])
    with pytest.raises(InputError, match="full_attn_layers"):
        read(config, linear_attn_config=lists)


def test_kimi_caches_latents_in_full_layers_only() -> None:
    config = case("kimi_linear")
    full = len(config["linear_attn_config"]["full_attn_layers"])
    latent = config["kv_lora_rank"] + config["qk_rope_head_dim"]
    assert read(config).cached_elements_per_token() == full * latent


def test_kimi_k3_gates_cost_projections() -> None:
    config = case("kimi_linear")
    plain = read(config).total_parameters
    gated = read(config, mla_use_output_gate=True).total_parameters
    full = len(config["linear_attn_config"]["full_attn_layers"])
    outputs = config["num_attention_heads"] * config["v_head_dim"]
    assert gated - plain == full * config["hidden_size"] * outputs


def test_lightning_attention_keeps_a_square_per_head_in_fp32() -> None:
    config = case("minimax")
    architecture = read(config)
    layers = config["layer_types"].count("linear_attention")
    heads, width = config["num_attention_heads"], config["head_dim"]
    assert state_bytes(architecture) == layers * heads * width * width * 4


def test_minimax_attention_types_say_one_for_softmax() -> None:
    config = {k: v for k, v in case("minimax").items() if k != "layer_types"}
    architecture = read(config, attn_type_list=[0, 0, 1, 0, 0, 1])
    assert sum(count for _, count in cores(architecture, AttentionCore)) == 2


def test_mamba_holds_no_growing_cache() -> None:
    architecture = read(case("mamba"))
    assert architecture.cached_elements_per_token() == 0
    assert state_bytes(architecture) > 0


def test_granite_hybrid_without_experts_is_dense() -> None:
    rows = [c["config"] for c in CASES if c["config"]["model_type"] == "granitemoehybrid"]
    assert [read(config).is_mixture for config in rows] == [
        config["num_local_experts"] > 0 for config in rows
    ]


def test_zamba_shares_blocks_but_does_their_work_each_time() -> None:
    architecture = read(case("zamba2"))
    layers = sum(count * block.parameters for block, count in architecture.blocks())
    rest = 256 * 1000 + 256
    assert architecture.shared_parameters > 0
    assert architecture.total_parameters == layers + rest - architecture.shared_parameters


def test_t5_decoder_attends_to_itself_and_to_the_encoder() -> None:
    config = {"d_model": 64, "d_kv": 8, "d_ff": 96, "num_layers": 2, "num_heads": 4}
    architecture = read({"model_type": "t5", "vocab_size": 50, **config})
    attention, feed_forward, bias = 4 * 64 * 32, 2 * 64 * 96, 32 * 4
    encoder = 2 * (attention + feed_forward + 2 * 64) + bias + 64
    decoder = 2 * (2 * attention + feed_forward + 3 * 64) + bias + 64
    assert architecture.total_parameters == encoder + decoder + 50 * 64


@pytest.mark.parametrize("model_type", ["jamba", "granitemoehybrid", "qwen3_next", "kimi_linear"])
def test_more_experts_per_token_than_experts_is_refused(model_type: str) -> None:
    with pytest.raises(InputError):
        read(case(model_type), num_experts_per_tok=99, num_experts_per_token=99)


def zoo_rows() -> list[dict[str, str]]:
    with (SHARED / "oracle_params.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [row for row in rows if row["model_type"].startswith(FAMILIES) and row["total_params"]]


@needs_zoo
def test_states_differ_from_the_zoo_by_one_convolution_column() -> None:
    """transformers keeps ``kernel`` columns of a convolution (4 here), engines one less."""
    with (SHARED / "oracle_kv.csv").open(encoding="utf-8", newline="") as stream:
        states = {r["name"]: r["fixed_state_bytes_per_sequence"] for r in csv.DictReader(stream)}
    differing = []
    for row in zoo_rows():
        expected = float(states.get(row["name"]) or 0)
        if not expected or not row["model_type"].startswith(
            ("qwen3", "nemotron_h", "mamba", "jamba", "falcon_h1", "kimi", "bailing", "olmo_hybrid")
        ):
            continue
        path = SHARED / "configs" / row["name"] / "config.json"
        architecture = read_architecture(json.loads(path.read_text()), row["name"], "model")
        tails = sum(n * core.convolution_elements for core, n in cores(architecture, StateCore))
        if state_bytes(architecture) + tails / 3 * 2 != expected:
            differing.append(row["name"])
    assert differing == []


@needs_zoo
def test_whole_zoo_of_these_families() -> None:
    differing = []
    for row in zoo_rows():
        path = SHARED / "configs" / row["name"] / "config.json"
        try:
            found = read_architecture(json.loads(path.read_text()), row["name"], "model")
        except RooftopError as error:
            differing.append(f"{row['name']}: {error}")
            continue
        counted = (found.total_parameters, found.active_parameters)
        if counted != (int(row["total_params"]), int(row["active_params_per_token"])):
            differing.append(f"{row['name']}: {counted}")
    assert differing == []
