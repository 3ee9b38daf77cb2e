"""MetaFormers: CAFormer and ConvFormer (arXiv:2210.13452), InceptionNeXt (arXiv:2303.16900) and
ConvMixer (arXiv:2201.09792).

No hub class has them: ``hidden_sizes`` and ``depths`` per stage, ``attention_stages``;
ConvMixer has ``hidden_size``, ``num_hidden_layers``, ``kernel_size`` and ``patch_size``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, pooled_classifier, self_attention
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

HEAD_WIDTH = 32
ACTIVATION_FIGURES = 2
"""A scale and a shift of the squared ReLU."""
SCALED_FROM = 2
"""The first stage whose shortcuts are scaled."""
BAND = 11
BRANCH_SHARE = 8
INCEPTION_HEAD = 3


def read(source: Source) -> ForwardArchitecture:
    """``metaformer``."""
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    attending = source.keys.integers("attention_stages", maximum=32) or []
    network = source.network()
    x = network.conv("stem", image, widths[0], 7, 4, padding=2, bias=True)
    network.norm("stem.norm", x, 1)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        with network.scope(f"stages.{stage}"):
            if stage:
                network.norm("down.norm", x, 1)
                x = network.conv("down.conv", x, width, 3, 2, bias=True)
            for number in range(depth):
                with network.scope(str(number)):
                    _block(network, x, stage in attending, stage >= SCALED_FROM)
    x = network.pool_to("pool", x)
    network.norm("norm", x)
    hidden = network.linear("head", x, 4 * x.channels)
    network.activation("head.activation", hidden)
    network.norm("head.norm", hidden)
    classifier(network, hidden, source.classes())
    return source.done(network, image, "metaformer")


def _block(network: Network, x: Shape, attends: bool, scaled: bool) -> None:
    network.norm("norm1", x, 1)
    if attends:
        self_attention(network, x, max(1, x.channels // HEAD_WIDTH), biased=0, output_bias=False)
    else:
        wide = network.conv("mixer.in", x, 2 * x.channels)
        network.activation("mixer.activation", wide, ACTIVATION_FIGURES)
        network.conv("mixer.depthwise", wide, wide.channels, 7, groups=wide.channels)
        network.conv("mixer.out", wide, x.channels)
    if scaled:
        network.scale("scale1", x, x.channels)
    network.add("add1", x)
    network.norm("norm2", x, 1)
    hidden = network.linear("mlp.in", x, 4 * x.channels, bias=False)
    network.activation("mlp.activation", hidden, ACTIVATION_FIGURES)
    network.linear("mlp.out", hidden, x.channels, bias=False)
    if scaled:
        network.scale("scale2", x, x.channels)
    network.add("add2", x)


def read_inception(source: Source) -> ForwardArchitecture:
    """``inception_next``: a ConvNeXt whose depthwise filter is split into a square, two bands and
    a rest that passes."""
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    ratios = source.depths("mlp_ratios", count=len(widths))
    network = source.network()
    x = network.conv("stem", image, widths[0], 4, 4, padding=0, bias=True)
    network.norm("stem.norm", x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        with network.scope(f"stages.{stage}"):
            if stage:
                network.norm("down.norm", x)
                x = network.conv("down.conv", x, width, 2, 2, padding=0, bias=True)
            for number in range(depth):
                with network.scope(str(number)):
                    _inception(network, x, ratios[stage])
    x = network.pool_to("pool", x)
    hidden = network.linear("head", x, INCEPTION_HEAD * x.channels)
    network.activation("head.activation", hidden)
    network.norm("head.norm", hidden)
    classifier(network, hidden, source.classes())
    return source.done(network, image, "inception_next")


def _inception(network: Network, x: Shape, ratio: int) -> None:
    part = x.resized(max(1, x.channels // BRANCH_SHARE))
    for name, kernel in (("square", (3, 3)), ("row", (1, BAND)), ("column", (BAND, 1))):
        network.conv(name, part, part.channels, kernel, groups=part.channels, bias=True)
    network.copy("concat", x)
    network.norm("norm", x)
    hidden = network.conv("mlp.in", x, ratio * x.channels, bias=True)
    network.activation("mlp.activation", hidden)
    network.conv("mlp.out", hidden, x.channels, bias=True)
    network.scale("layer_scale", x, x.channels)
    network.add("add", x)


def read_convmixer(source: Source) -> ForwardArchitecture:
    """``convmixer``: patches, then depthwise and pointwise filters in turn."""
    image = source.image()
    width = source.width("hidden_size")
    kernel = source.keys.integer("kernel_size", maximum=63)
    patch = source.pair("patch_size", maximum=1024)
    network = source.network()
    x = network.conv("stem", image, width, patch, patch[0], padding=0, bias=True)
    network.activation("stem.activation", x)
    network.norm("stem.norm", x)
    for number in range(source.blocks("num_hidden_layers")):
        with network.scope(f"layers.{number}"):
            network.conv("depthwise", x, width, kernel, groups=width, bias=True)
            network.activation("activation1", x)
            network.norm("norm1", x)
            network.add("add", x)
            network.conv("pointwise", x, width, bias=True)
            network.activation("activation2", x)
            network.norm("norm2", x)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "convmixer")
