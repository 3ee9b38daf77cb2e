"""ConvNeXt V1 and V2 (arXiv:2201.03545, 2301.00808), and DINOv3's (arXiv:2508.10104)."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``convnext``, ``convnextv2`` (response normalisation instead of layer scale) and
    ``dinov3_convnext`` (a backbone)."""
    keys = source.keys
    second = keys.model_type == "convnextv2"
    third = keys.model_type == "dinov3_convnext"
    keys.ignore("out_features", "out_indices", "stage_names", "hidden_act", "num_hidden_layers")
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    source.expect("num_stages", len(widths), say("as many as hidden_sizes"))
    scaled = not second and keys.number("layer_scale_init_value", default=1e-6) > 0
    patch = (4, 4) if third else source.pair("patch_size", default=4)
    network = source.network()
    with network.scope("stem"):
        x = network.conv("conv", image, widths[0], patch, patch[0], padding=0, bias=True)
        network.norm("norm", x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        with network.scope(f"stages.{stage}"):
            if stage:
                network.norm("downsample.norm", x)
                x = network.conv("downsample.conv", x, width, 2, 2, padding=0, bias=True)
            for block in range(depth):
                with network.scope(str(block)):
                    x = block_of(network, x, scaled, second)
    pooled = network.pool_to("pool", x)
    # DINOv3 norms the mean beside all positions.
    network.norm("norm", Shape(x.channels, 1, x.positions + 1) if third else pooled)
    classes = 0 if third and source.task("Model", "Backbone") else source.classes()
    classifier(network, pooled, classes)
    return source.done(network, image, keys.model_type, "V2" if second else "V1")


def block_of(network: Network, x: Shape, scaled: bool, responses: bool) -> Shape:
    """Depthwise 7×7, norm, expansion by four and back."""
    network.conv("depthwise", x, x.channels, 7, groups=x.channels, bias=True)
    network.norm("norm", x)
    hidden = network.linear("mlp.in", x, 4 * x.channels)
    network.activation("mlp.activation", hidden)
    if responses:
        network.norm("mlp.response_norm", hidden)
    network.linear("mlp.out", hidden, x.channels)
    if scaled:
        network.scale("layer_scale", x, x.channels)
    return network.add("add", x)
