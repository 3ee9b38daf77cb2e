"""PoolFormer (arXiv:2111.11418): a mean over neighbours where others attend."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``poolformer``."""
    keys = source.keys
    keys.ignore("hidden_act", "layer_scale_init_value", "num_encoder_blocks")
    image = source.image()
    widths = source.widths("hidden_sizes")
    count = len(widths)
    depths = source.depths("depths", count=count)
    kernels = source.depths("patch_sizes", count=count)
    strides = source.depths("strides", count=count)
    padding = keys.integers("padding", maximum=64) or [2, 1, 1, 1]
    if len(padding) != count:
        raise keys.problem("padding", padding, say("a list of {count} numbers", count=count))
    pool = keys.integer("pool_size", default=3, maximum=31)
    ratio = source.ratio("mlp_ratio", default=4.0)
    scaled = keys.flag("use_layer_scale", default=True)
    network = source.network()
    x = image
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        x = network.conv(
            f"stages.{stage}.patch",
            x,
            width,
            kernels[stage],
            strides[stage],
            padding=padding[stage],
            bias=True,
        )
        for number in range(depth):
            with network.scope(f"stages.{stage}.{number}"):
                _block(network, x, pool, int(width * ratio), scaled)
    if source.task("ForImageClassification", "Model") == "Model":
        return source.done(network, image, "poolformer")
    network.norm("norm", x)
    classifier(network, network.pool_to("pool", x), source.labels())
    return source.done(network, image, "poolformer")


def _block(network: Network, x: Shape, pool: int, width: int, scaled: bool) -> None:
    network.norm("norm1", x)
    network.pool("pool", x, pool, 1, pool // 2)
    network.add("difference", x)
    if scaled:
        network.scale("layer_scale1", x, x.channels)
    network.add("add1", x)
    network.norm("norm2", x)
    hidden = network.conv("mlp.in", x, width, bias=True)
    network.activation("mlp.activation", hidden)
    network.conv("mlp.out", hidden, x.channels, bias=True)
    if scaled:
        network.scale("layer_scale2", x, x.channels)
    network.add("add2", x)
