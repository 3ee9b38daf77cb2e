"""Plain stacks of convolutions and large linear layers: AlexNet and VGG (arXiv:1404.5997,
1409.1556), and SqueezeNet (arXiv:1602.07360).

No hub class has them, so the keys are ours: ``layers`` is a list of channel counts, with 0 for a
2×2 maximum; ``norm`` puts a batch norm after each convolution.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import MAXIMUM_CHANNELS, Source
from engine.words.messages import say


def read_vgg(source: Source) -> ForwardArchitecture:
    """``vgg``: 3×3 convolutions, then three linear layers on a map of 7×7."""
    image = source.image()
    plan = source.keys.integers("layers", maximum=MAXIMUM_CHANNELS)
    if not plan or len(plan) > 200:
        raise source.keys.problem(
            "layers", plan, say("a list of 1 to 200 channel counts, 0 to pool")
        )
    normalised = source.option("norm")
    network = source.network()
    x = image
    for number, channels in enumerate(plan):
        with network.scope(f"features.{number}"):
            if channels == 0:
                x = network.pool("pool", x, 2, 2)
                continue
            x = network.conv("conv", x, channels, 3, bias=True)
            if normalised:
                network.norm("norm", x)
            network.activation("activation", x)
    _wide_head(network, network.pool_to("pool", x, 7, 7), source.classes())
    return source.done(network, image, "vgg")


ALEXNET_PLAN = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)
"""Channels, filter, stride, padding, and whether a maximum follows."""


def read_alexnet(source: Source) -> ForwardArchitecture:
    """``alexnet``, in torchvision's one-column form."""
    image = source.image()
    network = source.network()
    x = image
    for number, (channels, kernel, stride, padding, pooled) in enumerate(ALEXNET_PLAN):
        with network.scope(f"features.{number}"):
            x = network.conv("conv", x, channels, kernel, stride, padding=padding, bias=True)
            network.activation("activation", x)
            if pooled:
                x = network.pool("pool", x, 3, 2)
    _wide_head(network, network.pool_to("pool", x, 6, 6), source.classes())
    return source.done(network, image, "alexnet")


def _wide_head(network: Network, x: Shape, classes: int) -> None:
    """Two hidden layers of 4096."""
    x = Shape(x.elements, 1, 1)
    for number in range(2):
        x = network.linear(f"head.{number}", x, 4096)
        network.activation(f"head.activation{number}", x)
    classifier(network, x, classes)


SQUEEZE_PLANS: dict[
    str, tuple[tuple[int, int, int], tuple[tuple[int, int], ...], tuple[int, ...]]
] = {
    "1_0": (
        (96, 7, 2),
        ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)),
        (3, 7),
    ),
    "1_1": (
        (64, 3, 2),
        ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)),
        (2, 4),
    ),
}
"""Stem (channels, filter, stride), fire modules (squeezed, expanded half) and the modules before
which a maximum stands, per release."""


def read_squeezenet(source: Source) -> ForwardArchitecture:
    """``squeezenet``: fire modules, and a convolution as the classifier."""
    image = source.image()
    stem, fires, pools = SQUEEZE_PLANS[source.option_text("release", *SQUEEZE_PLANS)]
    network = source.network()
    x = network.conv("stem", image, stem[0], stem[1], stem[2], padding=0, bias=True)
    network.activation("stem.activation", x)
    x = network.pool("stem.pool", x, 3, 2, ceil=True)
    for number, (squeezed, half) in enumerate(fires):
        if number in pools:
            x = network.pool(f"pool{number}", x, 3, 2, ceil=True)
        with network.scope(f"fire.{number}"):
            x = network.conv("squeeze", x, squeezed, bias=True)
            network.activation("squeeze.activation", x)
            parts = [
                network.conv("expand1", x, half, bias=True),
                network.conv("expand3", x, half, 3, bias=True),
            ]
            x = network.activation("activation", network.concat("concat", parts))
    classes = source.classes()
    if classes:
        x = network.conv("classifier", x, classes, bias=True)
        network.activation("classifier.activation", x)
        network.pool_to("pool", x)
    return source.done(network, image, "squeezenet")
