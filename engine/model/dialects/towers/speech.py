"""Speech towers: GLM-ASR, Audio Flamingo 3, Voxtral Realtime and Granite Speech (transformers,
modeling files of the same names)."""

from __future__ import annotations

from engine.model.dialects.towers.parts import linear, transformer_layer, two_layer_projector
from engine.model.keys import Keys
from engine.words.messages import say


def _convolutions(bins: int, hidden: int) -> int:
    """Whisper's stem of two."""
    return linear(3 * bins, hidden) + linear(3 * hidden, hidden)


def _sizes(keys: Keys) -> tuple[int, int, int]:
    keys.ignore("num_attention_heads", "head_dim", "num_key_value_heads", "vocab_size")
    return (
        keys.integer("hidden_size"),
        keys.integer("intermediate_size"),
        keys.integer("num_hidden_layers", maximum=10_000),
    )


def _whisper(keys: Keys) -> int:
    """Whisper's encoder with learned positions."""
    hidden, width, layers = _sizes(keys)
    stem = _convolutions(keys.integer("num_mel_bins"), hidden)
    positions = keys.integer("max_source_positions") * hidden
    return stem + positions + layers * (transformer_layer(hidden, width) - hidden) + 2 * hidden


def glm_asr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Whisper's layers with rotary positions; four frames are joined and projected twice."""
    hidden, width, layers = _sizes(keys)
    stem = _convolutions(keys.integer("num_mel_bins"), hidden)
    tower = stem + layers * (transformer_layer(hidden, width) - hidden) + 2 * hidden
    return tower + linear(width, 2 * text_hidden) + linear(2 * text_hidden, text_hidden)


def audio_flamingo(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Whisper's encoder with learned positions, projected twice."""
    return _whisper(keys) + two_layer_projector(keys.integer("hidden_size"), text_hidden)


def moss_transcribe(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Whisper's encoder with learned positions; joined frames are projected twice and normed."""
    hidden = keys.integer("hidden_size")
    joined = hidden * outer.integer("audio_merge_size", default=4, maximum=1024)
    outer.ignore("audio_chunk_size")
    bias = outer.flag("projector_bias", default=True)
    projector = linear(joined, text_hidden, bias) + linear(text_hidden, text_hidden, bias)
    return _whisper(keys) + projector + 2 * text_hidden


def voxtral_realtime(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Causal layers, gated, with heads of a width of their own; joined frames projected twice."""
    hidden, width, layers = _sizes(keys)
    heads = keys.integer("num_attention_heads", maximum=100_000)
    inner = heads * keys.integer("head_dim", default=max(hidden // heads, 1), maximum=100_000)
    keys.ignore("sliding_window")
    attention = 2 * linear(hidden, inner) + hidden * inner + linear(inner, hidden)
    block = attention + 2 * hidden * width + linear(width, hidden) + 2 * hidden
    joined = hidden * outer.integer("downsample_factor", default=4, maximum=1024)
    outer.ignore("audio_length_per_tok", "default_num_delay_tokens")
    projector = joined * text_hidden + text_hidden**2
    stem = _convolutions(keys.integer("num_mel_bins"), hidden)
    return stem + layers * block + hidden + projector


def granite_speech(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Conformer layers with relative positions, a window Q-Former and one projection; the adapters
    of the text model for speech are not counted."""
    hidden, outputs = keys.integer("hidden_dim"), keys.integer("output_dim")
    heads = keys.integer("num_heads", maximum=100_000)
    head = keys.optional_integer("dim_head", minimum=1) or hidden // heads
    inner = heads * head
    width = hidden * keys.integer("feedforward_mult", maximum=1024)
    wide = hidden * keys.integer("conv_expansion_factor", maximum=1024)
    keys.ignore("context_size")
    feed_forward = 2 * hidden + linear(hidden, width) + linear(width, hidden)
    attention = 2 * hidden + 3 * hidden * inner + linear(inner, hidden)
    attention += (2 * keys.integer("max_pos_emb") + 1) * head
    convolution = 2 * hidden + linear(hidden, 2 * wide) + wide * keys.integer("conv_kernel_size")
    convolution += 2 * wide + linear(wide, hidden)
    block = 2 * feed_forward + attention + convolution + 2 * hidden
    encoder = linear(keys.integer("input_dim"), hidden) + linear(hidden, outputs)
    encoder += keys.integer("num_layers", maximum=10_000) * block + linear(outputs, hidden)
    if outer.flag("has_lora_adapter", default=False):
        outer.leave_out(say("the adapters for speech are"), "has_lora_adapter")
    window = outer.integer("window_size", default=15, maximum=100_000)
    rate = outer.integer("downsample_rate", default=5, maximum=100_000)
    former = outer.scope("projector_config", model_type="blip_2_qformer")
    if former is None:
        outer.assume(
            "projector_config",
            "blip_2_qformer",
            say("class default of {name}", name=outer.model_type),
        )
        former = Keys({}, outer.source, "blip_2_qformer", {}, opened=outer.opened)
    return encoder + _window_former(former, window // rate, text_hidden)


def _window_former(keys: Keys, queries: int, text_hidden: int) -> int:
    """BLIP-2's Q-Former without a feed-forward part for text, and the projection behind it."""
    hidden = keys.integer("hidden_size", default=768)
    width = keys.integer("intermediate_size", default=3072)
    layers = keys.integer("num_hidden_layers", default=12, maximum=10_000)
    every = keys.integer("cross_attention_frequency", default=2, maximum=10_000)
    seen = keys.integer("encoder_hidden_size", default=1408)
    keys.ignore("num_attention_heads", "max_position_embeddings", "vocab_size", "pad_token_id")
    keys.ignore("position_embedding_type", "use_qformer_text_input")
    crossed = 2 * linear(hidden, hidden) + 2 * linear(seen, hidden) + 2 * hidden
    own = layers * transformer_layer(hidden, width) + -(-layers // every) * crossed
    return queries * hidden + 2 * hidden + own + linear(hidden, text_hidden)


def fun_asr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Layers with a memory (a convolution per channel) beside their attention, the first of which
    takes the stacked frames; two projections, and layers of the adaptor behind them."""
    hidden, width, layers = _sizes(keys)
    frames = keys.integer("num_mel_bins") * keys.integer("num_stacked_frames", maximum=1000)
    keys.ignore("num_timestamp_prediction_layers")
    memory = keys.integer("fsmn_kernel_size", maximum=1000) * hidden
    block = transformer_layer(hidden, width) + memory
    first = (3 * hidden + 2) * (frames - hidden)
    tower = layers * block + first + 4 * hidden
    adaptor = outer.scope("adaptor_config", model_type="none")
    if adaptor is None:
        adaptor = Keys(
            {}, outer.source, outer.model_type, {}, "adaptor_config.", opened=outer.opened
        )
    inner = adaptor.integer("hidden_size", default=text_hidden)
    middle = adaptor.integer("projector_hidden_size", default=2048)
    narrow = adaptor.integer("intermediate_size", default=256)
    count = adaptor.integer("num_hidden_layers", default=2, maximum=1000)
    adaptor.ignore("num_attention_heads", "projector_hidden_act")
    projector = linear(hidden, middle) + linear(middle, inner)
    return tower + projector + count * transformer_layer(inner, narrow)


def muse_spark(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Stages that join patches and then mix neighbours channel by channel; one projection."""
    widths = keys.integers("hidden_sizes", minimum=1) or [256, 512, 1024, 2048]
    depths = keys.integers("depths", minimum=1) or [2] * len(widths)
    patches = keys.integers("patch_sizes", minimum=1) or [16, 6, 5, 4]
    kernel = keys.integer("conv_kernel_size", default=7, maximum=1000)
    ratio = keys.number("mlp_ratio", default=4)
    keys.ignore("num_hidden_layers")
    if not len(widths) == len(depths) == len(patches):
        raise keys.problem("depths", depths, say("{number} entries", number=len(widths)))
    total, before = 0, 1
    for width, depth, patch in zip(widths, depths, patches, strict=True):
        middle = int(width * ratio)
        block = (kernel + 1) * width + width + linear(width, middle) + linear(middle, width)
        total += linear(before * patch, width) + width + depth * block
        before = width
    output = keys.integer("out_hidden_size", default=text_hidden)
    return total + before + linear(before, output) + output


def inkling(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """A table of the levels of each band, and a norm."""
    keys.ignore("text_hidden_size")
    rows = keys.integer("mel_vocab_size", default=256) * keys.integer("n_mel_bins", default=80)
    return (rows + 1) * text_hidden
