"""Towers that listen: MiDasheng, Kimi-Audio and Ultravox (vLLM 0.33, model_executor/models, files
of the same names)."""

from __future__ import annotations

from typing import NamedTuple

from engine.model.dialects.towers.parts import linear, transformer_layer, whisper_encoder
from engine.model.keys import Keys
from engine.words.errors import UnknownArchitecture
from engine.words.messages import say
from engine.words.text import clean


class _Whisper(NamedTuple):
    hidden: int
    layers: int
    bins: int


_LARGE = _Whisper(1280, 32, 128)
_KNOWN = {
    "openai/whisper-tiny": _Whisper(384, 4, 80),
    "openai/whisper-base": _Whisper(512, 6, 80),
    "openai/whisper-small": _Whisper(768, 12, 80),
    "openai/whisper-medium": _Whisper(1024, 24, 80),
    "openai/whisper-large-v2": _Whisper(1280, 32, 80),
    "openai/whisper-large-v3": _LARGE,
    "openai/whisper-large-v3-turbo": _LARGE,
}
"""Encoders that configs name without their sizes (their own config.json); inner widths are four
times the hidden size, positions 1500."""
_POSITIONS = 1500


def _known_whisper(sizes: _Whisper) -> int:
    """Whisper's encoder with learned positions."""
    hidden = sizes.hidden
    stem = linear(3 * sizes.bins, hidden) + linear(3 * hidden, hidden)
    layers = sizes.layers * (transformer_layer(hidden, 4 * hidden) - hidden)
    return stem + _POSITIONS * hidden + layers + 2 * hidden


def dasheng(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Patches of the spectrogram with a position per column and per row; frames are joined and
    projected twice."""
    hidden = keys.integer("embed_dim", default=768)
    depth = keys.integer("depth", default=12, maximum=10_000)
    width = int(hidden * keys.number("mlp_ratio", default=4.0))
    bands = keys.integer("n_mels", default=64)
    length = keys.integer("target_length", default=1012)
    channels = keys.integer("input_channels", default=1, maximum=100)
    patch, stride = (_pair(keys, name) for name in ("patch_size", "patch_stride"))
    keys.ignore("num_heads", "outputdim", "n_fft", "win_length", "hop_length", "sample_rate")
    keys.ignore("f_min", "f_max", "center")
    block = transformer_layer(hidden, width)
    block -= 0 if keys.flag("qkv_bias", default=True) else 3 * hidden
    scaled = keys.values.get("init_values")
    keys.ignore("init_values")
    block += 2 * hidden if scaled else 0
    rows, columns = bands // stride[0], length // stride[1]
    own = 2 * bands + linear(channels * patch[0] * patch[1], hidden) + (rows + columns) * hidden
    joined = hidden * outer.integer("subsample_factor", default=5, maximum=1024)
    projector = linear(joined, text_hidden) + linear(text_hidden, text_hidden)
    return own + depth * block + 2 * hidden + projector


def _pair(keys: Keys, name: str) -> tuple[int, int]:
    """A side, or both sides."""
    if isinstance(keys.values.get(name), list):
        sides = keys.integers(name, minimum=1, maximum=10_000) or [16]
        return sides[0], sides[-1]
    side = keys.integer(name, default=16, maximum=10_000)
    return side, side


def kimi_audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """The encoder of Whisper large v3, which lies in a folder of its own; frames are joined,
    projected twice and normed. The layers that speak are not loaded by engines."""
    joined = outer.integer("kimia_adaptor_input_dim", default=5120)
    projector = linear(joined, text_hidden) + linear(text_hidden, text_hidden) + 2 * text_hidden
    return _known_whisper(_LARGE) + projector


def ultravox(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Whisper's encoder, described or named; joined frames are normed and projected twice without
    biases."""
    outer.ignore("audio_latency_block_size", "norm_init", "audio_model_lora_config")
    outer.ignore("text_model_lora_config", "vocab_size", "llm_only_training")
    if outer.optional_integer("num_projector_layers"):
        raise outer.problem(
            "num_projector_layers", outer.values["num_projector_layers"], say("0, or none")
        )
    named = outer.text("audio_model_id", default="")
    if named and not keys.values:
        if named not in _KNOWN:
            outer.leave_out(say("only named, the speech tower is"), "audio_model_id")
            return 0
        hidden, encoder = _KNOWN[named].hidden, _known_whisper(_KNOWN[named])
    else:
        hidden = keys.integer("d_model", "hidden_size")
        encoder = whisper_encoder(keys) + keys.integer("max_source_positions") * hidden
        keys.ignore(*keys.values)
    joined = hidden * outer.integer("stack_factor", default=8, maximum=1024)
    wide = outer.integer("hidden_size", default=4096)
    inner = wide // 2 if outer.text("projector_act", default="swiglu") == "swiglu" else wide
    last = inner if outer.flag("projector_ln_mid", default=False) else text_hidden
    return encoder + joined + joined * wide + inner * text_hidden + last


def check_ultravox(keys: Keys) -> None:
    """Raise `UnknownArchitecture` where the file only names its text model."""
    named = keys.text("text_model_id", default="")
    if named and not isinstance(keys.values.get("text_config"), dict):
        raise UnknownArchitecture(
            say(
                "{source}: this is a speech tower (Ultravox) in front of {named}, whose sizes are "
                "not in the file; expected the config.json of that model, or its contents as "
                "text_config here",
                source=keys.source,
                named=clean(named, 120),
            )
        )
