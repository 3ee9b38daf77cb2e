"""ChatGLM 2/3 and GLM-4 (remote code), GLM and GLM-4 (native), GLM-4.5 to 4.7 (experts)."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    Traits,
    plain_attention,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import predicting_decoder, read_experts
from engine.model.dialects.parts import dense
from engine.model.dialects.towers.parts import linear, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say

FIRST = Traits(qkv_bias=True, output_bias=True, gated=False, norm="layer", tied=True)
NATIVE = {
    "glm": Traits(qkv_bias="attention_bias"),
    "glm4": Traits(qkv_bias="attention_bias", norms=4),
    "glm4v_text": Traits(qkv_bias=True, norms=4),
    "glm_ocr_text": Traits(norms=4),
}


def read(keys: Keys) -> Architecture:
    """By model type."""
    if keys.model_type == "chatglm":
        return _chatglm(keys)
    if keys.model_type == "glm4_moe":
        return _sparse(keys)
    if keys.model_type in ("glm4v_text", "glm_ocr_text"):
        keys.ignore("attention_bias")
    return read_decoder(keys, NATIVE[keys.model_type])


def _chatglm(keys: Keys) -> Architecture:
    """``padded_vocab_size`` sizes the matrices; groups count only with multi-query attention."""
    if keys.has("inner_hidden_size", "position_encoding_2d"):
        return _first(keys)
    hidden = keys.integer("hidden_size", required=True)
    layers = keys.integer("num_layers", "num_hidden_layers", required=True, maximum=10_000)
    heads = keys.integer("num_attention_heads", required=True)
    if not keys.flag("rmsnorm", default=True):
        raise keys.problem("rmsnorm", False, "true")
    grouped = keys.flag("multi_query_attention", default=False)
    groups = keys.optional_integer("multi_query_group_num", minimum=1)
    width = keys.integer("kv_channels", default=128)
    keys.ignore("post_layer_norm", "apply_residual_connection_post_layernorm", "classifier_dropout")
    keys.ignore("original_rope", "pre_seq_len", "prefix_projection", "quantization_bit")
    vocabulary = keys.integer("padded_vocab_size", "vocab_size", required=True)
    kv_heads = (groups or 1) if grouped else heads
    if heads % kv_heads:
        raise keys.problem(
            "multi_query_group_num", kv_heads, say("a divisor of the {number} heads", number=heads)
        )
    linear_bias = keys.flag("add_bias_linear", default=False)
    qkv_bias = keys.flag("add_qkv_bias", default=False) or linear_bias
    traits = Traits(qkv_bias=qkv_bias, output_bias=linear_bias, mlp_bias=linear_bias)
    vision = keys.scope("vision_config", model_type="none")
    tower = _eva(keys, vision, hidden) if vision is not None else 0
    shape = Dimensions(hidden, layers, heads, kv_heads, width, vocabulary)
    return read_decoder(keys, traits, shape=shape, tower=tower)


def _eva(keys: Keys, vision: Keys, text_hidden: int) -> int:
    """GLM-4V-9B's EVA2-CLIP tower, with a convolution and a gated part into the text model."""
    hidden = vision.integer("hidden_size")
    width = vision.integer("intermediate_size")
    patch = vision.integer("patch_size", maximum=10_000)
    vision.ignore("num_heads", "scaling_factor", "image_size", "dropout_prob")
    embeddings = linear(vision.integer("in_channels", default=3) * patch**2, hidden)
    embeddings += (vision.integer("num_positions") + 1) * hidden
    layers = vision.integer("num_hidden_layers", maximum=10_000) * transformer_layer(hidden, width)
    inner = keys.integer("ffn_hidden_size", required=True)
    projector = text_hidden**2 + 2 * text_hidden + 3 * text_hidden * inner
    return embeddings + layers + linear(4 * hidden, text_hidden) + projector + 2 * text_hidden


def _first(keys: Keys) -> Architecture:
    """ChatGLM 1: LayerNorm, biases and two matrices in the feed-forward part."""
    keys.ignore("position_encoding_2d", "use_quantization_bit", "quantization_bit")
    keys.ignore("quantization_embeddings", "pre_seq_len", "prefix_projection")
    shape = read_dimensions(keys)
    width = keys.integer("inner_hidden_size", required=True)
    part = dense(shape.hidden, width, gated=False, bias=True)
    return read_decoder(keys, FIRST, shape=shape, feed_forward=lambda index: part)


def _sparse(keys: Keys) -> Architecture:
    """Experts after the first dense layers; query and key norms are optional. The class rounds
    the head width down where hidden size over heads is no whole number."""
    shape = read_dimensions(keys, floor_head_dim=True)
    normed = keys.flag("use_qk_norm", default=False)
    traits = Traits(qkv_bias="attention_bias", qk_norm="head" if normed else "")
    mixer = plain_attention(keys, shape, traits, None)
    experts = read_experts(keys, shape.hidden, shape.layers)
    return predicting_decoder(keys, traits, shape, mixer, experts)
