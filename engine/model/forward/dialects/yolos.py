"""YOLOS (arXiv:2106.00666): a ViT with a token for each object it may find."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.dialects.vit import block, dimensions
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

TRAINING_KEYS = ("auxiliary_loss", "class_cost", "bbox_cost", "giou_cost", "eos_coefficient")


def read(source: Source) -> ForwardArchitecture:
    """``yolos``."""
    keys = source.keys
    keys.ignore(*TRAINING_KEYS, "hidden_act")
    task = source.task("ForObjectDetection", "Model")
    image = source.image()
    hidden, heads, layers, width = dimensions(source)
    patch = source.pair("patch_size")
    source.multiple(image, patch, "the patch")
    objects = keys.integer("num_detection_tokens", maximum=10_000)
    biased = 3 if keys.flag("qkv_bias", default=True) else 0
    own = source.pair("image_size")
    stored = (own[0] // patch[0]) * (own[1] // patch[1]) + objects + 1
    network = source.network()
    x = network.conv("patch", image, hidden, patch, patch[0], padding=0, bias=True)
    x = x.tokens(objects + 1)
    network.table("tokens", x, (objects + 1 + stored) * hidden)
    between = keys.flag("use_mid_position_embeddings", default=True)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(network, x, heads, width, biased=biased)
            if between and number + 1 < layers:
                network.table("positions", x, stored * hidden)
    network.norm("norm", x)
    if task == "Model":
        pooled = network.linear("pooler", Shape(hidden, 1, 1), hidden)
        network.activation("pooler.activation", pooled)
    else:
        found = Shape(hidden, 1, objects)
        for name, outputs in (("classes", source.labels() + 1), ("boxes", 4)):
            with network.scope(name):
                _perceptron(network, found, outputs)
    return source.done(network, image, "yolos")


def _perceptron(network: Network, x: Shape, outputs: int) -> None:
    for number in range(2):
        network.linear(f"hidden{number}", x, x.channels)
        network.activation(f"activation{number}", x)
    classifier(network, x, outputs)
