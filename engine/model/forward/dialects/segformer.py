"""SegFormer and PVT V2 (arXiv:2105.15203, 2106.13797): attention to a coarse summary of the map,
filters inside the feed-forward part; SegFormer joins all maps for the classes of each pixel."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, conv_norm
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

CLASSIFIED = "ForImageClassification"
SEGMENTED = "ForSemanticSegmentation"


def read(source: Source) -> ForwardArchitecture:
    """``segformer`` and ``pvt_v2``."""
    keys = source.keys
    pyramid = keys.model_type == "pvt_v2"
    if pyramid and keys.flag("linear_attention", default=False):
        raise keys.problem(
            "linear_attention", True, say("{value}, the only one understood", value="false")
        )
    if pyramid and not keys.flag("qkv_bias", default=True):
        raise keys.problem("qkv_bias", False, say("{value}, the only one understood", value="true"))
    keys.ignore("hidden_act", "reshape_last_stage", "semantic_loss_ignore_index")
    keys.ignore("downsampling_rates", "out_features", "out_indices", "stage_names")
    known = (CLASSIFIED, "Model", "Backbone") if pyramid else (SEGMENTED, CLASSIFIED, "Model")
    task = source.task(*known)
    image = source.image(default=224 if pyramid else 512)
    widths = source.widths("hidden_sizes")
    count = len(widths)
    source.expect("num_encoder_blocks", count, say("as many as hidden_sizes"))
    depths = source.depths("depths", count=count)
    kernels = source.depths("patch_sizes", count=count)
    strides = source.depths("strides", count=count)
    heads = source.depths("num_attention_heads", count=count)
    ratios = source.depths("sr_ratios", count=count)
    expansions = source.depths("mlp_ratios", count=count)
    if any(width % number for width, number in zip(widths, heads, strict=True)):
        raise keys.problem("num_attention_heads", heads, say("divisors of {number}", number=widths))
    network = source.network()
    x, maps = image, []
    for stage, width in enumerate(widths):
        with network.scope(f"stages.{stage}"):
            x = network.conv("patch", x, width, kernels[stage], strides[stage], bias=True)
            network.norm("patch.norm", x)
            for number in range(depths[stage]):
                with network.scope(str(number)):
                    _block(network, x, heads[stage], ratios[stage], expansions[stage])
            network.norm("norm", x)
        maps.append(x)
    if task == CLASSIFIED:
        classifier(network, network.pool_to("pool", x), source.labels())
    if task == SEGMENTED:
        with network.scope("head"):
            _pixels(source, network, maps)
    else:
        keys.ignore("decoder_hidden_size")
    return source.done(network, image, keys.model_type, "V2" if pyramid else "")


def _block(network: Network, x: Shape, heads: int, ratio: int, expansion: int) -> None:
    network.norm("norm1", x)
    network.linear("q", x, x.channels)
    summary = x
    if ratio > 1:
        summary = network.conv("reduce", x, x.channels, ratio, ratio, padding=0, bias=True)
        network.norm("reduce.norm", summary)
    network.linear("kv", summary, 2 * x.channels)
    network.attention("products", x.positions, summary.positions, heads, x.channels // heads)
    network.linear("out", x, x.channels)
    network.add("add1", x)
    network.norm("norm2", x)
    hidden = network.linear("mlp.in", x, expansion * x.channels)
    network.conv("mlp.depthwise", hidden, hidden.channels, 3, groups=hidden.channels, bias=True)
    network.activation("mlp.activation", hidden)
    network.linear("mlp.out", hidden, x.channels)
    network.add("add2", x)


def _pixels(source: Source, network: Network, maps: list[Shape]) -> None:
    width = source.width("decoder_hidden_size")
    finest = maps[0].resized(width)
    for stage, x in enumerate(maps):
        network.copy(f"upsample{stage}", network.linear(f"project{stage}", x, width), finest)
    joined = network.concat("concat", [finest] * len(maps))
    x = conv_norm(network, "fuse", joined, width)
    network.conv("classes", x, source.labels(), bias=True)
