"""Encoders with rotary or relative positions, against what transformers 5.24 counts of the same
config (parameters of the class on the meta device)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.forward.reading import read_vision
from engine.words.errors import InputError

SIZES: dict[str, Any] = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
}
MODERN = {"num_hidden_layers": 22, "intermediate_size": 1152, "vocab_size": 50368}
JINA = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
JINA |= {"intermediate_size": 4096, "vocab_size": 250002, "type_vocab_size": 1}
DEBERTA = {"hidden_size": 1536, "num_hidden_layers": 24, "num_attention_heads": 24}
DEBERTA |= {"intermediate_size": 6144, "vocab_size": 128100, "relative_attention": True}
DEBERTA |= {"pos_att_type": ["p2c", "c2p"], "position_buckets": 256, "norm_rel_ebd": "layer_norm"}
DEBERTA |= {"position_biased_input": False, "conv_kernel_size": 3}
FIRST = {"vocab_size": 50265, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]}
FIRST |= {"position_biased_input": False, "type_vocab_size": 0}
LONG = {"vocab_size": 50265, "max_position_embeddings": 4098, "type_vocab_size": 1}
BIRD = {"vocab_size": 50358, "max_position_embeddings": 4096}
ROBERTA = {"vocab_size": 50265, "type_vocab_size": 2}
NEW = {"vocab_size": 30528, "type_vocab_size": 0}
NOMIC = {
    "n_embd": 768,
    "n_layer": 12,
    "n_head": 12,
    "n_inner": 3072,
    "n_positions": 8192,
    "vocab_size": 30528,
    "activation_function": "swiglu",
    "qkv_proj_bias": False,
    "type_vocab_size": 2,
    "pad_vocab_size_multiple": 64,
}


def read(model_type: str, tokens: int = 128, **changes: Any) -> ForwardArchitecture:
    config = {"model_type": model_type, **SIZES, **changes}
    return read_vision(config, "config.json", "encoder", sequence=tokens)


@pytest.mark.parametrize(
    ("model_type", "changes", "name", "parameters"),
    [
        ("modernbert", MODERN, "ModernBertModel", 149_014_272),
        ("modernbert", MODERN, "ModernBertForMaskedLM", 149_655_232),
        ("modernbert", MODERN, "ModernBertForSequenceClassification", 149_606_402),
        ("nomic_bert", {"vocab_size": 30528}, "NomicBertModel", 136_731_648),
        ("nomic_bert", {"vocab_size": 30528}, "NomicBertForMaskedLM", 137_354_304),
        ("gte", {"vocab_size": 250048}, "GteModel", 305_368_320),
        ("gte", {"vocab_size": 250048}, "GteForSequenceClassification", 305_960_450),
        ("jina_embeddings_v3", JINA, "JinaEmbeddingsV3Model", 559_364_096),
        ("jina_embeddings_v3", JINA, "JinaEmbeddingsV3ForMaskedLM", 559_616_146),
        ("eurobert", {"vocab_size": 128256}, "EuroBertModel", 211_766_016),
        ("eurobert", {"vocab_size": 128256}, "EuroBertForMaskedLM", 310_266_624),
        ("roberta-prelayernorm", ROBERTA, "RobertaPreLayerNormForMaskedLM", 124_698_201),
        ("longformer", LONG, "LongformerModel", 148_659_456),
        ("longformer", LONG, "LongformerForMaskedLM", 148_711_257),
        ("big_bird", BIRD, "BigBirdModel", 127_468_800),
        ("big_bird", BIRD, "BigBirdForMaskedLM", 128_111_286),
        ("big_bird", BIRD, "BigBirdForSequenceClassification", 128_060_930),
        ("deberta", FIRST, "DebertaModel", 138_601_728),
        ("deberta", FIRST, "DebertaForMaskedLM", 139_244_121),
        ("deberta", FIRST, "DebertaForSequenceClassification", 139_193_858),
        ("deberta-v2", DEBERTA, "DebertaV2Model", 997_913_088),
        ("deberta-v2", DEBERTA, "DebertaV2ForMaskedLM", 1_000_405_092),
        ("deberta-v2", DEBERTA, "DebertaV2ForSequenceClassification", 1_000_276_994),
    ],
)
def test_classes_have_the_parameters_transformers_counts(
    model_type: str, changes: dict[str, Any], name: str, parameters: int
) -> None:
    assert read(model_type, **changes, architectures=[name]).parameters == parameters


def test_nomic_is_read_in_the_spelling_of_its_own_repository() -> None:
    config = {"model_type": "nomic_bert", "architectures": ["NomicBertModel"], **NOMIC}
    architecture = read_vision(config, "config.json", "encoder", sequence=128)
    assert architecture.parameters == 136_731_648


def test_nomic_has_experts_in_every_second_layer() -> None:
    """475,292,928 elements in the file of nomic-ai/nomic-embed-text-v2-moe."""
    mixture = {"activation_function": "gelu", "vocab_size": 250048, "type_vocab_size": 1}
    mixture |= {"qkv_proj_bias": True, "mlp_fc1_bias": True, "mlp_fc2_bias": True}
    mixture |= {"num_experts": 8, "moe_top_k": 2, "moe_every_n_layers": 2, "n_positions": 2048}
    config = {"model_type": "nomic_bert", "architectures": ["NomicBertModel"], **NOMIC, **mixture}
    found = read_vision(config, "config.json", "encoder", sequence=100)
    experts = [layer for layer in found.layers if "experts" in layer.name]
    assert len(experts) == 6 * 2
    assert sum(layer.flops for layer in experts) == 6 * 2 * (2 * 100 * 2) * 768 * 3072
    assert found.parameters == 475_292_928


def test_nomic_with_shared_experts_is_refused_by_name() -> None:
    config = {"model_type": "nomic_bert", **NOMIC, "num_experts": 8, "moe_every_n_layers": 2}
    config["num_shared_experts"] = 1
    with pytest.raises(InputError, match="num_shared_experts is 1, expected 0"):
        read_vision(config, "config.json", "encoder", sequence=128)


def test_gte_of_the_repository_has_no_segments_and_no_pooler() -> None:
    assert read("new", **NEW, architectures=["NewModel"]).parameters == 136_776_192


def test_jina_published_as_xlm_roberta_is_read_by_its_rotary_positions() -> None:
    named = read("xlm-roberta", **JINA, position_embedding_type="rotary")
    assert named.parameters == read("jina_embeddings_v3", **JINA).parameters


@pytest.mark.parametrize(
    ("model_type", "changes", "tokens", "keys"),
    [
        ("longformer", LONG, 4096, 513),
        ("longformer", {**LONG, "attention_window": [128] * 12}, 4096, 129),
        ("longformer", LONG, 100, 100),
        ("big_bird", BIRD, 4096, 8 * 64),
        ("big_bird", BIRD, 704, 704),
        ("big_bird", {**BIRD, "attention_type": "original_full"}, 4096, 4096),
    ],
)
def test_sparse_attention_sees_part_of_a_long_text(
    model_type: str, changes: dict[str, Any], tokens: int, keys: int
) -> None:
    found = read(model_type, tokens, **changes)
    products = [layer for layer in found.layers if layer.kind is LayerKind.ATTENTION]
    assert {layer.columns for layer in products} == {keys}


def test_local_layers_see_their_window() -> None:
    layers = read("modernbert", tokens=512, **MODERN).layers
    seen = [layer.columns for layer in layers if layer.kind is LayerKind.ATTENTION]
    assert seen[:4] == [512, 129, 129, 512]


def test_relative_scores_add_two_products_to_each_layer() -> None:
    plain = read("deberta-v2", **{**DEBERTA, "relative_attention": False})
    relative = read("deberta-v2", **DEBERTA)
    products = [layer for layer in relative.layers if layer.kind is LayerKind.ATTENTION]
    assert len(products) == 3 * 24
    assert relative.flops > plain.flops
