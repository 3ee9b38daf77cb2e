"""Keys of mixture-of-experts models: how many experts, how many per token, in which layers."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.keys import Keys
from engine.words.messages import say

COUNT = ("n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts")
TOP_K = (
    "num_experts_per_tok",
    "num_experts_per_token",
    "experts_per_token",
    "moe_topk",
    "moe_top_k",
    "moe_k",
    "top_k_experts",
)
WIDTH = ("moe_intermediate_size", "expert_ffn_hidden_size")
SHARED = ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts")
MAXIMUM_EXPERTS = 100_000


@dataclass(frozen=True, slots=True)
class Routing:
    """Experts of one bank and how tokens are spread over them."""

    count: int
    top_k: int
    groups: int = 1
    groups_per_token: int = 1


def read_routing(keys: Keys) -> Routing:
    """Expert counts and group limits; raises `InputError` for impossible ones."""
    keys.agree(*COUNT)
    keys.agree(*TOP_K)
    count = keys.integer(*COUNT, required=True, maximum=MAXIMUM_EXPERTS)
    top_k = keys.optional_integer(*TOP_K, minimum=1, maximum=MAXIMUM_EXPERTS)
    if top_k is None:
        top_k = count
        keys.assume(TOP_K[0], count, say("not given: every token is counted at all experts"))
    chosen = next((name for name in TOP_K if keys.has(name)), TOP_K[0])
    if top_k > count:
        raise keys.problem(
            chosen, top_k, say("at most the {number} experts there are", number=count)
        )
    groups = (
        keys.optional_integer("n_group", "num_expert_group", "num_expert_groups", maximum=count)
        or 1
    )
    limit = keys.optional_integer("topk_group", "num_limited_groups", maximum=count)
    visited = limit or 1
    if count % groups:
        raise keys.problem(
            "n_group", groups, say("a divisor of the {number} experts", number=count)
        )
    if visited > groups:
        raise keys.problem(
            "topk_group", visited, say("at most the {number} groups there are", number=groups)
        )
    if groups > 1 and limit == 0:
        raise keys.problem("topk_group", 0, say("at least 1 of the {number} groups", number=groups))
    if limit and top_k > visited * (count // groups):
        within = say(
            "at most the {number} experts of {other} of {groups} groups",
            number=visited * (count // groups),
            other=visited,
            groups=groups,
        )
        raise keys.problem(chosen, top_k, within)
    return Routing(count, top_k, groups, visited)


def shared_count(keys: Keys) -> int:
    """How many shared experts; null and absent are none."""
    return keys.optional_integer(*SHARED, maximum=1000) or 0


def after_first_dense(keys: Keys, layers: int, default: int = 0) -> list[bool]:
    """Which layers have experts: all after ``first_k_dense_replace``, thinned by
    ``moe_layer_freq`` (a period or a 0/1 list), or as ``mlp_layer_types`` says."""
    listed = mlp_layer_types(keys, layers)
    first = keys.optional_integer("first_k_dense_replace", "num_dense_layers")
    first = default if first is None else first
    if first > layers:
        name = "first_k_dense_replace" if keys.has("first_k_dense_replace") else "num_dense_layers"
        if keys.has(name):
            raise keys.problem(
                name, first, say("at most the {number} layers there are", number=layers)
            )
    raw = keys.values.get("moe_layer_freq")
    if isinstance(raw, list):
        flags = keys.integers("moe_layer_freq", maximum=1) or []
        return [bool(flag) for flag in one_per_layer(keys, "moe_layer_freq", flags, layers)]
    period = keys.optional_integer("moe_layer_freq", minimum=1) or 1
    if listed is not None:
        return listed
    if default and not keys.has("first_k_dense_replace", "num_dense_layers"):
        keys.assume(
            "first_k_dense_replace", default, say("class default of {name}", name=keys.model_type)
        )
    return [index >= first and index % period == 0 for index in range(layers)]


def mlp_layer_types(keys: Keys, layers: int) -> list[bool] | None:
    """``mlp_layer_types`` as flags (True: experts), None when the file has no such list."""
    types = keys.texts("mlp_layer_types")
    if types is None:
        return None
    for kind in types:
        if kind not in ("dense", "sparse", "moe", "hash_moe"):
            raise keys.problem(
                "mlp_layer_types", kind, say("one of {names}", names="dense, sparse")
            )
    return [kind != "dense" for kind in one_per_layer(keys, "mlp_layer_types", types, layers)]


def every_step(keys: Keys, layers: int) -> list[bool]:
    """Qwen: every ``decoder_sparse_step``-th layer, without those in ``mlp_only_layers``."""
    step = keys.integer("decoder_sparse_step", default=1, maximum=10_000)
    dense = set(keys.integers("mlp_only_layers", maximum=layers - 1) or ())
    return [index not in dense and (index + 1) % step == 0 for index in range(layers)]
