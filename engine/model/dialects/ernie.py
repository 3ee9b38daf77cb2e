"""ERNIE 4.5 with experts: an interval of layers between a first and a last one."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import mlp_layer_types, read_routing, shared_count
from engine.model.dialects.parts import dense, mixture
from engine.model.keys import Keys
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """Experts in every ``moe_layer_interval``-th layer from start to end index; the correction
    bias of the router is a parameter here."""
    keys.ignore(
        "moe_norm_min", "moe_capacity", "moe_gate", "moe_use_aux_free", "num_nextn_predict_layers"
    )
    shape = read_dimensions(keys)
    biased = keys.flag("use_bias", default=False)
    if keys.model_type == "ernie4_5_vl_moe_text":
        return _with_vision(keys, shape, biased)
    start = keys.integer("moe_layer_start_index", default=0, minimum=0, maximum=10_000)
    end = keys.integer("moe_layer_end_index", default=-1, minimum=-1, maximum=10_000)
    end = shape.layers - 1 if end == -1 else end
    step = keys.integer("moe_layer_interval", default=1, maximum=10_000)
    routing = read_routing(keys)
    width = keys.integer("moe_intermediate_size", required=True)
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=shared_count(keys) * width,
        shared_bias=biased,
        other=routing.count,
    )
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True), bias=biased)
    traits = Traits(qkv_bias=biased, output_bias=biased, mlp_bias=biased, head_bias=biased)
    return read_decoder(
        keys,
        traits,
        shape=shape,
        feed_forward=lambda index: (
            bank if start <= index <= end and (index + 1) % step == 0 else plain
        ),
    )


def _with_vision(keys: Keys, shape: Dimensions, biased: bool) -> Architecture:
    """Two banks of experts in every sparse layer, one for text and one for image tokens; the
    second counts as a tower, because text never visits it. ``moe_num_experts`` and
    ``moe_intermediate_size`` hold one number for each bank, or the first one for both."""
    keys.ignore("spatial_conv_size", "temporal_conv_size", "rope_3d", "freq_allocation")
    keys.ignore("pixel_hidden_size", "use_rmsnorm", "moe_capacity", "moe_gate", "moe_use_aux_free")
    widths = _pair(keys, "moe_intermediate_size")
    counts = _pair(keys, "moe_num_experts")
    top_k = keys.integer("moe_k", "moe_topk", maximum=min(counts))
    sparse = _sparse_layers(keys, shape.layers)
    keys.ignore("moe_use_hard_gate", "moe_multimodal_dispatch_use_allgather", "moe_group_experts")
    keys.ignore("moe_dense_experts_token_type_id", "moe_use_token_type_bias", "moe_mlp_bias")
    banks = [
        mixture(
            shape.hidden,
            width,
            count,
            top_k,
            bias=biased,
            shared_width=shared_count(keys) * widths[0] if number == 0 else 0,
            shared_bias=biased,
            other=count,
        )
        for number, (width, count) in enumerate(zip(widths, counts, strict=True))
    ]
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True), bias=biased)
    traits = Traits(qkv_bias=biased, output_bias=biased, mlp_bias=biased, tied=True)
    experts = banks[1].experts
    assert experts is not None and experts.router is not None
    seen = experts.parameters + experts.router.parameters + banks[1].other
    return read_decoder(
        keys,
        traits,
        shape=shape,
        feed_forward=lambda index: banks[0] if sparse[index] else plain,
        tower=sum(sparse) * seen,
    )


def _pair(keys: Keys, name: str) -> tuple[int, int]:
    if isinstance(keys.values.get(name, keys.defaults.get(name)), list):
        found = keys.integers(name, minimum=1) or []
        if len(found) != 2:
            raise keys.problem(name, found, say("two numbers: for text and for images"))
        return found[0], found[1]
    if name == "moe_intermediate_size" and not keys.values.get(name):
        keys.ignore(name)
        keys.assume(name, [1536, 512], say("class default of {name}", name=keys.model_type))
        return 1536, 512
    value = keys.integer(name, default=64)
    return value, value


def _sparse_layers(keys: Keys, layers: int) -> list[bool]:
    listed = mlp_layer_types(keys, layers)
    if listed is not None:
        return listed
    bounds = []
    for name, default in (("moe_layer_start_index", 1), ("moe_layer_end_index", layers - 1)):
        if isinstance(keys.values.get(name), list):
            bounds.append((keys.integers(name, maximum=10_000) or [default])[0])
        else:
            bounds.append(keys.integer(name, default=default, minimum=0, maximum=10_000))
    keys.ignore("moe_layer_interval")
    return [bounds[0] <= index <= bounds[1] for index in range(layers)]
