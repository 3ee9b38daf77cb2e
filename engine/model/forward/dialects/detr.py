"""DETR (arXiv:2005.12872): a ResNet, then a transformer whose queries are the objects."""

from __future__ import annotations

from dataclasses import replace

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import feed_forward, self_attention
from engine.model.forward.dialects.resnet import ResNetFigures, maps_of, named_figures, read_figures
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

LEARNT_POSITIONS = 50
"""Rows and columns of the learnt table of positions."""
TRAINING_KEYS = (
    "auxiliary_loss",
    "class_cost",
    "bbox_cost",
    "giou_cost",
    "eos_coefficient",
    "use_timm_backbone",
    "use_pretrained_backbone",
    "backbone_kwargs",
    "scale_embedding",
    "max_position_embeddings",
    "decoder_layerdrop",
    "encoder_layerdrop",
    "num_hidden_layers",
    "activation_function",
)


def read(source: Source) -> ForwardArchitecture:
    """``detr``, and ``table-transformer`` which norms before instead of after."""
    keys = source.keys
    keys.ignore(*TRAINING_KEYS)
    task = source.task("ForObjectDetection", "Model")
    image = source.image(default=800)
    width = source.width("d_model")
    queries = keys.integer("num_queries", maximum=10_000)
    figures = _backbone(source)
    network = source.network()
    x = maps_of(network, image, figures, frozen=True)[-1]
    x = network.conv("input_projection", x, width, bias=True)
    if source.choice("position_embedding_type", "sine", "learned", default="sine") == "learned":
        network.table("positions", x, LEARNT_POSITIONS * width)
    memory = x.tokens()
    for number in range(source.blocks("encoder_layers")):
        with network.scope(f"encoder.{number}"):
            _encoder(network, memory, _heads(source, "encoder", width), _width(source, "encoder"))
    if keys.model_type == "table-transformer":
        network.norm("encoder.norm", memory)
    objects = network.table("queries", Shape(width, 1, queries), queries * width)
    for number in range(source.blocks("decoder_layers")):
        with network.scope(f"decoder.{number}"):
            heads = _heads(source, "decoder", width)
            _decoder(network, objects, memory, heads, _width(source, "decoder"))
    network.norm("decoder.norm", objects)
    if task == "ForObjectDetection":
        network.linear("classes", objects, source.labels() + 1)
        for number, outputs in enumerate((width, width, 4)):
            network.linear(f"boxes.{number}", objects, outputs)
    return source.done(network, image, "detr")


def _backbone(source: Source) -> ResNetFigures:
    """A ResNet by timm's name or by its own config; dilated in the last stage or not."""
    keys = source.keys
    inner = keys.scope("backbone_config")
    if inner is None:
        figures = named_figures(source)
    elif inner.model_type == "timm_backbone":
        inner.ignore("features_only", "out_indices", "use_pretrained_backbone", "stage_names")
        inner.ignore("num_channels", "freeze_batch_norm_2d", "output_stride", "out_features")
        figures = named_figures(Source(inner))
    elif inner.model_type == "resnet":
        keys.ignore("backbone")
        inner.ignore("num_channels", "image_size")
        figures = read_figures(Source(inner))
    else:
        raise inner.problem(
            "model_type", inner.model_type, say("one of {names}", names="resnet, timm_backbone")
        )
    if keys.flag("dilation", default=False):
        figures = replace(figures, dilated_stages=1)
    return figures


def _heads(source: Source, part: str, width: int) -> int:
    name = f"{part}_attention_heads"
    heads = source.keys.integer(name, maximum=4096)
    if width % heads:
        raise source.keys.problem(name, heads, say("a divisor of {number}", number=width))
    return heads


def _width(source: Source, part: str) -> int:
    return source.width(f"{part}_ffn_dim")


def _encoder(network: Network, x: Shape, heads: int, width: int) -> None:
    network.add("positions", x)
    self_attention(network, x, heads)
    network.add("add1", x)
    network.norm("norm1", x)
    feed_forward(network, x, width)
    network.add("add2", x)
    network.norm("norm2", x)


def _decoder(network: Network, x: Shape, memory: Shape, heads: int, width: int) -> None:
    network.add("positions", x)
    self_attention(network, x, heads)
    network.add("add1", x)
    network.norm("norm1", x)
    with network.scope("cross"):
        network.linear("q", x, x.channels)
        network.linear("kv", memory, 2 * x.channels)
        network.attention("products", x.positions, memory.positions, heads, x.channels // heads)
        network.linear("out", x, x.channels)
    network.add("add2", x)
    network.norm("norm2", x)
    feed_forward(network, x, width)
    network.add("add3", x)
    network.norm("norm3", x)
