"""Configs in the words of Meta, Mistral and DeepSeek: counted as their transformers forms are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.words.errors import InputError

META = {
    "dim": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "n_kv_heads": 8,
    "vocab_size": 128256,
    "ffn_dim_multiplier": 1.3,
    "multiple_of": 1024,
    "norm_eps": 1e-5,
    "use_scaled_rope": True,
}
"""Llama 3.1 8B."""
MISTRAL = {
    "dim": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "n_kv_heads": 8,
    "head_dim": 128,
    "hidden_dim": 14336,
    "norm_eps": 1e-5,
    "vocab_size": 32768,
}
"""Mistral 7B v0.3."""
DEEPSEEK = {
    "dim": 7168,
    "inter_dim": 18432,
    "moe_inter_dim": 2048,
    "n_layers": 61,
    "n_dense_layers": 3,
    "n_heads": 128,
    "vocab_size": 129280,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "n_activated_experts": 8,
    "n_expert_groups": 8,
    "n_limited_groups": 4,
    "route_scale": 2.5,
    "score_func": "sigmoid",
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "dtype": "fp8",
}
"""DeepSeek-V3; the widths of heads are the class's."""


def load(folder: Path, values: dict[str, Any], name: str = "params.json") -> LoadedModel:
    (folder / name).write_text(json.dumps(values))
    return load_architecture(str(folder if name == "params.json" else folder / name))


def architecture(model: LoadedModel) -> Architecture:
    assert isinstance(model.architecture, Architecture)
    return model.architecture


@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        (META, 8_030_261_248),
        (MISTRAL, 7_248_023_552),
        (DEEPSEEK, 671_026_404_352),
        (
            {**MISTRAL, "vocab_size": 32000, "moe": {"num_experts": 8, "num_experts_per_tok": 2}},
            46_702_792_704,
        ),
    ],
    ids=["llama-3.1-8b", "mistral-7b", "deepseek-v3", "mixtral-8x7b"],
)
def test_parameters_are_those_of_the_published_model(tmp_path, values, parameters):
    model = load(tmp_path, values)
    assert architecture(model).total_parameters == parameters
    assert any("in transformers' words" in warning for warning in model.warnings)


def test_deepseek_s_fp8_is_in_blocks_of_128(tmp_path):
    precision = load(tmp_path, DEEPSEEK, "config_671B.json").precision
    assert (precision.name, precision.weights.scale_bits) == ("W8A8", 32 / 128**2)
    assert load(tmp_path, {**DEEPSEEK, "dtype": "bf16"}).precision.name == "W16A16"


def test_deepseek_s_class_gives_what_a_file_leaves_out(tmp_path):
    """DeepSeek-V2-Lite: its file names sizes that differ from the class, most do not."""
    lite = {"dim": 2048, "inter_dim": 10944, "n_layers": 27, "kv_lora_rank": 512}
    assert architecture(load(tmp_path, lite)).total_parameters == pytest.approx(15.7e9, rel=0.01)


def test_llama_2_leaves_its_vocabulary_to_the_tokenizer(tmp_path):
    seven = {"dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-5}
    model = load(tmp_path, {**seven, "vocab_size": -1})
    assert architecture(model).total_parameters == 6_738_415_616
    assert any("32,000" in warning for warning in model.warnings)


def test_llama_3_2_shares_its_embeddings(tmp_path):
    one = {**META, "dim": 2048, "n_layers": 16, "ffn_dim_multiplier": 1.5, "multiple_of": 256}
    assert architecture(load(tmp_path, one)).total_parameters == 1_235_814_400


def test_mistral_s_windows_repeat_over_the_layers(tmp_path):
    """Ministral 8B: three of four layers see 32,768 tokens."""
    model = load(tmp_path, {**MISTRAL, "sliding_window": [32768, 32768, 32768, None]})
    counts = {
        core.window: count for block, count in architecture(model).blocks() for core in block.cores
    }
    assert counts == {32768: 24, None: 8}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"qformat_weight": "fp8_e4m3", "qscheme_act": "TENSOR"}, "W8A8"),
        (
            {
                "quant_method": "compressed_tensors",
                "config_groups": {
                    "all": {
                        "targets": ["Linear"],
                        "weights": {"num_bits": 4, "type": "float", "group_size": 16},
                    }
                },
            },
            "W4A16",
        ),
    ],
)
def test_mistral_s_quantisation_is_read(tmp_path, said, name):
    assert load(tmp_path, {**MISTRAL, "quantization": said}).precision.name == name


def test_pixtral_s_tower_is_counted(tmp_path):
    tower = {
        "hidden_size": 1024,
        "num_channels": 3,
        "image_size": 1024,
        "patch_size": 16,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "rope_theta": 10000.0,
        "adapter_bias": True,
    }
    found = architecture(load(tmp_path, {**MISTRAL, "vision_encoder": tower}))
    # 24 layers of 16.8 M, patches of 0.8 M, and a projector of 21 M.
    assert found.tower_parameters == pytest.approx(425e6, rel=0.02)


def test_a_config_json_comes_before_params_json(tmp_path):
    plain = {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
    }
    (tmp_path / "config.json").write_text(json.dumps(plain))
    assert architecture(load(tmp_path, META)).layer_count == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({**MISTRAL, "quantization": {"qformat_weight": "int3"}}, "quantization: found"),
        ({**MISTRAL, "sliding_window": [4096, 8192]}, "sliding_window: found"),
        ({**MISTRAL, "moe": 8}, "moe: found 8, expected a mapping"),
        ({**MISTRAL, "multimodal": {"whisper_model_args": {}}}, "multimodal: found"),
        ({**META, "quantization_args": {"scheme": "8da4w"}}, "quantization_args: found"),
        ({**META, "ffn_dim_multiplier": "1.3"}, "ffn_dim_multiplier: found '1.3'"),
        ({**META, "multiple_of": 0}, "multiple_of: found 0"),
        ({**META, "moe_args": {"num_experts": 16}}, "moe_args"),
        ({**META, "vision_num_cross_attention_layers": 8}, "vision_num_cross_attention_layers"),
        ({**DEEPSEEK, "dtype": "int2"}, "dtype: found 'int2', expected bf16 or fp8"),
    ],
)
def test_what_has_no_counterpart_is_refused(tmp_path, values, said):
    with pytest.raises(InputError, match=rf"params\.json: .*{said}"):
        load(tmp_path, values)
