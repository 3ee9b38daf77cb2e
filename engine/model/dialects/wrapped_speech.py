"""Model types that hear and do not see: which text model and which tower each wraps."""

from __future__ import annotations

from engine.model.dialects.towers import audio, lines, listening, parts, speech, vibevoice
from engine.model.dialects.wrapper import Wrapper

_KIMI_AUDIO = (
    "kimia_audio_output_vocab",
    "kimia_mimo_audiodelaytokens",
    "kimia_mimo_transformer_from_layer_index",
    "kimia_text_output_vocab",
    "kimia_token_offset",
    "num_audio_special_tokens",
    "num_base_tokens",
    "use_whisper_feature",
)
"""What the layers that speak are told."""

HEARING = {
    "qwen2_audio": Wrapper("qwen2", audio=parts.qwen2_audio, audio_type="qwen2_audio_encoder"),
    "qwen3_asr": Wrapper(
        "qwen3_asr_text",
        audio=lines.qwen3_asr,
        audio_type="qwen3_asr_encoder",
        always=True,
        harmless=("support_languages",),
    ),
    "voxtral": Wrapper("llama", audio=audio.voxtral, audio_type="voxtral_encoder", always=True),
    "glmasr": Wrapper("llama", audio=speech.glm_asr, audio_type="glmasr_encoder", always=True),
    "audioflamingo3": Wrapper(
        "qwen2",
        audio=speech.audio_flamingo,
        audio_type="audioflamingo3_encoder",
        always=True,
    ),
    "voxtral_realtime": Wrapper(
        "voxtral_realtime_text",
        audio=speech.voxtral_realtime,
        audio_type="voxtral_realtime_encoder",
        always=True,
    ),
    "granite_speech": Wrapper(
        "granite",
        audio=speech.granite_speech,
        audio_type="granite_speech_encoder",
        audio_keys=("encoder_config",),
        always=True,
    ),
    "fun_asr_nano": Wrapper(
        "qwen3", audio=speech.fun_asr, audio_type="fun_asr_nano_encoder", always=True
    ),
    "moss_transcribe_diarize": Wrapper(
        "qwen3",
        audio=speech.moss_transcribe,
        audio_type="moss_transcribe_diarize_audio",
        always=True,
    ),
    "granite_speech_plus": Wrapper(
        "granite",
        audio=speech.granite_speech,
        audio_type="granite_speech_plus_encoder",
        audio_keys=("encoder_config",),
        always=True,
    ),
    "midashenglm": Wrapper(
        "qwen2",
        audio=listening.dasheng,
        audio_type="midashenglm_dasheng_encoder",
        audio_keys=("audio_encoder_config",),
        always=True,
    ),
    "kimi_audio": Wrapper(
        "qwen2",
        audio=listening.kimi_audio,
        audio_type="whisper",
        always=True,
        harmless=_KIMI_AUDIO,
        uncounted=("kimia_mimo_layers",),
    ),
    "vibevoice_asr": Wrapper(
        "qwen2",
        audio=vibevoice.vibevoice_asr,
        audio_type="vibevoice_acoustic_tokenizer_encoder",
        audio_keys=("acoustic_tokenizer_encoder_config",),
        always=True,
    ),
    "ultravox": Wrapper(
        "llama",
        audio=listening.ultravox,
        audio_type="whisper",
        always=True,
        check=listening.check_ultravox,
    ),
}
"""By model type."""
