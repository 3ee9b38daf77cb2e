"""Phi: 1 and 2 (parallel, biased), 3 and 4-mini (Llama layout), 3-small, 3.5-MoE."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.defaults import class_defaults
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import dense, mixture
from engine.model.dialects.towers import lines
from engine.model.dialects.windows import window_size
from engine.model.keys import Keys
from engine.words.messages import say

FIRST = Traits(
    qkv_bias=True,
    output_bias=True,
    mlp_bias=True,
    head_bias=True,
    gated=False,
    norm="layer",
    norms=1,
    parallel=True,
    width_factor=4,
)
FUSED = Traits()
SPARSE = Traits(qkv_bias="attention_bias", output_bias="attention_bias", norm="layer")


def read(keys: Keys) -> Architecture:
    """By generation."""
    if keys.model_type == "phi4mm":
        return _multimodal(keys)
    if keys.model_type == "phi3small":
        return _small(keys)
    shape = read_dimensions(keys)
    if keys.model_type == "phi":
        if keys.flag("qk_layernorm", default=False):
            raise keys.problem(
                "qk_layernorm", True, say("{value}, as all published models have", value="false")
            )
        keys.ignore("embd_layer")
        return read_decoder(keys, FIRST, shape=shape)
    window = window_size(keys)
    windows = [window] * shape.layers
    if keys.model_type == "phi3":
        keys.ignore("embd_layer", "use_long_context")
        return read_decoder(keys, FUSED, shape=shape, windows=windows)
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, name="block_sparse_moe")
    head_bias = keys.flag("lm_head_bias", default=False)
    traits = Traits(
        qkv_bias=SPARSE.qkv_bias,
        output_bias=SPARSE.output_bias,
        norm="layer",
        head_bias=head_bias,
    )
    return read_decoder(keys, traits, shape=shape, windows=windows, feed_forward=lambda index: bank)


SMALL = Traits(qkv_bias=True, output_bias=True, norm="layer", tied=True)
_SMALL_UNUSED = (
    "blocksparse_homo_head_pattern",
    "blocksparse_num_local_blocks",
    "blocksparse_triton_kernel_block_size",
    "blocksparse_vert_stride",
    "dummy_token_indices",
    "ff_dim_multiplier",
    "gegelu_limit",
    "gegelu_pad_to_256",
    "mup_attn_multiplier",
    "mup_use_scaling",
    "mup_width_multiplier",
    "pad_sequence_to_multiple_of_64",
)


def _small(keys: Keys) -> Architecture:
    """Biases everywhere, LayerNorm, a gated part under ``ff_intermediate_size``. Most layers skip
    blocks of the cache; their time is counted as if they read all of it."""
    keys.ignore(*_SMALL_UNUSED)
    shape = read_dimensions(keys)
    width = keys.integer("ff_intermediate_size", required=True)
    part = dense(shape.hidden, width, bias=True)
    if keys.optional_integer("blocksparse_block_size"):
        every = keys.optional_integer("dense_attention_every_n_layers", minimum=1)
        keys.warnings.append(
            f"block-sparse attention in all but every {every}. layer is counted as full attention"
        )
    return read_decoder(keys, SMALL, shape=shape, feed_forward=lambda index: part)


def _multimodal(keys: Keys) -> Architecture:
    """Phi-4-multimodal's own code: towers of the class's size, and adapters for pictures and
    speech on every projection, kept beside the weights."""
    keys.ignore("embd_layer", "img_processor", "audio_processor")
    shape = read_dimensions(keys)
    width = keys.integer("intermediate_size", required=True)
    attention = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    ends = (shape.hidden + attention, 2 * shape.hidden, shape.hidden + 2 * width)
    per_rank = shape.layers * (sum(ends) + width + shape.hidden)
    adapters = 0
    for name in ("vision_lora", "speech_lora"):
        inner = keys.scope(name, model_type="none")
        if inner is not None:
            inner.ignore("layer", "lora_alpha", "dp")
            adapters += per_rank * inner.integer("r", maximum=100_000)
    tower = 0
    for count, kind in (
        (lines.phi4_vision, "phi4_multimodal_vision"),
        (lines.phi4_audio, "phi4_multimodal_audio"),
    ):
        own = Keys({}, keys.source, kind, class_defaults(kind), f"{kind}.", nested=True)
        tower += count(own, keys, shape.hidden)
        keys.assume(kind, "class default", say("the file names its towers without dimensions"))
    window = window_size(keys)
    return read_decoder(
        keys, FUSED, shape=shape, windows=[window] * shape.layers, tower=tower + adapters
    )
