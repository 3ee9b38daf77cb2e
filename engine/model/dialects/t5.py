"""T5, mT5, umT5, Flan-T5 and LongT5: an encoder for the prompt, a decoder that attends to itself
and to it.

The encoder's elements are counted as a tower. The LM head shares the embedding, as the published
class ties them whatever the file says.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.classes import class_names
from engine.model.dialects.decoder import Traits, assemble, group_layers
from engine.model.dialects.parts import FeedForward, Mixer, dense, layer, mixture, output_projection
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

WARNING = (
    "encoder-decoder: the prompt goes through the encoder once, the decoder begins with one token; "
    "neither vLLM 0.33 nor SGLang 0.5 serves it without a plugin"
)
"""vLLM, model_executor/models/registry.py: of these lines it names BART's plugin and no other."""


def read(keys: Keys) -> Architecture:
    """Relative position biases are held by the first layer of each side, in umT5 by every one."""
    names = class_names(keys.values)
    if names and names[0].endswith("EncoderModel"):
        raise keys.problem(
            "architectures", names[0], say("a class with a decoder: no token is generated")
        )
    hidden = keys.integer("d_model", required=True, maximum=1_000_000)
    encoders = keys.integer("num_layers", required=True, maximum=MAXIMUM_LAYERS)
    decoders = keys.optional_integer("num_decoder_layers", maximum=MAXIMUM_LAYERS) or encoders
    heads = keys.integer("num_heads", required=True, maximum=100_000)
    head_dim = keys.integer("d_kv")
    width = keys.integer("d_ff", required=True)
    gated = keys.flag("is_gated_act", default=False)
    gated = gated or keys.text("feed_forward_proj", default="relu").startswith("gated")
    keys.ignore("add_cross_attention")
    keys.ignore("dense_act_fn", "relative_attention_max_distance", "scale_decoder_outputs")
    feed_forward = dense(hidden, width, gated=gated, name="DenseReluDense")
    parts = {"encoder": [feed_forward] * encoders, "decoder": [feed_forward] * decoders}
    if keys.model_type == "switch_transformers":
        parts = {side: _switch(keys, side, hidden, width, len(parts[side])) for side in parts}
    own = _attention("SelfAttention", hidden, heads, head_dim, cross=False)
    crossed = _attention("EncDecAttention", hidden, heads, head_dim, cross=True)
    both = Mixer(
        "self and cross attention", own.matrices + crossed.matrices, own.cores + crossed.cores
    )
    decoder = [layer(both, part, norms=3, norm_parameters=3 * hidden) for part in parts["decoder"]]
    encoder = [layer(own, part, norm_parameters=2 * hidden) for part in parts["encoder"]]
    table = keys.integer("relative_attention_num_buckets") * heads
    every = keys.model_type == "umt5"
    summaries = _summaries(keys, encoders, hidden, table) if keys.model_type == "longt5" else 0
    biases = table * (decoders if every else 1)
    keys.warnings.append(WARNING)
    found = assemble(
        keys,
        hidden,
        keys.integer("vocab_size", required=True),
        decoder,
        Traits(tied=True),
        other=biases,
        tower=sum(block.parameters for block in encoder)
        + table * (encoders if every else 1)
        + hidden
        + summaries,
    )
    return replace(found, tied_embeddings=True, encoder=group_layers(encoder))


def _switch(keys: Keys, side: str, hidden: int, width: int, layers: int) -> list[FeedForward]:
    """Switch Transformers (arXiv:2101.03961): one expert per token in every so many layers, from
    the second on (modeling_switch_transformers.py)."""
    keys.ignore("expert_capacity", "router_ignore_padding_tokens", "add_router_probs")
    count = keys.integer("num_experts", required=True, maximum=100_000)
    sparse = keys.integer(f"num_sparse_{side}_layers", minimum=0, maximum=layers)
    bank = mixture(
        hidden, width, count, 1, gated=False, router_bias=keys.flag("router_bias", default=False)
    )
    plain = dense(hidden, width, gated=False, name="DenseReluDense")
    given = keys.optional_integer(f"{side}_sparse_step", minimum=1, maximum=MAXIMUM_LAYERS)
    step = given or (layers // sparse if sparse else layers)
    return [bank if step == 1 or index % step == 1 else plain for index in range(layers)]


def _summaries(keys: Keys, encoders: int, hidden: int, table: int) -> int:
    """LongT5's encoder looks at a neighbourhood and, when it is transient-global, at sums of
    blocks, which have a norm in each layer and one table of distances (modeling_longt5.py)."""
    kind = keys.text("encoder_attention_type", default="local")
    keys.ignore("local_radius", "global_block_size")
    if kind == "local":
        return 0
    if kind != "transient-global":
        raise keys.problem(
            "encoder_attention_type", kind, say("one of {names}", names="local, transient-global")
        )
    return encoders * hidden + table


def _attention(name: str, hidden: int, heads: int, head_dim: int, *, cross: bool) -> Mixer:
    inner = heads * head_dim
    role = Role.ATTENTION
    matrices = (
        Matrix(f"{name}.q", hidden, inner, role, kernel=f"{name}.qkv"),
        Matrix(
            f"{name}.k", hidden, inner, role, Split.KV, f"{name}.qkv", heads=heads, source=cross
        ),
        Matrix(
            f"{name}.v", hidden, inner, role, Split.KV, f"{name}.qkv", heads=heads, source=cross
        ),
        output_projection(f"{name}.o", inner, hidden),
    )
    core = AttentionCore(heads, heads, head_dim, head_dim, cross=cross)
    return Mixer("attention", matrices, (core,))
