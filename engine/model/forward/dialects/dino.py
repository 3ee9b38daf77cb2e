"""DINOv2 and DINOv3 (arXiv:2304.07193, 2309.16588, 2508.10104): ViTs with layer scales, registers,
and in the third rotary positions."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.dialects.vit import HEAD, block, divided_heads, embed
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

BACKBONE_KEYS = ("out_features", "out_indices", "stage_names", "reshape_hidden_states")


def read(source: Source) -> ForwardArchitecture:
    """``dinov2`` and ``dinov2_with_registers``."""
    keys = source.keys
    keys.ignore(*BACKBONE_KEYS, "hidden_act", "apply_layernorm", "layerscale_value")
    image = source.image()
    hidden = source.width("hidden_size")
    heads = divided_heads(keys, hidden)
    layers = source.blocks("num_hidden_layers")
    width = int(hidden * source.ratio("mlp_ratio"))
    gated = keys.flag("use_swiglu_ffn", default=False)
    if gated:
        width = (int(width * 2 / 3) + 7) // 8 * 8
    registers, masked = 0, True
    if keys.model_type == "dinov2_with_registers":
        registers = keys.integer("num_register_tokens", default=4, minimum=0, maximum=1024)
    else:
        masked = keys.flag("use_mask_token", default=True)
    biased = 3 if keys.flag("qkv_bias", default=True) else 0
    network = source.network()
    more = hidden if masked else 0
    x = embed(source, network, image, hidden, 1, more=more, registers=registers)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(network, x, heads, width, biased=biased, scaled=True, gated=gated)
    _head(source, network, x)
    return source.done(network, image, keys.model_type, "V2")


def _head(source: Source, network: Network, x: Shape) -> None:
    """The class token beside the mean of the patches."""
    network.norm("norm", x)
    if source.task(HEAD, "Model", "Backbone") == HEAD:
        network.pool_to("pool", x)
        classifier(network, Shape(2 * x.channels, 1, 1), source.labels())


def read_third(source: Source) -> ForwardArchitecture:
    """``dinov3_vit``: no table of positions."""
    keys = source.keys
    keys.ignore(*BACKBONE_KEYS, "hidden_act", "apply_layernorm", "layerscale_value")
    keys.ignore("pos_embed_shift", "pos_embed_jitter", "pos_embed_rescale")
    image = source.image()
    hidden = source.width("hidden_size")
    heads = divided_heads(keys, hidden)
    layers = source.blocks("num_hidden_layers")
    width = source.width("intermediate_size")
    gated = keys.flag("use_gated_mlp", default=False)
    registers = keys.integer("num_register_tokens", default=0, minimum=0, maximum=1024)
    biases = (("query_bias", True), ("key_bias", False), ("value_bias", True))
    biased = sum(keys.flag(name, default=default) for name, default in biases)
    for name in ("proj_bias", "mlp_bias"):
        if not keys.flag(name, default=True):
            raise keys.problem(name, False, say("{value}, the only one understood", value="true"))
    task = source.task("Model", HEAD, "Backbone")
    network = source.network()
    x = embed(source, network, image, hidden, 1, positions=False, more=hidden, registers=registers)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(
                network, x, heads, width, biased=biased, scaled=True, gated=gated, rotary=True
            )
    network.norm("norm", x)
    if task == HEAD:
        network.pool_to("pool", x)
        classifier(network, Shape(2 * hidden, 1, 1), source.labels())
    return source.done(network, image, keys.model_type, "V3")
