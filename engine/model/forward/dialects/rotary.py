"""Encoders of text with rotary positions: ModernBERT, NomicBERT, GTE, Jina v3 and EuroBERT
(arXiv:2412.13663, 2402.01613, 2407.19669, 2409.10173, 2503.05500; transformers, modeling files of
the same names, which the parameters below are checked against)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.forward.dialects.bert import CLASSES, MASKED, QUESTIONS, TOKENS, pooler
from engine.model.forward.dialects.vit import divided_heads
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

Head = Callable[[Source, Network, Shape, "Figures"], None]


@dataclass(frozen=True)
class Figures:
    """What one encoder is made of; ``per_norm`` counts the trained figures of a norm's channel."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    layers: int
    width: int
    vocabulary: int
    types: int
    per_norm: int
    gated: bool = True
    attention_bias: bool = False
    in_bias: bool = False
    out_bias: bool = False
    experts: int = 0
    """Of the layers that have some; each holds two matrices, and one bias is for all together."""
    experts_per_token: int = 0
    experts_every: int = 1
    norm_first: bool = False
    first_norm: bool = True
    """Whether the first layer has a norm of its own before its attention."""
    embedding_norm: bool = True
    last_norm: bool = False


def read_modern(source: Source) -> ForwardArchitecture:
    """``modernbert``: norms before, gated, global attention in one layer of three."""
    keys = source.keys
    hidden = source.width("hidden_size")
    layers = source.blocks("num_hidden_layers")
    heads = divided_heads(keys, hidden)
    keys.ignore("classifier_pooling", "classifier_activation", "hidden_activation", "decoder_bias")
    keys.ignore("sparse_prediction", "sparse_pred_ignore_index", "deterministic_flash_attn")
    keys.ignore("reference_compile", "repad_logits_with_grad", "norm_bias", "classifier_bias")
    bias = keys.flag("mlp_bias", default=False)
    figures = Figures(
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        layers=layers,
        width=source.width("intermediate_size"),
        vocabulary=keys.integer("vocab_size", required=True),
        types=0,
        per_norm=2 if keys.flag("norm_bias", default=False) else 1,
        attention_bias=keys.flag("attention_bias", default=False),
        in_bias=bias,
        out_bias=bias,
        norm_first=True,
        first_norm=False,
        last_norm=True,
    )
    local = keys.integer("local_attention", default=128)
    every = keys.integer("global_attn_every_n_layers", default=3, maximum=10_000)
    types = keys.texts("layer_types")
    whole = [index % every == 0 for index in range(layers)]
    if types is not None:
        if len(types) != layers:
            raise keys.problem("layer_types", types, say("{number} entries", number=layers))
        whole = [kind == "full_attention" for kind in types]
    windows = [0 if full else local + 1 for full in whole]
    return _encoder(source, figures, _modern_head, windows)


def read_nomic(source: Source) -> ForwardArchitecture:
    """``nomic_bert``, in its own repository's spelling (GPT-2's) and in transformers'."""
    keys = source.keys
    hidden = source.width("hidden_size", "n_embd")
    heads = keys.integer("num_attention_heads", "n_head", maximum=4096)
    if hidden % heads:
        raise keys.problem(
            "num_attention_heads", heads, say("a divisor of {number}", number=hidden)
        )
    activation = keys.text("activation_function", "hidden_act", default="silu")
    gated = activation in ("swiglu", "silu", "geglu", "glu")
    if keys.flag("prenorm", default=False) or keys.flag("use_rms_norm", default=False):
        raise keys.problem("prenorm", True, say("{value}, the only one understood", value="false"))
    fraction = keys.number("rotary_emb_fraction", default=1.0)
    if fraction != 1:
        raise keys.problem(
            "rotary_emb_fraction", fraction, say("{value}, the only one understood", value="1")
        )
    keys.ignore("pad_vocab_size_multiple", "causal", "parallel_block", "rotary_scaling_factor")
    keys.ignore("scale_attn_by_inverse_layer_idx", "max_trained_positions", "use_xentropy")
    keys.ignore("dense_seq_output", "fused_dropout_add_ln", "parallel_block_tied_norm")
    # Files without experts say 0 or -1.
    every = max(keys.optional_integer("moe_every_n_layers", minimum=-1, maximum=10_000) or 0, 0)
    experts = keys.optional_integer("num_experts", maximum=100_000) or 0 if every else 0
    keys.ignore("moe_impl", "moe_normalize_expert_weights", "moe_resid_pdrop", "num_experts")
    keys.ignore("expert_choice_router", "ffn_div", "router_aux_loss_coef", "moe_top_k")
    shared = keys.optional_integer("num_shared_experts", maximum=1000)
    if shared and experts:
        raise keys.problem(
            "num_shared_experts", shared, say("{value}, the only one understood", value="0")
        )
    rows = keys.integer("vocab_size", required=True)
    step = keys.integer("pad_vocab_size_multiple", default=1, maximum=65_536)
    figures = Figures(
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=keys.integer("head_dim", default=hidden // heads),
        layers=source.blocks("num_hidden_layers", "n_layer"),
        width=source.width("intermediate_size", "n_inner"),
        vocabulary=-(-rows // step) * step,
        types=keys.integer("type_vocab_size", default=2, minimum=0, maximum=1024),
        per_norm=2,
        gated=gated,
        attention_bias=keys.flag("qkv_proj_bias", default=False),
        in_bias=keys.flag("mlp_fc1_bias", default=False),
        out_bias=keys.flag("mlp_fc2_bias", default=False),
        experts=experts,
        experts_per_token=keys.integer("moe_top_k", default=1, maximum=1000) if experts else 0,
        experts_every=every or 1,
    )
    return _encoder(source, figures, _bert_like_head)


def _with_biases(source: Source) -> Figures:
    """An encoder with keys and biases as BERT's."""
    keys = source.keys
    hidden = source.width("hidden_size")
    heads = divided_heads(keys, hidden)
    return Figures(
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        layers=source.blocks("num_hidden_layers"),
        width=source.width("intermediate_size"),
        vocabulary=keys.integer("vocab_size", required=True),
        types=keys.integer("type_vocab_size", default=1, minimum=0, maximum=1024),
        per_norm=2,
        attention_bias=True,
        out_bias=True,
    )


def read_gte(source: Source) -> ForwardArchitecture:
    """``gte``, published as ``new`` by repositories with code of their own."""
    keys = source.keys
    keys.ignore("pack_qkv", "unpad_inputs", "use_memory_efficient_attention", "layer_norm_type")
    keys.ignore("logn_attention_scale", "logn_attention_clip1", "position_embedding_type")
    return _encoder(source, _with_biases(source), _bert_like_head)


def read_jina(source: Source) -> ForwardArchitecture:
    """``jina_embeddings_v3``: XLM-RoBERTa with rotary positions. Adapters of tasks are merged into
    the weights before serving and count as nothing."""
    keys = source.keys
    if keys.items("lora_adaptations"):
        source.notes.append("adapters of the tasks (lora_adaptations) are merged, as engines do")
    keys.ignore("lora_alpha", "lora_rank", "lora_main_params_trainable", "lora_prompts")
    keys.ignore("matryoshka_dimensions", "load_trained_adapters", "emb_pooler", "hidden_act")
    keys.ignore("position_embedding_type", "truncate_dim", "use_reentrant")
    figures = replace(_with_biases(source), gated=False, in_bias=True)
    return _encoder(source, figures, _jina_head)


def read_euro(source: Source) -> ForwardArchitecture:
    """``eurobert``: Llama's layers that see the whole sequence."""
    keys = source.keys
    hidden = source.width("hidden_size")
    heads = keys.integer("num_attention_heads", required=True, maximum=4096)
    keys.ignore("classifier_pooling", "clf_pooling")
    bias = keys.flag("mlp_bias", default=False)
    figures = Figures(
        hidden=hidden,
        heads=heads,
        kv_heads=keys.integer("num_key_value_heads", default=heads, maximum=4096),
        head_dim=keys.integer("head_dim", default=max(hidden // heads, 1), maximum=65_536),
        layers=source.blocks("num_hidden_layers"),
        width=source.width("intermediate_size"),
        vocabulary=keys.integer("vocab_size", required=True),
        types=0,
        per_norm=1,
        attention_bias=keys.flag("attention_bias", default=False),
        in_bias=bias,
        out_bias=bias,
        norm_first=True,
        embedding_norm=False,
        last_norm=True,
    )
    if heads % figures.kv_heads:
        raise keys.problem(
            "num_key_value_heads", figures.kv_heads, say("a divisor of {number}", number=heads)
        )
    return _encoder(source, figures, _euro_head)


def _encoder(
    source: Source, figures: Figures, head: Head, windows: list[int] | None = None
) -> ForwardArchitecture:
    """``windows``: keys that a query of each layer sees; 0 for all."""
    positions = source.width("max_position_embeddings", "n_positions", "max_trained_positions")
    length = source.tokens(
        positions, say("the longest that {positions} positions allow", positions=positions)
    )
    network = source.network()
    x = Shape(figures.hidden, 1, length)
    with network.scope("embeddings"):
        rows = figures.vocabulary + figures.types
        read = (2 if figures.types else 1) * x.elements
        network.record("lookup", LayerKind.EMBEDDING, read, x.elements, rows * figures.hidden)
        if figures.embedding_norm:
            network.norm("norm", x, figures.per_norm)
    for number in range(figures.layers):
        with network.scope(f"layers.{number}"):
            window = windows[number] if windows else 0
            sparse = bool(figures.experts) and number % figures.experts_every == 1
            _layer(network, x, figures, window, number == 0, sparse)
    if figures.last_norm:
        network.norm("norm", x, figures.per_norm)
    head(source, network, x, figures)
    return source.done_encoder(network, length, source.keys.model_type)


def _layer(
    network: Network, x: Shape, figures: Figures, window: int, first: bool, sparse: bool
) -> None:
    if figures.norm_first and (figures.first_norm or not first):
        network.norm("norm1", x, figures.per_norm)
    query, key = figures.heads * figures.head_dim, figures.kv_heads * figures.head_dim
    network.linear("attention.qkv", x, query + 2 * key, figures.attention_bias)
    network.copy("attention.rotary", x.resized(query + key))
    seen = min(x.positions, window) if window else x.positions
    network.attention("attention.products", x.positions, seen, figures.heads, figures.head_dim)
    out = network.linear("attention.out", x.resized(query), x.channels, figures.attention_bias)
    network.add("add1", out)
    network.norm("norm2" if figures.norm_first else "norm1", x, figures.per_norm)
    if sparse:
        _experts(network, x, figures)
    else:
        _feed_forward(network, x, figures)
    network.add("add2", x)
    if not figures.norm_first:
        network.norm("norm2", x, figures.per_norm)


def _experts(network: Network, x: Shape, figures: Figures) -> None:
    """Nomic's mixture (nomic-ai/nomic-bert-2048, modeling_hf_nomic_bert.py ``NomicMoELayer``): a
    token goes through two matrices of each of its experts."""
    network.linear("router", x, figures.experts, bias=False)
    rows = x.positions * figures.experts_per_token
    for name, inputs, outputs in (
        ("experts.in", x.channels, figures.width),
        ("experts.out", figures.width, x.channels),
    ):
        network.record(
            name,
            LayerKind.LINEAR,
            rows * inputs,
            rows * outputs,
            figures.experts * inputs * outputs + (outputs if name.endswith("out") else 0),
            flops=2.0 * rows * inputs * outputs,
            rows=rows,
            depth=inputs,
            columns=outputs,
        )


def _feed_forward(network: Network, x: Shape, figures: Figures) -> None:
    hidden = network.linear(
        "mlp.in", x, figures.width * (2 if figures.gated else 1), figures.in_bias
    )
    if figures.gated:
        hidden = network.gated_activation("mlp.activation", hidden)
    else:
        network.activation("mlp.activation", hidden)
    network.linear("mlp.out", hidden, x.channels, figures.out_bias)


# Heads ------------------------------------------------------------------------------------


def _first(x: Shape) -> Shape:
    return Shape(x.channels, 1, 1)


def _modern_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    """A dense step with a norm before every head; of the first token where a sequence is judged."""
    keys = source.keys
    task = source.task("Model", MASKED, CLASSES, TOKENS, QUESTIONS)
    if task == "Model":
        return
    at = _first(x) if task == CLASSES else x
    network.linear("head.dense", at, x.channels, keys.flag("classifier_bias", default=False))
    network.activation("head.activation", at)
    network.norm("head.norm", at, figures.per_norm)
    if task == MASKED:
        bias = keys.flag("decoder_bias", default=True)
        network.linear("decoder", at, figures.vocabulary, bias, tied=source.tied)
    else:
        network.linear("classifier", at, source.labels())


def _bert_like_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = source.task("Model", MASKED, CLASSES, TOKENS)
    if task == MASKED:
        _masked(source, network, x, figures)
    elif task == CLASSES:
        network.linear("classifier", pooler(network, x), source.labels())
    elif task == TOKENS:
        network.linear("classifier", x, source.labels())


def _jina_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = source.task("Model", MASKED, CLASSES, TOKENS, QUESTIONS)
    if task == MASKED:
        _masked(source, network, x, figures)
    elif task == QUESTIONS:
        network.linear("qa", x, 2)
    elif task == TOKENS:
        network.linear("classifier", x, source.labels())
    else:
        first = pooler(network, x)
        if task == CLASSES:
            network.linear("classifier", first, source.labels())


def _euro_head(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    task = source.task("Model", MASKED, CLASSES, TOKENS)
    if task == MASKED:
        tied = source.keys.flag("tie_word_embeddings", default=False)
        network.linear("lm_head", x, figures.vocabulary, False, tied=tied)
    elif task == CLASSES:
        network.linear("classifier", pooler(network, x), source.labels())
    elif task == TOKENS:
        network.linear("classifier", x, source.labels())


def _masked(source: Source, network: Network, x: Shape, figures: Figures) -> None:
    """BERT's prediction head; the vocabulary's matrix is usually the embedding's."""
    network.linear("predictions.dense", x, x.channels)
    network.activation("predictions.activation", x)
    network.norm("predictions.norm", x)
    network.linear("predictions.decoder", x, figures.vocabulary, tied=source.tied)
