"""FastViT (arXiv:2303.14189), with its branches as trained.

No hub class has it: ``hidden_sizes``, ``depths``, ``mlp_ratios`` and ``attention_stages``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import (
    branched_conv,
    conv_norm,
    pooled_classifier,
    self_attention,
    squeeze_excite,
)
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

HEAD_WIDTH = 32
SQUEEZE = 16


def read(source: Source) -> ForwardArchitecture:
    """``fastvit``."""
    keys = source.keys
    image = source.image(default=256)
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    ratios = source.depths("mlp_ratios", count=len(widths))
    attending = keys.integers("attention_stages", maximum=32) or []
    network = source.network()
    with network.scope("stem"):
        x = branched_conv(network, "conv1", image, widths[0], 3, 2)
        x = branched_conv(network, "conv2", x, widths[0], 3, 2, depthwise=True)
        x = branched_conv(network, "conv3", x, widths[0], 1, 1)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        with network.scope(f"stages.{stage}"):
            if stage:
                x = _shrink(network, x, width)
            if stage in attending:
                network.conv("positions", x, width, 7, groups=width, bias=True)
                network.add("positions.add", x)
            for block in range(depth):
                with network.scope(str(block)):
                    if stage in attending:
                        _attention(network, x)
                    else:
                        _mixer(network, x)
                    _feed_forward(network, x, ratios[stage])
    with network.scope("final"):
        y = branched_conv(
            network, "conv", x, 2 * x.channels, 3, 1, depthwise=True, activation=False
        )
        squeeze_excite(network, y, y.channels // SQUEEZE)
        network.activation("activation", y)
    pooled_classifier(network, y, source.classes())
    source.notes.append("branches as trained; engines may merge them into one convolution")
    return source.done(network, image, "fastvit")


def _shrink(network: Network, x: Shape, width: int) -> Shape:
    with network.scope("down"):
        for name, kernel in (("large", 7), ("small", 3)):
            out = conv_norm(network, name, x, width, kernel, 2, groups=x.channels, activation=False)
        network.add("add", out)
        network.activation("activation", out)
        return branched_conv(network, "pointwise", out, width, 1, 1)


def _mixer(network: Network, x: Shape) -> None:
    network.norm("norm", x)
    branched_conv(network, "mixer", x, x.channels, 3, 1, depthwise=True, activation=False)
    network.add("difference", x)
    network.scale("layer_scale1", x, x.channels)
    network.add("add1", x)


def _attention(network: Network, x: Shape) -> None:
    network.norm("norm", x)
    self_attention(network, x, x.channels // HEAD_WIDTH, biased=0)
    network.scale("layer_scale1", x, x.channels)
    network.add("add1", x)


def _feed_forward(network: Network, x: Shape, ratio: int) -> None:
    conv_norm(network, "mlp.conv", x, x.channels, 7, groups=x.channels, activation=False)
    hidden = network.conv("mlp.in", x, ratio * x.channels, bias=True)
    network.activation("mlp.activation", hidden)
    network.conv("mlp.out", hidden, x.channels, bias=True)
    network.scale("layer_scale2", x, x.channels)
    network.add("add2", x)
