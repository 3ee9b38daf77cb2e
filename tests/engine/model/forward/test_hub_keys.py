"""Keys that stand in configs on the hub and change nothing must not refuse a model."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import load_architecture
from engine.model.forward.reading import read_vision
from engine.model.glossary import lookup
from engine.model.kinds import ModelKind
from engine.model.model_profiles import bundled_models

OLD_GENERATION_KEYS = {
    "add_cross_attention": False,
    "bad_words_ids": None,
    "chunk_size_feed_forward": 0,
    "diversity_penalty": 0.0,
    "do_sample": False,
    "encoder_no_repeat_ngram_size": 0,
    "finetuning_task": None,
    "forced_bos_token_id": None,
    "is_decoder": False,
    "is_encoder_decoder": False,
    "length_penalty": 1.0,
    "max_length": 20,
    "min_length": 0,
    "num_beam_groups": 1,
    "num_beams": 1,
    "num_return_sequences": 1,
    "output_attentions": False,
    "pruned_heads": {},
    "repetition_penalty": 1.0,
    "return_dict": True,
    "temperature": 1.0,
    "tie_encoder_decoder": False,
    "tie_word_embeddings": True,
    "top_k": 50,
    "top_p": 1.0,
    "torchscript": False,
    "typical_p": 1.0,
    "use_bfloat16": False,
}
"""What transformers wrote into nested configs before 4.40."""

CLIP = {
    "architectures": ["CLIPModel"],
    "initializer_factor": 1.0,
    "logit_scale_init_value": 2.6592,
    "model_type": "clip",
    "projection_dim": 512,
    "text_config": {"hidden_size": 512, "vocab_size": 49408, **OLD_GENERATION_KEYS},
    "text_config_dict": None,
    "torch_dtype": "float32",
    "vision_config": {
        "attention_dropout": 0.0,
        "dropout": 0.0,
        "hidden_act": "quick_gelu",
        "hidden_size": 768,
        "image_size": 224,
        "intermediate_size": 3072,
        "layer_norm_eps": 1e-05,
        "model_type": "clip_vision_model",
        "num_attention_heads": 12,
        "num_channels": 3,
        "num_hidden_layers": 12,
        "patch_size": 32,
        **OLD_GENERATION_KEYS,
    },
    "vision_config_dict": {"patch_size": 32},
}
SIGLIP = {
    "architectures": ["SiglipModel"],
    "initializer_factor": 1.0,
    "model_type": "siglip",
    "text_config": {"model_type": "siglip_text_model", "vocab_size": 32000},
    "vision_config": {"model_type": "siglip_vision_model"},
}
MULTILINGUAL_BERT = {
    "architectures": ["BertForMaskedLM"],
    "attention_probs_dropout_prob": 0.1,
    "directionality": "bidi",
    "hidden_act": "gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "model_type": "bert",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 0,
    "pooler_fc_size": 768,
    "pooler_num_attention_heads": 12,
    "pooler_num_fc_layers": 3,
    "pooler_size_per_head": 128,
    "pooler_type": "first_token_transform",
    "position_embedding_type": "absolute",
    "type_vocab_size": 2,
    "use_cache": True,
    "vocab_size": 119547,
}
DISTILBERT = {
    "activation": "gelu",
    "architectures": ["DistilBertForMaskedLM"],
    "attention_dropout": 0.1,
    "dim": 768,
    "dropout": 0.1,
    "hidden_dim": 3072,
    "initializer_range": 0.02,
    "max_position_embeddings": 512,
    "model_type": "distilbert",
    "n_heads": 12,
    "n_layers": 6,
    "pad_token_id": 0,
    "qa_dropout": 0.1,
    "seq_classif_dropout": 0.2,
    "sinusoidal_pos_embds": False,
    "tie_weights_": True,
    "vocab_size": 30522,
}
DETR = {
    "activation_dropout": 0.0,
    "activation_function": "relu",
    "architectures": ["DetrForObjectDetection"],
    "auxiliary_loss": False,
    "backbone": "resnet50",
    "bbox_cost": 5,
    "bbox_loss_coefficient": 5,
    "class_cost": 1,
    "classifier_dropout": 0.0,
    "d_model": 256,
    "decoder_attention_heads": 8,
    "decoder_ffn_dim": 2048,
    "decoder_layerdrop": 0.0,
    "decoder_layers": 6,
    "dice_loss_coefficient": 1,
    "dilation": False,
    "dropout": 0.1,
    "encoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "encoder_layerdrop": 0.0,
    "encoder_layers": 6,
    "eos_coefficient": 0.1,
    "giou_cost": 2,
    "giou_loss_coefficient": 2,
    "id2label": {str(number): f"label {number}" for number in range(91)},
    "init_std": 0.02,
    "init_xavier_std": 1.0,
    "is_encoder_decoder": True,
    "mask_loss_coefficient": 1,
    "max_position_embeddings": 1024,
    "model_type": "detr",
    "num_hidden_layers": 6,
    "num_queries": 100,
    "position_embedding_type": "sine",
    "scale_embedding": False,
}
TIMM = {
    "architecture": "resnet50",
    "num_classes": 1000,
    "num_features": 2048,
    "global_pool": "avg",
    "pretrained_cfg": {
        "tag": "a1_in1k",
        "custom_load": False,
        "input_size": [3, 224, 224],
        "test_input_size": [3, 288, 288],
        "fixed_input_size": False,
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "mean": [0.485, 0.456, 0.406],
        "num_classes": 1000,
        "pool_size": [7, 7],
        "first_conv": "conv1",
        "classifier": "fc",
    },
}


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (CLIP, 87_456_000 + 768 * 512),
        (SIGLIP, 92_884_224),
        (MULTILINGUAL_BERT, 109_514_298 + (119_547 - 30_522) * (768 + 1)),
        (DISTILBERT, 66_985_530),
        (DETR, 41_524_768),
        (TIMM, 25_557_032),
        ({**TIMM, "model_type": "timm_wrapper"}, 25_557_032),
    ],
    ids=["clip", "siglip", "bert", "distilbert", "detr", "timm", "timm_wrapper"],
)
def test_a_config_as_the_hub_has_it_is_read_exactly(
    config: dict[str, Any], parameters: int
) -> None:
    assert read_vision(config, "config.json", "model").parameters == parameters


def test_a_tower_says_that_the_other_is_left_out() -> None:
    warnings = read_vision(CLIP, "config.json", "model").warnings
    assert warnings == ("only the vision tower is read, the text tower is left out",)


def test_every_key_of_a_bundled_vision_profile_is_explained() -> None:
    for name in bundled_models():
        model = load_architecture(name)
        if model.architecture.kind is ModelKind.FORWARD:
            assert [key for key in model.config if lookup(key) is None] == [], name
