"""Groups of parts that several families share."""

from __future__ import annotations

from engine.model.forward.parts import Network, Pair, Shape


def conv_norm(
    network: Network,
    name: str,
    x: Shape,
    channels: int,
    kernel: Pair = 1,
    stride: int = 1,
    *,
    padding: Pair | None = None,
    same: bool = False,
    groups: int = 1,
    dilation: int = 1,
    activation: bool = True,
) -> Shape:
    """Convolution without bias, batch norm and (unless told otherwise) an activation."""
    x = network.conv(
        name,
        x,
        channels,
        kernel,
        stride,
        padding=padding,
        same=same,
        groups=groups,
        dilation=dilation,
    )
    network.norm(f"{name}.norm", x)
    return network.activation(f"{name}.activation", x) if activation else x


def squeeze_excite(
    network: Network, x: Shape, reduced: int, *, name: str = "se", norm: bool = False
) -> Shape:
    """A gate per channel from the mean of the map (arXiv:1709.01507)."""
    with network.scope(name):
        gate = network.pool_to("pool", x)
        gate = network.conv("reduce", gate, reduced, bias=True)
        if norm:
            gate = network.norm("norm", gate)
        network.activation("activation", gate)
        gate = network.conv("expand", gate, x.channels, bias=True)
        network.activation("gate", gate)
        return network.scale("scale", x)


def branched_conv(
    network: Network,
    name: str,
    x: Shape,
    channels: int,
    kernel: int,
    stride: int,
    *,
    depthwise: bool = False,
    activation: bool = True,
    branches: int = 1,
) -> Shape:
    """``branches`` convolutions, one as 1×1, and a bare norm where the shape stays; summed."""
    groups = x.channels if depthwise else 1
    others = branches - 1
    with network.scope(name):
        if stride == 1 and x.channels == channels:
            network.norm("identity", x)
            others += 1
        if kernel > 1:
            conv_norm(
                network,
                "scale",
                x,
                channels,
                1,
                stride,
                padding=0,
                groups=groups,
                activation=False,
            )
            others += 1
        for branch in range(branches):
            out = conv_norm(
                network,
                f"conv{branch}",
                x,
                channels,
                kernel,
                stride,
                groups=groups,
                activation=False,
            )
        if others:
            network.add("add", out, others)
        return network.activation("activation", out) if activation else out


def classifier(network: Network, x: Shape, classes: int, bias: bool = True) -> Shape:
    """One projection to the classes; nothing when there are none."""
    return network.linear("classifier", x, classes, bias) if classes else x


def pooled_classifier(network: Network, x: Shape, classes: int) -> Shape:
    """The mean over the map, then the classes."""
    return classifier(network, network.pool_to("pool", x), classes)


def feed_forward(
    network: Network,
    x: Shape,
    width: int,
    *,
    bias: bool = True,
    gated: bool = False,
    normalised: bool = False,
) -> Shape:
    """Two projections around an activation; ``gated`` doubles the first, ``normalised`` puts a
    norm before the second."""
    hidden = network.linear("mlp.in", x, 2 * width if gated else width, bias)
    if gated:
        hidden = network.gated_activation("mlp.activation", hidden)
    else:
        network.activation("mlp.activation", hidden)
    if normalised:
        network.norm("mlp.norm", hidden)
    return network.linear("mlp.out", hidden, x.channels, bias)


def self_attention(
    network: Network,
    x: Shape,
    heads: int,
    *,
    biased: int = 3,
    output_bias: bool = True,
    logit_parameters: int = 0,
    rotary: bool = False,
    windows: int = 1,
    seen: int = 0,
) -> Shape:
    """Attention over the positions of ``x``, or inside each of ``windows`` equal parts of them,
    with its projections. A query sees all keys there, or so many as ``seen`` says.

    Queries, keys and values come from one matrix as engines run them; ``biased`` of the three
    have a bias. ``rotary``: queries and keys are turned by their position.
    """
    more = biased * x.channels
    network.linear("attention.qkv", x, 3 * x.channels, bias=False, more=more)
    if rotary:
        network.copy("attention.rotary", x.resized(2 * x.channels))
    network.attention(
        "attention.products",
        x.positions // windows,
        min(seen or x.positions, x.positions // windows),
        heads,
        x.channels // heads,
        windows=windows,
        parameters=logit_parameters,
    )
    return network.linear("attention.out", x, x.channels, output_bias)
