"""BEiT and data2vec-vision (arXiv:2106.08254, 2202.03555): ViTs with a bias on the logits by
relative position, and none on the keys."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.dialects.vit import HEAD, block, dimensions, embed
from engine.model.forward.parts import Shape
from engine.model.forward.source import Source

SEGMENTATION_KEYS = (
    "pool_scales",
    "use_auxiliary_head",
    "auxiliary_loss_weight",
    "auxiliary_channels",
    "auxiliary_num_convs",
    "auxiliary_concat_input",
    "semantic_loss_ignore_index",
    "segmentation_indices",
)
CLASS_OFFSETS = 3
"""Biases between the class token and a patch, either way, and itself."""


def read(source: Source) -> ForwardArchitecture:
    """``beit`` and ``data2vec-vision``."""
    keys = source.keys
    keys.ignore(*SEGMENTATION_KEYS, "hidden_act", "vocab_size", "out_features", "out_indices")
    keys.ignore("stage_names", "add_fpn", "reshape_hidden_states")
    task = source.task(HEAD, "Model")
    image = source.image()
    hidden, heads, layers, width = dimensions(source)
    patch = source.pair("patch_size")
    own = source.pair("image_size", default=224)
    offsets = (2 * (own[0] // patch[0]) - 1) * (2 * (own[1] // patch[1]) - 1) + CLASS_OFFSETS
    shared = keys.flag("use_shared_relative_position_bias", default=False)
    each = keys.flag("use_relative_position_bias", default=False)
    scaled = keys.number("layer_scale_init_value", default=0.1) > 0
    averaged = keys.flag("use_mean_pooling", default=True)
    network = source.network()
    x = embed(
        source,
        network,
        image,
        hidden,
        1,
        positions=keys.flag("use_absolute_position_embeddings", default=False),
        more=hidden if keys.flag("use_mask_token", default=False) else 0,
    )
    for number in range(layers):
        tables = int(each) + int(shared and number == 0)
        with network.scope(f"layers.{number}"):
            x = block(
                network,
                x,
                heads,
                width,
                biased=2,
                scaled=scaled,
                logit_parameters=tables * offsets * heads,
            )
    pooled = network.pool_to("pool", x) if averaged else Shape(hidden, 1, 1)
    network.norm("norm", pooled if averaged else x)
    if task == HEAD:
        classifier(network, pooled, source.labels())
    return source.done(network, image, keys.model_type)
