"""DenseNet (arXiv:1608.06993): every layer sees all before it.

No hub class has it, so the keys are ours: ``stem``, ``depths``, ``growth``, ``bottleneck``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``densenet``."""
    image = source.image()
    depths = source.depths("depths")
    growth = source.width("growth")
    inner = growth * source.blocks("bottleneck", default=4)
    network = source.network()
    x = conv_norm(network, "stem", image, source.width("stem"), 7, 2)
    x = network.pool("stem.pool", x, 3, 2, 1)
    for stage, depth in enumerate(depths):
        for layer in range(depth):
            with network.scope(f"blocks.{stage}.{layer}"):
                x = network.concat("concat", [x, _layer(network, x, inner, growth)])
        with network.scope(f"transitions.{stage}"):
            network.norm("norm", x)
            network.activation("activation", x)
            if stage + 1 < len(depths):
                x = network.conv("conv", x, x.channels // 2)
                x = network.pool("pool", x, 2, 2)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "densenet")


def _layer(network: Network, x: Shape, inner: int, growth: int) -> Shape:
    """Norm first: a 1×1 to the bottleneck, a 3×3 to the growth."""
    network.norm("norm1", x)
    network.activation("activation1", x)
    x = conv_norm(network, "conv1", x, inner)
    return network.conv("conv2", x, growth, 3)
