"""RegNet X and Y (arXiv:2003.13678): bottlenecks of one width in groups, Y with a gate."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier, squeeze_excite
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``regnet``."""
    keys = source.keys
    keys.ignore("hidden_act")
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    group_width = source.width("groups_width")
    gated = source.choice("layer_type", "x", "y") == "y"
    first = 2 if keys.flag("downsample_in_first_stage", default=True) else 1
    network = source.network()
    x = conv_norm(network, "stem", image, source.width("embedding_size"), 3, 2)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            stride = 1 if block else (2 if stage else first)
            with network.scope(f"stages.{stage}.{block}"):
                x = _block(network, x, width, stride, max(1, width // group_width), gated)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "regnet")


def _block(network: Network, x: Shape, width: int, stride: int, groups: int, gated: bool) -> Shape:
    entry = x
    x = conv_norm(network, "conv1", x, width)
    x = conv_norm(network, "conv2", x, width, 3, stride, groups=groups)
    if gated:
        squeeze_excite(network, x, round(entry.channels / 4))
    x = conv_norm(network, "conv3", x, width, activation=False)
    if stride != 1 or entry.channels != width:
        conv_norm(network, "shortcut", entry, width, 1, stride, activation=False)
    network.add("add", x)
    return network.activation("activation", x)
