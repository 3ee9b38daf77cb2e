"""The vision towers of CLIP and SigLIP (arXiv:2103.00020, 2303.15343)."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.dialects.vit import HEAD, block, dimensions, embed
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

PROJECTED = "WithProjection"


def read(source: Source) -> ForwardArchitecture:
    """``clip`` and ``chinese_clip`` (their ``vision_config``), ``clip_vision_model``."""
    task = source.task("Model", PROJECTED, HEAD)
    keys = source.keys
    keys.ignore("projection_dim", "logit_scale_init_value")
    tower, whole = _tower(source, "clip_vision_model")
    tower.keys.ignore("hidden_act", "projection_dim")
    image = tower.image()
    hidden, heads, layers, width = dimensions(tower)
    network = source.network()
    x = embed(tower, network, image, hidden, 1, patch_bias=False)
    network.norm("norm_before", x)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(network, x, heads, width)
    if task == HEAD:
        network.norm("norm", x)
        classifier(network, network.pool_to("pool", x), source.labels())
        return source.done(network, image, "clip")
    first = network.norm("norm", Shape(hidden, 1, 1))
    if whole or task == PROJECTED:
        size = source.width("projection_dim", default=512)
        network.linear("projection", first, size, bias=False)
    return source.done(network, image, "clip")


def read_siglip(source: Source) -> ForwardArchitecture:
    """``siglip`` (its ``vision_config``) and ``siglip_vision_model``."""
    task = source.task("Model", HEAD)
    tower, _ = _tower(source, "siglip_vision_model")
    tower.keys.ignore("hidden_act", "num_patches", "projection_dim")
    image = tower.image()
    hidden, heads, layers, width = dimensions(tower)
    pooled = tower.keys.flag("vision_use_head", default=True)
    network = source.network()
    x = embed(tower, network, image, hidden, 0)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(network, x, heads, width)
    network.norm("norm", x)
    if task == HEAD:
        classifier(network, network.pool_to("pool", x), source.labels())
    elif pooled:
        _attention_pool(network, x, heads, width)
    return source.done(network, image, "siglip")


def _tower(source: Source, model_type: str) -> tuple[Source, bool]:
    """The keys of the tower, and whether a text tower stands beside it."""
    keys = source.keys
    if keys.model_type.endswith("_vision_model"):
        return source, False
    keys.ignore("text_config", "text_config_dict", "vision_config_dict")
    inner = keys.scope("vision_config", model_type=model_type)
    if inner is None:
        raise keys.problem("vision_config", keys.values.get("vision_config"), say("a mapping"))
    inner.ignore("model_type")
    keys.warnings.append("only the vision tower is read, the text tower is left out")
    return Source(inner, source.resolution, notes=source.notes), True


def _attention_pool(network: Network, x: Shape, heads: int, width: int) -> None:
    """One learnt query looks at all tokens; then a feed-forward part."""
    hidden = x.channels
    one = Shape(hidden, 1, 1)
    with network.scope("pool"):
        network.table("query", one, hidden)
        network.linear("q", one, hidden)
        network.linear("kv", x, 2 * hidden)
        network.attention("products", 1, x.positions, heads, hidden // heads)
        network.linear("out", one, hidden)
        network.norm("norm", one)
        feed_forward(network, one, width)
        network.add("add", one)
