"""Model types that see: which text model and which towers each wraps."""

from __future__ import annotations

from engine.model.dialects.towers import (
    audio,
    dots3,
    early,
    janus,
    lines,
    merged,
    more,
    ocr,
    parts,
    patches,
    query,
    radio,
    remote,
    speech,
)
from engine.model.dialects.wrapper import Wrapper

_PERCEIVER = ("perceiver_config", "pixel_shuffle_factor", "use_resampler", "additional_vocab_size")
"""Left in Idefics 3 files from the generation before; nothing is built from them."""

_OMNI = (
    "position_id_per_seconds",
    "seconds_per_chunk",
    "enable_audio_output",
    "enable_audio_output_",
    "enable_talker",
    "speaker_id",
    "user_token_id",
)
"""Timing of the audio stream, and switches of the speech output."""

_INTERN = (
    "force_image_size",
    "dynamic_image_size",
    "max_dynamic_patch",
    "min_dynamic_patch",
    "select_layer",
    "use_thumbnail",
    "use_msac",
    "ps_version",
    "use_backbone_lora",
    "use_llm_lora",
    "mlp_connector_layers",
)
"""How InternVL and its kin cut pictures up."""

SEEING = {
    "gemma3": Wrapper(
        "gemma3_text", parts.gemma3, "siglip_vision_model", harmless=("mm_tokens_per_image",)
    ),
    "gemma4": Wrapper(
        "gemma4_text",
        parts.gemma4_vision,
        "gemma4_vision",
        audio.gemma4_audio,
        "gemma4_audio",
        harmless=("vision_soft_tokens_per_image",),
    ),
    "llama4": Wrapper("llama4_text", parts.llama4, "llama4_vision_model", always=True),
    "mllama": Wrapper("mllama_text_model", parts.mllama, "mllama_vision_model", always=True),
    "kimi_k25": Wrapper(
        "deepseek_v3",
        parts.moonvit,
        "kimi_k25_vision",
        harmless=("use_unified_vision_chunk", "video_placeholder"),
    ),
    "phi4_multimodal": Wrapper(
        "phi3",
        lines.phi4_vision,
        "phi4_multimodal_vision",
        lines.phi4_audio,
        "phi4_multimodal_audio",
        always=True,
    ),
    "gemma3n": Wrapper(
        "gemma3n_text",
        more.gemma3n_vision,
        "gemma3n_vision",
        audio.gemma3n_audio,
        "gemma3n_audio",
        harmless=("vision_soft_tokens_per_image", "audio_soft_tokens_per_image"),
    ),
    "kimi_vl": Wrapper("deepseek_v3", parts.moonvit, "moonvit"),
    "qwen2_vl": Wrapper("qwen2_vl_text", lines.qwen2, "qwen2_vl_vision", always=True),
    "qwen2_5_vl": Wrapper("qwen2_5_vl_text", lines.qwen2_5, "qwen2_5_vl_vision", always=True),
    "qwen3_vl": Wrapper("qwen3_vl_text", lines.qwen3, "qwen3_vl_vision", always=True),
    "qwen3_vl_moe": Wrapper("qwen3_vl_moe_text", lines.qwen3, "qwen3_vl_moe_vision", always=True),
    "glm4v": Wrapper("glm4v_text", lines.glm4v, "glm4v_vision", always=True),
    "mistral3": Wrapper(
        "mistral",
        parts.mistral3,
        "pixtral",
        harmless=("vision_feature_layer", "projector_hidden_act"),
    ),
    "glm4v_moe": Wrapper("glm4v_moe_text", lines.glm4v, "glm4v_moe_vision", always=True),
    "llava_next": Wrapper("llama", parts.llava_next, "clip_vision_model"),
    "llava_onevision": Wrapper("qwen2", parts.llava_next, "siglip_vision_model"),
    "paligemma": Wrapper("gemma", parts.paligemma, "siglip_vision_model"),
    "idefics3": Wrapper("llama", parts.idefics3, "idefics3_vision", text_harmless=_PERCEIVER),
    "smolvlm": Wrapper("llama", parts.idefics3, "smolvlm_vision", text_harmless=_PERCEIVER),
    "cohere2_vision": Wrapper("cohere2", parts.cohere2, "siglip_vision_model"),
    "minimax_m3_vl": Wrapper(
        "minimax_m3_vl_text",
        parts.minimax_m3,
        "minimax_m3_vl_vision",
        harmless=("img_token_compression_config", "process_image_mode"),
    ),
    "internvl": Wrapper("qwen2", parts.internvl, "internvl_vision"),
    "llava": Wrapper("llama", parts.llava, "clip_vision_model"),
    "phi3_v": Wrapper("phi3", harmless=("embd_layer",)),
    "llava_llama": Wrapper(
        "llama",
        parts.vila,
        "siglip_vision_model",
        vision_key="vision_tower_cfg",
        harmless=(
            "mm_hidden_size",
            "mm_projector_cfg",
            "num_video_frames",
            "s2_max_split_size",
            "vision_resolution",
        ),
    ),
    "internvl_chat": Wrapper(
        "internlm2",
        parts.intern,
        "intern_vit_6b",
        harmless=_INTERN,
    ),
    "muse_glimmer": Wrapper("muse_glimmer_text", lines.muse_glimmer, "muse_glimmer_vision"),
    "step3p7": Wrapper("step3p5", lines.step3p7, "step3p5_vision", always=True),
    "aria": Wrapper("aria_text", more.aria, "idefics3_vision", always=True),
    "aya_vision": Wrapper("cohere2", more.aya, "siglip_vision_model"),
    "vipllava": Wrapper("llama", more.vipllava, "clip_vision_model", always=True),
    "video_llava": Wrapper("llama", more.video_llava, "clip_vision_model", always=True),
    "llava_next_video": Wrapper(
        "llama",
        parts.llava_next,
        "clip_vision_model",
        harmless=("spatial_pool_mode", "spatial_pool_stride", "video_seq_length"),
    ),
    "lfm2_vl": Wrapper("lfm2", more.lfm2, "siglip2_vision_model", always=True),
    "idefics2": Wrapper("mistral", more.idefics2, "idefics2_vision", text_harmless=_PERCEIVER),
    "janus": Wrapper(
        "llama",
        janus.janus,
        "janus_vision_model",
        uncounted=(
            "vq_config",
            "gen_aligner_config",
            "gen_head_config",
            "gen_vision_config",
        ),
    ),
    "deepseek_vl_v2": Wrapper(
        "deepseek_v2",
        early.deepseek_vl2,
        "siglip_so400m_patch14_384",
        harmless=("candidate_resolutions", "tile_tag", "global_view_pos"),
        text_harmless=("lm_head", "rm_head"),
    ),
    "deepseek_vl": Wrapper("llama", more.deepseek_vl, "siglip_vision_model", always=True),
    "qwen2_5_omni": Wrapper(
        "qwen2",
        lines.qwen2_5,
        "qwen2_5_omni_vision_encoder",
        audio.omni_audio,
        "qwen2_5_omni_audio_encoder",
        harmless=_OMNI,
        uncounted=("talker_config", "token2wav_config", "code2wav_config"),
    ),
    "qwen3_omni_moe": Wrapper(
        "qwen3_omni_moe_text",
        more.qwen3_omni_vision,
        "qwen3_omni_moe_vision_encoder",
        lines.qwen3_asr,
        "qwen3_omni_moe_audio_encoder",
        harmless=_OMNI,
        uncounted=("talker_config", "token2wav_config", "code2wav_config"),
    ),
    "exaone4_5": Wrapper("exaone4", more.exaone4_5, "exaone4_5_vision", always=True),
    "ernie4_5_vl_moe": Wrapper(
        "ernie4_5_vl_moe_text", more.ernie4_5, "ernie4_5_vl_moe_vision", always=True
    ),
    "step3_vl": Wrapper(
        "step3_text",
        remote.step3,
        "step3_vision_encoder",
        harmless=("understand_projector_stride",),
    ),
    "ovis2": Wrapper("qwen2", more.ovis2, "ovis2_vision"),
    "glm_ocr": Wrapper("glm_ocr_text", more.glm_ocr, "glm_ocr_vision", always=True),
    "mistral_large4": Wrapper("mistral_large4_text", parts.mistral3, "pixtral"),
    "locateanything": Wrapper(
        "qwen2",
        parts.moonvit,
        "moonvit",
        harmless=("mlp_connector_layers", "use_backbone_lora", "use_llm_lora", "mlp_checkpoint"),
        text_harmless=("block_size", "causal_attn"),
    ),
    "glm5_next": Wrapper("glm5_next_text", more.glm_ocr, "glm5_next_vision", always=True),
    "nemotron_h_omni": Wrapper(
        "nemotron_h",
        radio.radio,
        "radio",
        radio.parakeet,
        "parakeet_encoder",
        audio_keys=("audio_config", "sound_config"),
        harmless=("force_image_size", "video_pruning_rate", "video_temporal_patch_size"),
    ),
    "lighton_ocr": Wrapper("qwen3", parts.mistral3, "pixtral"),
    "video_llama_3": Wrapper("qwen2", more.video_llama3, "video_llama_3_vision"),
    "paddleocr_vl": Wrapper(
        "paddleocr_vl_text",
        more.paddleocr,
        "paddleocr_vl_vision",
        harmless=("compression_ratio", "head_dim", "rope_is_neox_style", "use_3d_rope", "use_bias"),
    ),
    "qianfan_ocr": Wrapper("qwen3", parts.internvl, "qianfan_ocr_vision"),
    "molmo2": Wrapper(
        "molmo2_text",
        more.molmo2,
        "molmo2_vision",
        harmless=("use_frame_special_tokens", "vit_config"),
    ),
    "dots3_note": Wrapper(
        "dots3_note_text",
        dots3.vision,
        "dots3_note_vision_encoder",
        dots3.audio,
        "dots3_note_audio_encoder",
        always=True,
    ),
    "got_ocr2": Wrapper("qwen2", ocr.got_ocr2, "got_ocr2_vision", always=True),
    "hyperclovax_vision_v2": Wrapper(
        "hyperclovax", ocr.hyperclovax, "qwen2_5_vl_vision", always=True
    ),
    "hunyuan_vl": Wrapper("hunyuan_v1_dense", ocr.hunyuan_vl, "hunyuan_vl_vision"),
    "hy_v4_vl": Wrapper("hy_v4", ocr.hy_v4_vl, "hy_v4_vl_vision", always=True),
    "lfm3_vl": Wrapper("lfm3", ocr.lfm3_vl, "lfm3_vl_vision", always=True),
    "unlimited_ocr": Wrapper(
        "unlimited_ocr_text", ocr.unlimited_ocr, "unlimited_ocr_vision", always=True
    ),
    "inkling_mm_model": Wrapper(
        "inkling_text",
        patches.inkling_vision,
        "inkling_vision",
        audio=speech.inkling,
        audio_type="inkling_audio",
    ),
    "muse_spark": Wrapper(
        "muse_spark_text",
        lines.muse_glimmer,
        "muse_spark_vision",
        speech.muse_spark,
        "muse_spark_audio",
    ),
    "granite_docling": Wrapper(
        "granite", ocr.granite_docling, "granite_docling_vision", always=True
    ),
    "cosmos3_edge": Wrapper(
        "cosmos3_edge_text", ocr.cosmos3_edge, "cosmos3_edge_vision", always=True
    ),
    "apertus1p5": Wrapper(
        "apertus",
        harmless=("audio_token_offset", "image_token_offset", "vision_token_offset"),
        uncounted=("vision_tokenizer_config", "audio_tokenizer_config"),
    ),
    "deepseek_ocr2": Wrapper(
        "deepseek_ocr2_text", ocr.deepseek_ocr2, "deepseek_ocr2_vision", always=True
    ),
    "florence2": Wrapper("bart", query.florence, "florence_vision", always=True),
    "kosmos-2": Wrapper("kosmos_2_text_model", query.kosmos, "kosmos_2_vision_model", always=True),
    "kosmos-2.5": Wrapper(
        "kosmos_2_5_text_model", query.kosmos_2_5, "kosmos_2_5_vision_model", always=True
    ),
    "blip-2": Wrapper("opt", query.blip, "blip_2_vision_model", always=True),
    "instructblip": Wrapper("opt", query.blip, "instructblip_vision_model", always=True),
    "cohere_compass": Wrapper("cohere_compass_text", vision_type="cohere_compass_vision"),
    "dots_ocr": Wrapper(
        "qwen2",
        remote.dots_ocr,
        "dots_vit",
        always=True,
        text_harmless=("attention_bias",),
    ),
    "ovis": Wrapper(
        "qwen2",
        remote.ovis,
        "aimv2_visual_tokenizer",
        vision_key="visual_tokenizer_config",
    ),
    "ovis2_5": Wrapper("qwen3", remote.ovis2_5, "siglip2_navit", vision_key="vit_config"),
    "keye": Wrapper("qwen3", remote.keye, "siglip_vision_model"),
    "keye_vl_1_5": Wrapper("qwen3", remote.keye, "siglip_vision_model"),
    "bee": Wrapper("qwen3", remote.bee, "siglip_vision_model"),
    "r_vl": Wrapper("qwen3", remote.r_vl, "siglip_vision_model"),
    "interns1": Wrapper("qwen3", parts.internvl, "internvl_vision"),
    "step_vl": Wrapper("qwen3", lines.step3p7, "step3p5_vision"),
    "opencua": Wrapper("qwen2", lines.qwen2_5, "qwen2_5_vl_vision"),
    "llama_nemotron_nano_vl": Wrapper("llama", radio.nemotron_nano, "radio"),
    "nvlm_d": Wrapper("qwen2", merged.nvlm, "intern_vit_6b", harmless=_INTERN),
    "eagle_2_5_vl": Wrapper("qwen2", merged.eagle2_5, "siglip_vision_model", harmless=_INTERN),
    "llava_onevision2": Wrapper("qwen3", merged.llava_onevision2, "llava_onevision2"),
    "isaac": Wrapper(
        "qwen3",
        merged.isaac,
        "siglip2_vision_model",
        harmless=(
            "vision_patch_size",
            "vision_max_num_patches",
            "vision_min_num_patches",
            "pixel_shuffle_scale",
            "max_sequence_length",
            "vision_attn_implementation",
        ),
    ),
    "phi4_siglip": Wrapper("phi3", merged.phi4_siglip, "siglip2_vision_model"),
    "granite4_vision": Wrapper(
        "granite4_vision_text", merged.granite4, "clip_vision_model", always=True
    ),
    "bailing_moe_v3_vl": Wrapper("bailing_hybrid", merged.bailing, "qwen3_vl_moe_vision"),
}
"""By model type; some hear as well."""
