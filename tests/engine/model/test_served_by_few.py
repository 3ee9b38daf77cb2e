"""Families that one or two engines serve, by the sizes that their cards state."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError


def read(**config: Any) -> Architecture:
    return read_architecture(config, "config.json", "model")


OURO: dict[str, Any] = {
    "model_type": "ouro",
    "vocab_size": 49152,
    "hidden_size": 2048,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "head_dim": 128,
    "intermediate_size": 5632,
    "total_ut_steps": 4,
}


def test_looped_layers_are_held_once_and_cache_each_run() -> None:
    """Ouro-1.4B: four norms a layer, a gate to stop early."""
    layer = 4 * 2048 * 2048 + 3 * 2048 * 5632 + 4 * 2048
    ends = 2 * 49152 * 2048 + 2048 + 2048 + 1
    model = read(**OURO)
    assert model.total_parameters == 24 * layer + ends
    once = read(**{**OURO, "total_ut_steps": 1})
    assert model.total_parameters == once.total_parameters
    assert model.cached_elements_per_token() == 4 * once.cached_elements_per_token()
    assert model.active_parameters == once.active_parameters


def test_nanbeige_runs_twice_unless_told() -> None:
    sizes = {"hidden_size": 3072, "intermediate_size": 10752, "num_hidden_layers": 22}
    heads = {"num_attention_heads": 48, "num_key_value_heads": 8, "vocab_size": 166144}
    model = read(model_type="nanbeige", **sizes, **heads)
    assert model.cached_elements_per_token() == 2 * 22 * 2 * 8 * 64
    assert any(item.key == "num_loops" for item in model.assumptions)


def test_pangu_pro_moe_is_72b_of_which_a_token_uses_16b() -> None:
    model = read(
        model_type="PanguProMoE",
        vocab_size=153376,
        hidden_size=5120,
        num_hidden_layers=48,
        num_attention_heads=40,
        num_key_value_heads=8,
        moe_intermediate_size=1344,
        shared_expert_intermediate_size=5376,
        num_experts=64,
        num_experts_per_tok=8,
    )
    attention = 5120 * (5120 + 2 * 1024) + (5120 + 2 * 1024) + 5120 * 5120 + 5120
    experts = 64 * (3 * 5120 * 1344 + 5120 + 1) + 3 * 5120 * 5376
    ends = 2 * 153376 * 5120 + 5120
    assert model.total_parameters == 48 * (attention + experts + 2 * 5120) + ends
    assert model.active_parameters == pytest.approx(16.5e9, rel=0.02)


def test_xverse_with_experts_is_25_8b() -> None:
    model = read(
        model_type="xverse",
        architectures=["XverseMoeForCausalLM"],
        hidden_size=2560,
        intermediate_size=1728,
        moe_top_k=6,
        num_attention_heads=32,
        num_experts=64,
        num_hidden_layers=28,
        num_shared_experts=2,
        vocab_size=100278,
    )
    assert model.total_parameters == pytest.approx(25.8e9, rel=0.002)
    assert model.active_parameters == pytest.approx(4.2e9, rel=0.05)


SPARK = {
    "model_type": "spark2_5",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 4,
    "head_dim": 16,
    "sliding_window": 32,
    "vocab_size": 1000,
}


def test_spark_gates_each_head_and_sees_everything_in_every_fourth_layer() -> None:
    gated, plain = read(**SPARK), read(**SPARK, headwise_attn_output_gate=False)
    assert gated.total_parameters - plain.total_parameters == 4 * 64 * 4
    windows = [core.window for block, n in gated.blocks() for core in n * block.cores]  # type: ignore[union-attr]
    assert sorted(windows, key=str) == [32, 32, 32, None]


GEMMA4 = {
    "model_type": "gemma4_text",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "global_head_dim": 16,
    "vocab_size": 100,
    "vocab_size_per_layer_input": 100,
    "sliding_window": 8,
}


def test_gemma_4s_list_of_layers_counts_before_its_pattern() -> None:
    kinds = ["sliding_attention", "full_attention"]
    listed = read(**GEMMA4, layer_types=kinds)
    assert read(**GEMMA4, layer_types=kinds, sliding_window_pattern=5) == listed
    with pytest.raises(InputError, match="sliding_window_pattern"):
        read(**GEMMA4, sliding_window_pattern=5)


@pytest.mark.parametrize("expand", [-1, 0, 1e9])
def test_an_inner_width_is_above_nothing(expand: float) -> None:
    with pytest.raises(InputError, match=r"expand is .* expected a number above 0"):
        read(model_type="mamba", hidden_size=64, num_hidden_layers=1, vocab_size=10, expand=expand)


def test_trinity_names_its_groups_of_experts_twice() -> None:
    """As arcee-ai publishes it; counted by transformers 5.24."""
    model = read(
        model_type="afmoe",
        hidden_size=1024,
        intermediate_size=3072,
        num_hidden_layers=56,
        num_attention_heads=8,
        num_key_value_heads=2,
        head_dim=128,
        moe_intermediate_size=256,
        num_experts=128,
        num_experts_per_tok=8,
        num_shared_experts=1,
        num_dense_layers=2,
        n_group=1,
        num_expert_groups=1,
        num_limited_groups=1,
        topk_group=1,
        use_grouped_mm=True,
        global_attn_every_n_layers=4,
        sliding_window=2048,
        vocab_size=200192,
        tie_word_embeddings=False,
    )
    assert model.total_parameters == 6_120_003_328


def test_a_pattern_of_layers_may_be_a_list_of_letters() -> None:
    """As mlx-lm writes Nemotron-H's; counted by transformers 5.24."""
    config = {
        "model_type": "nemotron_h",
        "vocab_size": 1000,
        "hidden_size": 128,
        "intermediate_size": 128,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "mamba_num_heads": 8,
        "mamba_head_dim": 64,
        "ssm_state_size": 128,
        "conv_kernel": 3,
        "n_groups": 4,
        "use_bias": True,
    }
    listed = read(**config, hybrid_override_pattern=["*", "M", "*", "M"])
    assert listed == read(**config, hybrid_override_pattern="*M*M")
    assert listed.total_parameters == 1_718_208


def test_nv_embed_is_mistral_with_a_layer_that_pools() -> None:
    """7.85B, as its card says."""
    text = {
        "model_type": "bidir_mistral",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 32000,
    }
    own = {"model_type": "latent_attention"}
    config = {"model_type": "nvembed", "text_config": text, "latent_attention_config": own}
    model = read(architectures=["NVEmbedModel"], **config)
    width = 4096
    pool = 4 * width * 8 * width + 2 * 4 * width * width + 8 * width + 4 * width * width + width
    pool += 512 * width + 6 * width
    mistral = read(**text | {"model_type": "mistral"}).total_parameters - 32000 * width
    assert model.total_parameters == mistral + pool == 7_851_016_192
    assert not model.generates


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Step5ForCausalLM", "blocks of tokens"),
        ("K2HorizonForCausalLM", "values that experts make"),
    ],
)
def test_what_is_not_described_is_named(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(architectures=[name])
