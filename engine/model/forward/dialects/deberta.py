"""DeBERTa, v1 to v3 (arXiv:2006.03654, 2111.09543; transformers, modeling_deberta.py and
modeling_deberta_v2.py): attention that scores contents and relative positions apart."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.forward.blocks import feed_forward
from engine.model.forward.dialects.bert import CLASSES, MASKED, QUESTIONS, TOKENS, pooler
from engine.model.forward.dialects.vit import divided_heads
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``deberta-v2``, which v3 is published as, too; ``deberta``, whose keys have no bias."""
    keys = source.keys
    first = keys.model_type == "deberta"
    if first and keys.flag("talking_head", default=False):
        raise keys.problem(
            "talking_head", True, say("{value}, as all published models have", value="false")
        )
    keys.ignore("pooler_hidden_size", "pooler_dropout", "pooler_hidden_act", "legacy", "hidden_act")
    keys.ignore("padding_idx", "max_relative_positions", "z_steps", "conv_act", "model_type")
    hidden = source.width("hidden_size")
    heads = divided_heads(keys, hidden)
    layers = source.blocks("num_hidden_layers")
    width = source.width("intermediate_size")
    rows = keys.integer("vocab_size", required=True)
    positions = source.width("max_position_embeddings")
    length = source.tokens(
        positions,
        say("the positions that max_position_embeddings {number} leaves", number=positions),
    )
    if keys.integer("embedding_size", default=hidden) != hidden:
        raise keys.problem("embedding_size", keys.values["embedding_size"], f"{hidden}")
    span, kinds = _relative(source, positions)
    shared = keys.flag("share_att_key") if keys.has("share_att_key") else False
    kernel = source.option_integer("conv_kernel_size", 0, 99)
    groups = source.option_integer("conv_groups", 1) or 1
    types = keys.integer("type_vocab_size", default=0, minimum=0, maximum=1024)
    absolute = positions if keys.flag("position_biased_input", default=True) else 0
    network = source.network()
    x = Shape(hidden, 1, length)
    with network.scope("embeddings"):
        tables = 1 + int(types > 0) + int(absolute > 0)
        count = (rows + absolute + types) * hidden
        network.record("lookup", LayerKind.EMBEDDING, tables * x.elements, x.elements, count)
        network.norm("norm", x)
    distances = Shape(hidden, 1, max(2 * span, 1))
    if span:
        network.table("distances", distances, 2 * span * hidden)
        if "layer_norm" in keys.text("norm_rel_ebd", default=""):
            network.norm("distances.norm", distances)
    else:
        keys.ignore("norm_rel_ebd")
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            _attention(network, x, heads, distances, kinds if span else (), shared, first)
            feed_forward(network, x, width)
            network.add("add2", x)
            network.norm("norm2", x)
        if kernel and not number:
            with network.scope("conv"):
                network.conv("conv", x, hidden, (1, kernel), groups=groups, bias=True)
                network.activation("activation", x)
                network.add("add", x)
                network.norm("norm", x)
    _head(source, network, x, rows)
    return source.done_encoder(network, length, "deberta")


def _relative(source: Source, positions: int) -> tuple[int, tuple[str, ...]]:
    """Distances to one side that have an embedding, and which products use them."""
    keys = source.keys
    stated = keys.raw("pos_att_type")[1]
    kinds = stated.split("|") if isinstance(stated, str) else (keys.texts("pos_att_type") or [])
    for kind in kinds:
        if kind not in ("c2p", "p2c", ""):
            raise keys.problem("pos_att_type", stated, "c2p, p2c")
    buckets = source.keys.raw("position_buckets")[1]
    if not keys.flag("relative_attention", default=False):
        keys.ignore("position_buckets")
        return 0, ()
    if isinstance(buckets, int) and buckets > 0:
        return keys.integer("position_buckets", maximum=65_536), tuple(k for k in kinds if k)
    limit = keys.values.get("max_relative_positions", -1)
    span = limit if isinstance(limit, int) and 0 < limit <= 65_536 else positions
    return span, tuple(k for k in kinds if k)


def _attention(
    network: Network,
    x: Shape,
    heads: int,
    distances: Shape,
    kinds: tuple[str, ...],
    shared: bool,
    first: bool,
) -> None:
    """Each kind of relative score projects the distances (by the layer's own matrix, or by that of
    keys or queries) and adds one product of every token with every distance."""
    hidden = x.channels
    network.linear("attention.qkv", x, 3 * hidden, bias=not first, more=2 * hidden if first else 0)
    for kind in kinds:
        bias = kind == "p2c" if first else not shared
        network.linear(f"attention.{kind}", distances, hidden, bias=bias, tied=shared)
        products = 2.0 * x.positions * distances.positions * hidden
        network.record(
            f"attention.{kind}.products",
            LayerKind.ATTENTION,
            x.elements + distances.elements,
            heads * x.positions * distances.positions,
            flops=products,
            rows=x.positions,
            depth=hidden // heads,
            columns=distances.positions,
            groups=heads,
        )
        network.copy(f"attention.{kind}.gather", Shape(heads, x.positions, x.positions))
    network.attention("attention.products", x.positions, x.positions, heads, hidden // heads)
    network.linear("attention.out", x, hidden)
    network.add("add1", x)
    network.norm("norm1", x)


def _head(source: Source, network: Network, x: Shape, vocabulary: int) -> None:
    task = source.task("Model", MASKED, CLASSES, TOKENS, QUESTIONS)
    if task == CLASSES:
        network.linear("classifier", pooler(network, x), source.labels())
    elif task == QUESTIONS:
        network.linear("qa", x, 2)
    elif task == TOKENS:
        network.linear("classifier", x, source.labels())
    elif task == MASKED:
        network.linear("predictions.dense", x, x.channels)
        network.activation("predictions.activation", x)
        network.norm("predictions.norm", x)
        network.linear("predictions.decoder", x, vocabulary, tied=source.tied)
