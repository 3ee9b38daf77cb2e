"""Which dialect reads which ``model_type``.

One line per family: the module in `engine.model.dialects` and the model types it reads. Modules are
imported only when a config needs them, so a long list costs nothing at start.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from engine.model.architecture import Architecture
from engine.model.keys import Keys

FAMILIES: dict[str, tuple[str, ...]] = {
    "arctic": ("arctic",),
    "aria": ("aria_text",),
    "dbrx": ("dbrx",),
    "deepseek": (
        "deepseek",
        "deepseek_v2",
        "deepseek_v3",
        "deepseek_v32",
        "glm_moe_dsa",
        "axk1",
        "youtu",
    ),
    "axk2": ("axk2",),
    "beam": ("beam",),
    "drafts": (
        "eagle3-draft",
        "p-eagle-draft",
        "dflash-draft",
        "dspark-draft",
        "mtp-draft",
        "other-draft",
    ),
    "diffusion": ("llada", "dream", "sdar", "sdar_moe"),
    "dory": ("dory",),
    "dots3": ("dots3_note_text",),
    "hrm": ("hrm_text",),
    "molmo": ("molmo", "molmo2_text"),
    "step3": ("step3_text",),
    "mistral_large4": ("mistral_large4_text",),
    "modernbert": ("modernbert-decoder",),
    "bailing": ("bailing_moe", "bailing_moe_v2"),
    "chameleon": ("chameleon",),
    "cohere": ("cohere", "cohere2", "cohere2_moe", "cohere_compass_text"),
    "ernie": ("ernie4_5_moe", "ernie4_5_vl_moe_text"),
    "exaone": ("exaone4", "exaone_moe"),
    "falcon": ("falcon",),
    "fla": ("gla", "retnet", "delta_net", "gated_deltanet", "hgrn2"),
    "fuyu": ("fuyu",),
    "gemma": ("gemma", "gemma2", "gemma3_text", "vaultgemma"),
    "gated": ("laguna", "step3p5", "muse_glimmer_text"),
    "gemma3n": ("gemma3n_text",),
    "gemma4": ("gemma4_text",),
    "glm": ("chatglm", "glm", "glm4", "glm4v_text", "glm_ocr_text", "glm4_moe"),
    "gpt": (
        "gpt2",
        "gpt_bigcode",
        "gpt_neo",
        "gptj",
        "codegen",
        "gpt_neox",
        "opt",
        "bloom",
        "mpt",
        "xglm",
        "biogpt",
        "openai-gpt",
        "ctrl",
    ),
    "glm_next": ("glm5_next_text",),
    "gpt_oss": ("gpt_oss",),
    "granite": ("granitemoe", "granitemoeshared", "granite_swa", "granitemoe_swa"),
    "grok": ("grok1",),
    "headnorm": (
        "dots1",
        "hy_v3",
        "solar_open",
        "mellum",
        "afmoe",
        "kolibri1",
    ),
    "jetmoe": ("jetmoe",),
    "llama": (
        "llama",
        "yi",
        "aquila",
        "xverse",
        "skywork",
        "solar",
        "paddleocr_vl_text",
        "baichuan",
        "exaone",
        "internlm",
        "internlm2",
        "internlm3",
        "seed_oss",
        "granite",
        "helium",
        "arcee",
        "ernie4_5",
        "orion",
        "jais2",
        "nemotron",
        "iquestcoder",
        "teleflm",
    ),
    "kosmos": ("kosmos_2_text_model",),
    "lara": ("lara_mini",),
    "llama4": ("llama4_text",),
    "hunyuan": ("hunyuan", "hunyuan_v1_dense", "hunyuan_v1_moe"),
    "longcat": ("longcat_flash",),
    "mimo": ("mimo_v2_flash",),
    "mllama": ("mllama_text_model",),
    "multimodal": (
        "gemma3",
        "gemma4",
        "llama4",
        "mllama",
        "kimi_k25",
        "qwen2_audio",
        "qwen2_vl",
        "qwen2_5_vl",
        "qwen3_vl",
        "qwen3_vl_moe",
        "qwen3_asr",
        "glm4v",
        "mistral3",
        "llava",
        "glm4v_moe",
        "llava_next",
        "llava_onevision",
        "paligemma",
        "idefics3",
        "smolvlm",
        "cohere2_vision",
        "minimax_m3_vl",
        "internvl",
        "kimi_vl",
        "phi4_multimodal",
        "gemma3n",
        "internvl_chat",
        "phi3_v",
        "llava_llama",
        "muse_glimmer",
        "step3p7",
        "aria",
        "aya_vision",
        "vipllava",
        "video_llava",
        "llava_next_video",
        "lfm2_vl",
        "idefics2",
        "janus",
        "deepseek_vl",
        "qwen2_5_omni",
        "qwen3_omni_moe",
        "voxtral",
        "exaone4_5",
        "ernie4_5_vl_moe",
        "ovis2",
        "glm_ocr",
        "mistral_large4",
        "locateanything",
        "deepseek_vl_v2",
        "step3_vl",
        "glm5_next",
        "nemotron_h_omni",
        "lighton_ocr",
        "video_llama_3",
        "paddleocr_vl",
        "qianfan_ocr",
        "molmo2",
        "dots3_note",
        "cohere_compass",
        "got_ocr2",
        "glmasr",
        "audioflamingo3",
        "voxtral_realtime",
        "granite_speech",
        "hyperclovax_vision_v2",
        "apertus1p5",
        "hunyuan_vl",
        "hy_v4_vl",
        "lfm3_vl",
        "unlimited_ocr",
        "muse_spark",
        "granite_docling",
        "cosmos3_edge",
        "fun_asr_nano",
        "inkling_mm_model",
        "deepseek_ocr2",
        "florence2",
        "kosmos-2",
        "blip-2",
        "instructblip",
        "dots_ocr",
        "ovis",
        "ovis2_5",
        "keye",
        "keye_vl_1_5",
        "bee",
        "r_vl",
        "interns1",
        "opencua",
        "step_vl",
        "moss_transcribe_diarize",
        "granite_speech_plus",
    ),
    "minicpm": ("minicpm", "minicpm3"),
    "minimax": ("minimax_m2", "minimax_m3"),
    "mistral": ("mistral", "ministral", "ministral3", "mixtral"),
    "olmo": ("hf_olmo", "olmo", "olmo2", "olmo3", "olmoe", "flex_olmo"),
    "phi": ("phi", "phi3", "phi3small", "phi4mm", "phimoe"),
    "qwen": ("qwen", "qwen2", "mimo", "qwen2_moe", "qwen3", "qwen3_moe", "flint"),
    "unusual": (
        "stablelm",
        "starcoder2",
        "apertus",
        "cosmos3_edge_text",
        "bitnet",
        "nanochat",
        "doge",
        "hyperclovax",
        "smollm3",
        "cwm",
        "persimmon",
        "diffllama",
        "telechat",
    ),
    "qwen_hybrid": ("qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"),
    "deepseek_v4": ("deepseek_v4",),
    "mamba": ("mamba", "falcon_mamba", "mamba2"),
    "mamba_hybrid": ("bamba", "granitemoehybrid", "falcon_h1", "jamba"),
    "muse_spark": ("muse_spark_text",),
    "nemotron_h": ("nemotron_h",),
    "minimax_linear": ("minimax",),
    "kimi_linear": ("kimi_linear", "bailing_hybrid", "kimi_k3"),
    "nemotron_nas": ("nemotron-nas", "deci"),
    "lfm": ("lfm2", "lfm2_moe", "lfm3"),
    "olmo_hybrid": ("olmo_hybrid",),
    "recurrent_gemma": ("recurrent_gemma",),
    "zaya": ("zaya",),
    "hy_v4": ("hy_v4",),
    "inkling": ("inkling_text",),
    "t5": ("t5", "mt5", "umt5", "longt5", "switch_transformers"),
    "t5gemma": ("t5gemma",),
    "bart": (
        "bart",
        "mbart",
        "m2m_100",
        "marian",
        "pegasus",
        "blenderbot",
        "blenderbot-small",
        "mvp",
        "plbart",
        "nllb-moe",
        "whisper",
    ),
    "voxtral_realtime": ("voxtral_realtime_text",),
    "zamba": ("zamba",),
    "zamba2": ("zamba2",),
    "xlstm": ("xlstm",),
    "rwkv": ("rwkv", "rwkv5", "rwkv6", "rwkv7"),
    "minicpm_v": ("minicpmv", "minicpmo", "minicpmv4_6", "minicpm_ocr"),
}

ALIASES: dict[str, str] = {
    "grok-1": "grok1",
    "gemma4_unified_text": "gemma4_text",
    "qwen3_vl_text": "qwen3",
    "qwen3_vl_moe_text": "qwen3_moe",
    "qwen3_asr_text": "qwen3",
    "qwen2_vl_text": "qwen2",
    "qwen2_5_vl_text": "qwen2",
    "qwen2_5_omni_text": "qwen2",
    "glm46v": "glm4v",
    "glmga": "glm4v",
    "ernie4_5_moe_vl": "ernie4_5_vl_moe",
    "aria_moe_lm": "aria_text",
    "stablelm_epoch": "stablelm",
    "mimo_v2": "mimo_v2_flash",
    "telechat2": "telechat",
    "NemotronH_Nano_VL_V2": "nemotron_h_omni",
    "shieldgemma2": "gemma3",
    "gemma4_unified": "gemma4",
    "qwen2_5_omni_thinker": "qwen2_5_omni",
    "qwen3_omni_moe_thinker": "qwen3_omni_moe",
    "qwen3_omni_moe_text": "qwen3_moe",
    "multi_modality": "janus",
    "sarvam_moe": "bailing_moe_v2",
    "glm4v_moe_text": "glm4_moe",
    "gpt_sw3": "gpt2",
    "minimax_m3_vl_text": "minimax_m3",
    "deepseek_ref": "deepseek_v4",
    "minimax_m1": "minimax",
    "minimax_text_01": "minimax",
    "kimi_k2": "deepseek_v3",
    "mistral4": "deepseek_v3",
    "sarvam_mla": "deepseek_v3",
    "cosmos3_omni": "qwen3_vl",
    "granite_docling_text": "granite",
    "hunyuan_vl_text": "hunyuan_v1_dense",
    "hy_v4_vl_text": "hy_v4",
    "unlimited_ocr_text": "deepseek",
    "deepseek_ocr2_text": "deepseek",
    "apertus1p5_text": "apertus",
    "minicpmv4_7": "minicpmv4_6",
    "musicflamingo": "audioflamingo3",
    "pp_chart2table": "got_ocr2",
    "glm4_moe_lite": "deepseek_v3",
    "RefinedWeb": "falcon",
    "RefinedWebModel": "falcon",
    "phi-msft": "phi",
    "Yi": "yi",
    "InternLM": "internlm",
    "OrionForCausalLM": "orion",
    "NemotronH_Nano_Omni_Reasoning_V3": "nemotron_h_omni",
    "deepseek-ocr": "deepseek_vl_v2",
    "minimax_m3_text": "minimax_m3",
    "unlimited_language": "deepseek",
    "llama_bidirec": "llama",
    "telechat3": "llama",
    "KeyeVL1_5": "keye_vl_1_5",
    "Keye": "keye",
    "R": "r_vl",
    "step_robotics": "step_vl",
    "skywork_chat": "internvl_chat",
    "h2ovl_chat": "internvl_chat",
    "qwen3_asr_thinker": "qwen3_asr",
}
"""Other spellings of a model type that carry exactly the same layout."""

Reader = Callable[[Keys], Architecture]


@cache
def _modules() -> dict[str, str]:
    return {kind: module for module, kinds in FAMILIES.items() for kind in kinds}


def canonical(model_type: str) -> str:
    """The model type that ``model_type`` is another name of, or itself. Case and hyphens for
    underscores make no difference where the plain spelling is known."""
    found = ALIASES.get(model_type, model_type)
    if found in _modules():
        return found
    plain = model_type.lower().replace("-", "_")
    plain = ALIASES.get(plain, plain)
    return plain if plain in _modules() else found


def known_model_types() -> tuple[str, ...]:
    """Every model type that a dialect reads, aliases included, sorted."""
    return tuple(sorted({*_modules(), *ALIASES}))


def reader_for(model_type: str) -> Reader | None:
    """The reader of ``model_type``, or None when no dialect knows it."""
    module = _modules().get(canonical(model_type))
    if module is None:
        return None
    reader: Reader = importlib.import_module(f"engine.model.dialects.{module}").read
    return reader


def wraps_text(model_type: str) -> bool:
    """True when the dialect of ``model_type`` reads a text model nested in its config."""
    return _modules().get(canonical(model_type)) in (
        "multimodal",
        "minicpm_v",
        "qwen_hybrid",
        "fuyu",
    )


_SUFFIXES = (
    "ForCausalLM",
    "ForConditionalGeneration",
    "LMHeadModel",
    "ForSequenceClassification",
    "ForTextEncoding",
    "ForTokenClassification",
    "ForRewardModel",
    "ForProcessRewardModel",
    "Model",
)


_CLASSES = {
    "RWForCausalLM": "falcon",
    "T5WithLMHeadModel": "t5",
    "DeciLMForCausalLM": "deci",
    "Grok1ModelForCausalLM": "grok1",
    "HunYuanMoEV1ForCausalLM": "hunyuan_v1_moe",
    "HunYuanDenseV1ForCausalLM": "hunyuan_v1_dense",
    "StableLMEpochForCausalLM": "stablelm",
    "MiniMaxM3SparseForCausalLM": "minimax_m3_vl_text",
    "ExaoneMoEForCausalLM": "exaone_moe",
    "LLaDAModelLM": "llada",
    "DreamModel": "dream",
    "Cosmos3ForConditionalGeneration": "cosmos3_omni",
    "BeeForConditionalGeneration": "bee",
    "DotsOCRForCausalLM": "dots_ocr",
    "H2OVLChatModel": "h2ovl_chat",
    "InternS1ForConditionalGeneration": "interns1",
    "InternS1ProForConditionalGeneration": "interns1",
    "KeyeForConditionalGeneration": "keye",
    "KeyeVL1_5ForConditionalGeneration": "keye_vl_1_5",
    "OpenCUAForConditionalGeneration": "opencua",
    "Ovis": "ovis",
    "Ovis2_5": "ovis2_5",
    "Ovis2_6ForCausalLM": "ovis2_5",
    "Ovis2_6_MoeForCausalLM": "ovis2_5",
    "RForConditionalGeneration": "r_vl",
    "StepVLForConditionalGeneration": "step_vl",
    "SkyworkR1VChatModel": "skywork_chat",
    "TeleChat3ForCausalLM": "telechat3",
    "TeleFLMForCausalLM": "teleflm",
    "D3ForSequenceClassification": "qwen3_5",
    "DeepseekOCRForCausalLM": "deepseek_vl_v2",
    "DeepseekV3BidirectionalModel": "deepseek_v3",
    "DeepseekVL2ForCausalLM": "deepseek_vl_v2",
    "EmbeddingGemmaModel": "gemma3_text",
    "GatedDeltaNetForCausalLM": "gated_deltanet",
    "HCXVisionV2ForCausalLM": "hyperclovax_vision_v2",
    "JinaEmbeddingsV5Model": "qwen3",
    "KimiK3LinearForCausalLM": "kimi_k3",
    "ColBERTLfm2Model": "lfm2",
    "Lfm2BidirectionalModel": "lfm2",
    "LlamaBidirectionalForSequenceClassification": "llama",
    "LlamaBidirectionalModel": "llama",
    "LlamaEmbeddingModel": "llama",
    "LlamaForClassification": "llama",
    "LlamaForSequenceClassificationWithNormal_Weights": "llama",
    "MistralLarge3ForCausalLM": "deepseek_v3",
    "MultiModalityCausalLM": "multi_modality",
    "NemotronH_Nano_Omni_Reasoning_V3": "nemotron_h_omni",
    "NemotronH_Super_Omni_Reasoning_V3": "nemotron_h_omni",
    "PixtralForConditionalGeneration": "mistral3",
    "QuantMixtralForCausalLM": "mixtral",
    "Qwen3ASRForcedAlignerForTokenClassification": "qwen3_asr",
    "Qwen3ASRRealtimeGeneration": "qwen3_asr",
    "TorchNativeLlamaForCausalLM": "llama",
    "TorchNativePhi3ForCausalLM": "phi3",
    "VoxtralRealtimeGeneration": "voxtral_realtime",
    "VoyageQwen3BidirectionalEmbedModel": "qwen3",
}
"""Class names whose model type is not their stem."""


def model_type_of_architectures(architectures: Any) -> str:
    """The model type that a class name such as LlamaForCausalLM belongs to, or ""."""
    if not isinstance(architectures, list):
        return ""
    plain = {kind.replace("_", "").replace("-", "").lower(): kind for kind in known_model_types()}
    for name in architectures:
        if not isinstance(name, str):
            continue
        if name in _CLASSES:
            return _CLASSES[name]
        for suffix in _SUFFIXES:
            stem = name.removesuffix(suffix).replace("_", "").lower()
            if stem in plain:
                return plain[stem]
    return ""
