"""MiniCPM-V and -o: a flat text model chosen by ``version`` with a resampler (to 4.5), and
Qwen3.5's hybrid text model with a window merger (4.6)."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.index import reader_for
from engine.model.dialects.multimodal import text_keys as text_keys_flat
from engine.model.dialects.nesting import text_keys, with_outer
from engine.model.dialects.qwen_hybrid import read_text
from engine.model.dialects.towers.more import idefics_layers
from engine.model.dialects.towers.parts import (
    linear,
    transformer_layer,
    two_layer_projector,
    whisper_encoder,
)
from engine.model.keys import Keys
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """The text model nested in ``text_config``, the tower in ``vision_config``."""
    if keys.model_type in ("minicpmv", "minicpmo"):
        return _flat(keys)
    inner = text_keys(keys, "qwen3_5_text")
    text = read_text(inner)
    vision = keys.scope("vision_config", model_type="minicpmv4_6_vision")
    elements = _tower(vision) + _merger(keys, vision, text.hidden_size) if vision else 0
    keys.ignore("image_size", "patch_size", "insert_layer_id", "drop_vision_last_layer")
    keys.ignore("downsample_mode", "merge_kernel_size")
    return with_outer(text, keys, inner, elements)


def _tower(keys: Keys) -> int:
    """Patches with learned positions, layers with biases, one merger of windows in between."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    patch = keys.integer("patch_size", maximum=10_000)
    patches = (keys.integer("image_size") // patch) ** 2
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    kernel = keys.integers("window_kernel_size", minimum=1) or [2, 2]
    keys.ignore("num_attention_heads", "insert_layer_id")
    cells = kernel[0] * kernel[-1]
    merging = 4 * linear(hidden, hidden) + 2 * hidden + 2 * cells * hidden
    merging += linear(cells * hidden, cells * width) + linear(cells * width, hidden)
    embedding = linear(keys.integer("num_channels") * patch**2, hidden) + patches * hidden
    return embedding + layers * transformer_layer(hidden, width) + 2 * hidden + merging


def _merger(keys: Keys, vision: Keys, text_hidden: int) -> int:
    """Each step joins four patches; the last one leads into the text model."""
    hidden = vision.integer("hidden_size")
    times = keys.integer("merger_times", maximum=16)

    def step(outputs: int) -> int:
        joined = 4 * hidden
        return 2 * joined + linear(joined, joined) + linear(joined, outputs)

    return (times - 1) * step(hidden) + step(text_hidden)


TEXT_OF_VERSION = {
    "2": "minicpm",
    "2.0": "minicpm",
    "2.5": "llama",
    "2.6": "qwen2",
    "4": "llama",
    "4.0": "llama",
    "4.5": "qwen3",
}
"""The text model that each version's code builds (the repositories' modeling_minicpmv.py)."""


def _flat(keys: Keys) -> Architecture:
    """The text model's keys beside those of SigLIP and the resampler, and of Whisper's encoder;
    what speaks is not counted."""
    version = str(keys.values.get("version", "2.6"))
    keys.ignore("version")
    kind = TEXT_OF_VERSION.get(version)
    if kind is None:
        raise keys.problem(
            "version", version, say("one of {names}", names=", ".join(TEXT_OF_VERSION))
        )
    inner = text_keys_flat(keys, kind)
    reader = reader_for(kind)
    assert reader is not None
    if inner.model_type != kind:
        raise inner.problem(
            "model_type",
            inner.model_type,
            say("{value}, as version {version} has", value=kind, version=version),
        )
    text = reader(inner)
    keys.ignore(*_PICTURES)
    heard = _heard(keys, text.hidden_size)
    if keys.values.get("tts_config"):
        keys.leave_out(say("these parts are"), "tts_config")
    keys.ignore("tts_config")
    vision = keys.scope("vision_config", model_type="siglip_vision_model")
    if vision is None:
        keys.leave_out(say("absent, the vision tower is"), "vision_config")
        return with_outer(text, keys, inner, heard)
    last = int(keys.flag("drop_vision_last_layer", default=False))
    hidden = vision.integer("hidden_size")
    width = vision.integer("intermediate_size")
    tower = idefics_layers(vision) - last * transformer_layer(hidden, width)
    wide = text.hidden_size
    queries = keys.integer("query_num", default=64) * wide
    resampler = queries + hidden * wide + 5 * wide**2 + 10 * wide
    return with_outer(text, keys, inner, tower + resampler + heard)


def _heard(keys: Keys, text_hidden: int) -> int:
    """Whisper's encoder with learned positions, and two projections (vLLM, minicpmo.py)."""
    audio = keys.scope("audio_config", model_type="whisper")
    if audio is None:
        return 0
    audio.tower = True
    width = audio.integer("encoder_ffn_dim")
    positions = audio.integer("max_source_positions") * audio.integer("d_model")
    elements = whisper_encoder(audio) + positions
    audio.ignore(*audio.values)
    return elements + two_layer_projector(width // 4, text_hidden)


_PICTURES = (
    "batch_vision_input",
    "batch_3d_resampler",
    "image_size",
    "patch_size",
    "slice_config",
    "slice_mode",
    "use_image_id",
    "vision_batch_size",
    "audio_chunk_length",
    "audio_pool_step",
    "chunk_input",
    "init_audio",
    "init_tts",
    "init_vision",
    "listen_speak_type",
    "stream_input",
)
"""How pictures and sound are cut up, and which parts are loaded."""
