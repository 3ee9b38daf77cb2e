"""Encoders of text: BERT, RoBERTa, ELECTRA, DistilBERT, ALBERT, MPNet, Megatron-BERT
(arXiv:1810.04805, 1907.11692, 2003.10555, 1910.01108, 1909.11942, 2004.09297, 1909.08053). They
are counted in sequences of one length, every token of it valid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.forward.blocks import feed_forward, self_attention
from engine.model.forward.dialects.vit import divided_heads
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say
from engine.words.text import clean

NORM_FIRST = frozenset({"megatron-bert", "roberta-prelayernorm", "xlm-roberta-xl"})
ROBERTA = frozenset(
    {
        "roberta",
        "xlm-roberta",
        "camembert",
        "data2vec-text",
        "mpnet",
        "roberta-prelayernorm",
        "xlm-roberta-xl",
        "longformer",
    }
)
NARROW = frozenset({"electra", "albert"})
"""Their embeddings may be narrower than the layers."""
POOLER_KEYS = (
    "directionality",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
)
"""Of a pooler that only the TensorFlow original could have; released weights do not."""
PADDING_POSITIONS = 2
"""RoBERTa's positions begin after the padding index."""


@dataclass(frozen=True)
class Figures:
    """What one encoder is made of."""

    hidden: int
    heads: int
    layers: int
    width: int
    vocabulary: int
    positions: int
    usable: int
    """Positions that a sequence can have."""
    types: int
    embedding: int
    """Width of the embeddings, when it is not the hidden size."""
    buckets: int = 0
    """Relative distances with a bias per head, the same in every layer."""
    shared: bool = False
    """All layers have the weights of the first."""
    seen: tuple[int, ...] = ()
    """Keys that a query of each layer sees; empty for all."""
    apart: bool = False
    """Queries, keys and values of global tokens have matrices of their own."""
    norm_first: bool = False
    embedding_norm: bool = True


def read(source: Source) -> ForwardArchitecture:
    """``bert`` and its kin with the same keys."""
    keys = source.keys
    keys.ignore("hidden_act", "is_decoder", "generator_size")
    keys.ignore("summary_last_dropout", *POOLER_KEYS)
    source.option_text("position_embedding_type", "absolute")
    hidden = source.width("hidden_size")
    positions = source.width("max_position_embeddings")
    offset = PADDING_POSITIONS if keys.model_type in ROBERTA else 0
    if positions <= offset:
        raise keys.problem(
            "max_position_embeddings", positions, say("more than {number}", number=offset)
        )
    layers = source.blocks("num_hidden_layers")
    figures = Figures(
        hidden=hidden,
        heads=divided_heads(keys, hidden),
        layers=layers,
        seen=_seen(source, layers),
        apart=keys.model_type == "longformer",
        width=source.width("intermediate_size"),
        vocabulary=keys.integer("vocab_size", required=True),
        positions=positions,
        usable=positions - offset,
        types=_types(source),
        embedding=source.width("embedding_size") if keys.model_type in NARROW else hidden,
        buckets=_buckets(source),
        shared=keys.model_type == "albert",
        norm_first=keys.model_type in NORM_FIRST,
        embedding_norm=keys.model_type not in ("megatron-bert", "xlm-roberta-xl"),
    )
    if figures.shared:
        source.expect("num_hidden_groups", 1)
        source.expect("inner_group_num", 1)
    if keys.model_type == "electra":
        return _encoder(source, figures, _electra_head)
    return _encoder(source, figures, _roberta_head if keys.model_type in ROBERTA else _bert_head)


def _seen(source: Source, layers: int) -> tuple[int, ...]:
    """Longformer (arXiv:2004.05150) sees a window around each token, BigBird (arXiv:2007.14062) the
    blocks beside it, the first, the last and some by chance; short texts are seen whole."""
    keys = source.keys
    if keys.model_type == "longformer":
        keys.ignore("onnx_export", "ignore_attention_mask", "attention_mode", "attention_dilation")
        given = keys.values.get("attention_window")
        each = keys.integers("attention_window", minimum=1) if isinstance(given, list) else None
        each = each or [keys.integer("attention_window", default=512)] * layers
        if len(each) != layers:
            raise keys.problem(
                "attention_window", each, say("{number}, one per layer", number=layers)
            )
        return tuple(window + 1 for window in each)
    if keys.model_type != "big_bird":
        return ()
    keys.ignore("rescale_embeddings")
    if not keys.flag("use_bias", default=True):
        raise keys.problem("use_bias", False, say("{value}, the only one understood", value="true"))
    kind = keys.text("attention_type", default="block_sparse")
    block = keys.integer("block_size", default=64, maximum=65_536)
    random = keys.integer("num_random_blocks", default=3, minimum=0, maximum=1000)
    if kind not in ("block_sparse", "original_full"):
        raise keys.problem(
            "attention_type", kind, say("one of {names}", names="block_sparse, original_full")
        )
    short = source.sequence and source.sequence <= (5 + 2 * random) * block
    if kind == "original_full" or short:
        return ()
    return ((5 + random) * block,) * layers


def _types(source: Source) -> int:
    """Rows of the tables of segments (and, in ERNIE, tasks)."""
    keys = source.keys
    if keys.model_type == "mpnet":
        return 0
    types = keys.integer("type_vocab_size", default=2, minimum=0, maximum=1024)
    if keys.model_type == "ernie":
        tasks = keys.integer("task_type_vocab_size", default=3, minimum=0, maximum=1024)
        types += tasks if keys.flag("use_task_id", default=False) else 0
    return types


def _buckets(source: Source) -> int:
    if source.keys.model_type != "mpnet":
        return 0
    return source.keys.integer("relative_attention_num_buckets", default=32, maximum=65_536)


def read_distilled(source: Source) -> ForwardArchitecture:
    """``distilbert``: its own spelling of every key, no segments and no pooler."""
    keys = source.keys
    keys.ignore("activation", "sinusoidal_pos_embds", "qa_dropout", "seq_classif_dropout")
    keys.ignore("tie_weights_")
    hidden = source.width("dim", "hidden_size")
    heads = keys.integer("n_heads", "num_attention_heads", maximum=4096)
    if hidden % heads:
        raise keys.problem("n_heads", heads, say("a divisor of {number}", number=hidden))
    positions = source.width("max_position_embeddings")
    figures = Figures(
        hidden=hidden,
        heads=heads,
        layers=source.blocks("n_layers", "num_hidden_layers"),
        width=source.width("hidden_dim"),
        vocabulary=keys.integer("vocab_size", required=True),
        positions=positions,
        usable=positions,
        types=0,
        embedding=hidden,
    )
    return _encoder(source, figures, _distilled_head)


def _encoder(
    source: Source, figures: Figures, head: Callable[[Source, Network, Shape, Figures], None]
) -> ForwardArchitecture:
    why = say(
        "the positions that max_position_embeddings {number} leaves", number=figures.positions
    )
    length = source.tokens(figures.usable, why)
    network = source.network()
    x = Shape(figures.embedding, 1, length)
    tables = 3 if figures.types else 2
    with network.scope("embeddings"):
        rows = figures.vocabulary + figures.positions + figures.types
        network.record(
            "lookup",
            LayerKind.EMBEDDING,
            tables * x.elements,
            x.elements,
            rows * figures.embedding,
        )
        if figures.embedding_norm:
            network.norm("norm", x)
        if figures.embedding != figures.hidden or figures.shared:
            x = network.linear("project", x, figures.hidden)
    for number in range(figures.layers):
        first = len(network.layers)
        with network.scope(f"layers.{number}"):
            _layer(network, x, figures, number)
        if figures.shared and number:
            network.share_weights(first)
    if figures.norm_first:
        network.norm("norm", x)
    head(source, network, x, figures)
    return source.done_encoder(network, length, source.keys.model_type)


def _layer(network: Network, x: Shape, figures: Figures, number: int) -> None:
    """Attention and feed-forward, each with its norm after the sum, or before everything."""
    biases = figures.buckets * figures.heads if not number else 0
    seen = figures.seen[number] if figures.seen else 0
    if figures.norm_first:
        network.norm("norm1", x)
    if figures.apart:
        network.linear("attention.global", Shape(x.channels, 1, 1), 3 * x.channels)
    self_attention(network, x, figures.heads, logit_parameters=biases, seen=seen)
    network.add("add1", x)
    network.norm("norm2" if figures.norm_first else "norm1", x)
    feed_forward(network, x, figures.width)
    network.add("add2", x)
    if not figures.norm_first:
        network.norm("norm2", x)


# Heads ------------------------------------------------------------------------------------

QUESTIONS = "ForQuestionAnswering"
CLASSES = "ForSequenceClassification"
TOKENS = "ForTokenClassification"
MASKED = "ForMaskedLM"
PRETRAINING = "ForPreTraining"


PROJECTED = "every token projected"
_EMBEDS = {
    "BertSpladeSparseEmbeddingModel": MASKED,
    "Contriever": "Model",
    "HF_ColBERT": PROJECTED,
}
"""What classes of retrieval are made of, whose names do not say it."""
_COLBERT_WIDTH = 128
"""Of ColBERT's vectors where the config does not say (arXiv:2112.01488, ``dim``)."""


def _task(source: Source, *suffixes: str) -> str:
    """The task of the class; one that generates has the head that predicts masked tokens."""
    names = source.keys.values.get("architectures")
    first = names[0] if isinstance(names, list) and names else ""
    if isinstance(first, str) and first.endswith(("ForCausalLM", "LMHeadModel")):
        source.keys.ignore("architectures")
        source.notes.append(f"{clean(first, 60)} in one pass over the sequence, as an encoder runs")
        return MASKED
    if first in _EMBEDS:
        source.keys.ignore("architectures")
        return _EMBEDS[first]
    return source.task(*suffixes)


def _bert_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = _task(source, "Model", QUESTIONS, CLASSES, TOKENS, MASKED, PRETRAINING)
    if source.keys.model_type == "big_bird" and task not in ("Model", PRETRAINING):
        # Its pooler is there whatever the task, and works for none.
        weights = x.channels * (x.channels + 1)
        network.table("unused pooler", Shape(1, 1, 1), weights)
    if task in ("Model", CLASSES, PRETRAINING):
        first = pooler(network, x)
        if task == CLASSES:
            network.linear("classifier", first, source.labels())
        if task == PRETRAINING:
            network.linear("next_sentence", first, 2)
    _token_head(source, network, x, figures, task)


def _roberta_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = _task(source, "Model", QUESTIONS, CLASSES, TOKENS, MASKED)
    if task == "Model":
        pooler(network, x)
    elif task == CLASSES:
        network.linear("classifier", pooler(network, x), source.labels())
    _token_head(source, network, x, figures, task)


def _electra_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = _task(source, "Model", QUESTIONS, CLASSES, TOKENS, PRETRAINING, MASKED)
    if task == CLASSES:
        network.linear("classifier", pooler(network, x), source.labels())
    elif task == PRETRAINING:
        hidden = network.linear("discriminator.dense", x, x.channels)
        network.activation("discriminator.activation", hidden)
        network.linear("discriminator.out", hidden, 1)
    if task != PRETRAINING:
        _token_head(source, network, x, figures, task)


def _distilled_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = _task(source, "Model", QUESTIONS, CLASSES, TOKENS, MASKED)
    if task == CLASSES:
        network.linear("classifier", pooler(network, x), source.labels())
    _token_head(source, network, x, figures, task)


def pooler(network: Network, x: Shape) -> Shape:
    """A projection of the first token."""
    first = network.linear("pooler", Shape(x.channels, 1, 1), x.channels)
    return network.activation("pooler.activation", first)


def _token_head(source: Source, network: Network, x: Shape, figures: Figures, task: str) -> None:
    """Heads that look at every token; the vocabulary's matrix is usually the embedding's."""
    if task == QUESTIONS:
        network.linear("qa", x, 2)
    elif task == TOKENS:
        network.linear("classifier", x, source.labels())
    elif task in (MASKED, PRETRAINING):
        network.linear("predictions.dense", x, figures.embedding)
        hidden = network.activation("predictions.activation", x.resized(figures.embedding))
        network.norm("predictions.norm", hidden)
        network.linear("predictions.decoder", hidden, figures.vocabulary, tied=source.tied)
    elif task == PROJECTED:
        width = source.keys.integer("dim", default=_COLBERT_WIDTH, maximum=65_536)
        network.linear("projection", x, width, bias=False)
