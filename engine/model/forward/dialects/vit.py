"""ViT and DeiT (arXiv:2010.11929, 2012.12877).

Beside the keys of transformers: ``layer_scale`` (a figure per channel after each half of a block)
and ``position_class`` (whether the class token has a position), for DeiT III (arXiv:2204.07118);
``pre_norm`` (a norm before the layers and no bias on the patches), for CLIP's towers in timm.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward, self_attention
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.model.keys import Keys
from engine.words.messages import say

HEAD = "ForImageClassification"
TEACHER = "ForImageClassificationWithTeacher"


def read(source: Source) -> ForwardArchitecture:
    """``vit``, ``vit_msn``, ``deit`` (which always has a distillation token), ``ijepa`` (which has
    no class token)."""
    keys = source.keys
    keys.ignore("hidden_act", "encoder_stride", "pooler_act", "batch_norm_eps")
    image = source.image()
    hidden, heads, layers, width = dimensions(source)
    task = source.task(HEAD, TEACHER, "Model")
    class_tokens = {"deit": 2, "ijepa": 0}.get(keys.model_type, 1)
    network = source.network()
    norm_first = source.option("pre_norm")
    x = embed(source, network, image, hidden, class_tokens, patch_bias=not norm_first)
    if norm_first:
        network.norm("norm_before", x)
    biased = 3 if keys.flag("qkv_bias", default=True) else 0
    scaled = source.option("layer_scale")
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(network, x, heads, width, biased=biased, scaled=scaled)
    network.norm("norm", x)
    _head(source, network, x, task)
    return source.done(network, image, keys.model_type)


def dimensions(source: Source) -> tuple[int, int, int, int]:
    """Hidden size, heads, layers and feed-forward width under their usual names."""
    keys = source.keys
    hidden = source.width("hidden_size")
    heads = divided_heads(keys, hidden)
    layers = source.blocks("num_hidden_layers")
    return hidden, heads, layers, source.width("intermediate_size")


def divided_heads(keys: Keys, hidden: int) -> int:
    """Attention heads, which must divide the hidden size."""
    heads = keys.integer("num_attention_heads", maximum=4096, required=True)
    if hidden % heads:
        raise keys.problem(
            "num_attention_heads", heads, say("a divisor of {number}", number=hidden)
        )
    return heads


def embed(
    source: Source,
    network: Network,
    image: Shape,
    hidden: int,
    class_tokens: int,
    *,
    patch_bias: bool = True,
    positions: bool = True,
    position_class: bool | None = None,
    more: int = 0,
    registers: int = 0,
) -> Shape:
    """Patches to tokens, class tokens and registers before them, learnt positions added.

    Positions are stored for the config's own image size and resampled to any other. ``more`` are
    further parameters (a mask token).
    """
    patch = source.pair("patch_size", maximum=1024)
    own = source.pair("image_size", default=224)
    if (image.height, image.width) == own and (own[0] % patch[0] or own[1] % patch[1]):
        source.notes.append("the margin beyond the last whole patch is left out")
    else:
        source.multiple(image, patch, "the patch")
    with_class = source.option("position_class", True) if position_class is None else position_class
    with network.scope("embeddings"):
        x = network.conv("patch", image, hidden, patch, patch[0], padding=0, bias=patch_bias)
        x = x.tokens(class_tokens)
        stored = (own[0] // patch[0]) * (own[1] // patch[1]) + (class_tokens if with_class else 0)
        count = class_tokens * hidden + (stored * hidden if positions else 0) + more
        network.table("tokens", x, count + registers * hidden)
    return Shape(hidden, 1, x.width + registers)


def block(
    network: Network,
    x: Shape,
    heads: int,
    width: int,
    *,
    biased: int = 3,
    scaled: bool = False,
    gated: bool = False,
    normalised: bool = False,
    rotary: bool = False,
    logit_parameters: int = 0,
) -> Shape:
    """Pre-norm attention and feed-forward; ``scaled``: with a layer scale after both."""
    network.norm("norm1", x)
    self_attention(
        network, x, heads, biased=biased, rotary=rotary, logit_parameters=logit_parameters
    )
    if scaled:
        network.scale("scale1", x, x.channels)
    network.add("add1", x)
    network.norm("norm2", x)
    feed_forward(network, x, width, gated=gated, normalised=normalised)
    if scaled:
        network.scale("scale2", x, x.channels)
    return network.add("add2", x)


def _head(source: Source, network: Network, x: Shape, task: str) -> None:
    if source.keys.model_type == "ijepa" and task == HEAD:
        first = network.pool_to("pool", x)
    else:
        first = Shape(x.channels, 1, 1)
    if task == "Model" and source.keys.model_type not in ("vit", "deit"):
        source.keys.ignore("pooler_output_size")
        return
    if task == "Model":
        size = source.width("pooler_output_size", default=x.channels)
        network.activation("pooler.activation", network.linear("pooler", first, size))
        return
    source.keys.ignore("pooler_output_size")
    labels = source.labels()
    classifier(network, first, labels)
    if task == TEACHER:
        with network.scope("distillation"):
            classifier(network, first, labels)
