"""Models with vision or audio towers around a text model that has a dialect of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.architecture import Architecture
from engine.defaults import class_defaults
from engine.dialects import towers, towers_lines
from engine.dialects.index import canonical, reader_for
from engine.dialects.nesting import with_outer
from engine.dialects.towers import Tower
from engine.errors import UnknownArchitecture
from engine.keys import Keys

TEXT = ("text_config", "language_config", "llm_config", "llm_cfg")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A multimodal model type: its text model's class and how its towers count.

    ``tower_types`` are the classes of ``vision_config`` and ``audio_config``. ``tower`` None: the
    tower is not described, and a warning says so. ``always`` towers exist even when the file has
    no config for them (class defaults).
    """

    text: str
    vision: Tower | None = None
    vision_type: str = ""
    audio: Tower | None = None
    audio_type: str = ""
    always: bool = False
    vision_key: str = "vision_config"
    harmless: tuple[str, ...] = ()
    text_harmless: tuple[str, ...] = ()


_PERCEIVER = ("perceiver_config", "pixel_shuffle_factor", "use_resampler", "additional_vocab_size")
"""Left in Idefics 3 files from the generation before; nothing is built from them."""

WRAPPERS = {
    "gemma3": Wrapper(
        "gemma3_text", towers.gemma3, "siglip_vision_model", harmless=("mm_tokens_per_image",)
    ),
    "gemma4": Wrapper(
        "gemma4_text",
        towers.gemma4_vision,
        "gemma4_vision",
        audio_type="gemma4_audio",
        harmless=("vision_soft_tokens_per_image",),
    ),
    "llama4": Wrapper("llama4_text", towers.llama4, "llama4_vision_model", always=True),
    "mllama": Wrapper("mllama_text_model", towers.mllama, "mllama_vision_model", always=True),
    "kimi_k25": Wrapper(
        "deepseek_v3",
        towers.moonvit,
        "kimi_k25_vision",
        harmless=("use_unified_vision_chunk", "video_placeholder"),
    ),
    "phi4_multimodal": Wrapper(
        "phi3",
        towers_lines.phi4_vision,
        "phi4_multimodal_vision",
        towers_lines.phi4_audio,
        "phi4_multimodal_audio",
        always=True,
    ),
    "gemma3n": Wrapper(
        "gemma3n_text",
        vision_type="gemma3n_vision",
        audio_type="gemma3n_audio",
        harmless=("vision_soft_tokens_per_image", "audio_soft_tokens_per_image"),
    ),
    "kimi_vl": Wrapper("deepseek_v3", towers.moonvit, "moonvit"),
    "qwen2_audio": Wrapper("qwen2", audio=towers.qwen2_audio, audio_type="qwen2_audio_encoder"),
    "qwen2_vl": Wrapper("qwen2", towers_lines.qwen2, "qwen2_vl_vision", always=True),
    "qwen2_5_vl": Wrapper("qwen2", towers_lines.qwen2_5, "qwen2_5_vl_vision", always=True),
    "qwen3_vl": Wrapper("qwen3_vl_text", towers_lines.qwen3, "qwen3_vl_vision", always=True),
    "qwen3_vl_moe": Wrapper(
        "qwen3_vl_moe_text", towers_lines.qwen3, "qwen3_vl_moe_vision", always=True
    ),
    "qwen3_asr": Wrapper(
        "qwen3_asr_text",
        audio=towers_lines.qwen3_asr,
        audio_type="qwen3_asr_audio_encoder",
        harmless=("support_languages",),
    ),
    "glm4v": Wrapper("glm4v_text", towers_lines.glm4v, "glm4v_vision", always=True),
    "mistral3": Wrapper(
        "mistral",
        towers.mistral3,
        "pixtral",
        harmless=("vision_feature_layer", "projector_hidden_act"),
    ),
    "glm4v_moe": Wrapper("glm4v_moe_text", towers_lines.glm4v, "glm4v_moe_vision", always=True),
    "llava_next": Wrapper("llama", towers.llava_next, "clip_vision_model"),
    "llava_onevision": Wrapper("qwen2", towers.llava_next, "siglip_vision_model"),
    "paligemma": Wrapper("gemma", towers.paligemma, "siglip_vision_model"),
    "idefics3": Wrapper("llama", towers.idefics3, "idefics3_vision", text_harmless=_PERCEIVER),
    "smolvlm": Wrapper("llama", towers.idefics3, "smolvlm_vision", text_harmless=_PERCEIVER),
    "cohere2_vision": Wrapper("cohere2", towers.cohere2, "siglip_vision_model"),
    "minimax_m3_vl": Wrapper("minimax_m3_vl_text", towers.minimax_m3, "minimax_m3_vl_vision"),
    "internvl": Wrapper("qwen2", towers.internvl, "internvl_vision"),
    "llava": Wrapper("llama", towers.llava, "clip_vision_model"),
    "phi3_v": Wrapper("phi3", harmless=("embd_layer",)),
    "llava_llama": Wrapper(
        "llama",
        towers.vila,
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
        towers.intern,
        "intern_vit_6b",
        harmless=(
            "force_image_size",
            "dynamic_image_size",
            "max_dynamic_patch",
            "min_dynamic_patch",
            "select_layer",
            "use_thumbnail",
            "ps_version",
            "use_backbone_lora",
            "use_llm_lora",
        ),
    ),
    "muse_glimmer": Wrapper("muse_glimmer_text", towers_lines.muse_glimmer, "muse_glimmer_vision"),
    "step3p7": Wrapper("step3p5", towers_lines.step3p7, "step3p5_vision", always=True),
}


def read(keys: Keys) -> Architecture:
    """The text model with its towers' parameters."""
    wrapper = WRAPPERS[keys.model_type]
    thinker = keys.scope("thinker_config", model_type=keys.model_type)
    if thinker is not None:
        thinker.model_type = keys.model_type
        return read(thinker)
    inner = text_keys(keys, wrapper.text)
    reader = reader_for(inner.model_type)
    if reader is None:
        raise UnknownArchitecture(
            f"{keys.source}: {inner.path}model_type {inner.model_type!r} is unknown"
        )
    inner.ignore(*wrapper.text_harmless)
    text = reader(inner)
    keys.ignore(*wrapper.harmless)
    keys.ignore("hidden_size", "vocab_size", "ignore_index", "image_seq_length")
    elements = _tower(keys, wrapper.vision_key, wrapper.vision, wrapper.vision_type, wrapper, text)
    elements += _tower(keys, "audio_config", wrapper.audio, wrapper.audio_type, wrapper, text)
    elements += _named_tower(keys, text)
    return with_outer(_dated(text, keys), keys, inner, elements)


def text_keys(keys: Keys, default: str) -> Keys:
    """The nested text config, read as its own model type or, when it states none, ``default``;
    the outer keys when the file is flat."""
    inner = keys.scope(*TEXT, model_type=default)
    if inner is not None:
        inner.model_type = canonical(inner.model_type)
        inner.defaults = inner.defaults or class_defaults(inner.model_type)
        return inner
    kind = canonical(default)
    flat = Keys(
        keys.values,
        keys.source,
        kind,
        class_defaults(kind),
        keys.path,
        nested=keys.nested,
        assumptions=keys.assumptions,
        opened=[],
    )
    keys.read = flat.read
    return flat


def _dated(text: Architecture, keys: Keys) -> Architecture:
    """The outer file's number type wins."""
    given = keys.values.get("dtype") or keys.values.get("torch_dtype")
    return replace(text, torch_dtype=given) if isinstance(given, str) else text


def _named_tower(keys: Keys, text: Architecture) -> int:
    """LLaVA-1.5 (original layout) and Phi-3-vision name their tower instead of describing it."""
    name = keys.text("mm_vision_tower", default="")
    if name:
        keys.ignore("mm_hidden_size", "use_mm_proj", "image_aspect_ratio", "mm_patch_merge_type")
        projector = keys.text("mm_projector_type", default="linear")
        width = keys.integer("mm_hidden_size", default=1024)
        tower = towers.named_clip(name)
        if not tower or projector != "mlp2x_gelu":
            keys.warnings.append(f"vision tower {name} with projector {projector} is not counted")
            return 0
        return tower + towers.two_layer_projector(width, text.hidden_size)
    processor = keys.scope("img_processor", model_type="none")
    if processor is None:
        return 0
    name = processor.text("model_name", default="")
    processor.ignore("num_img_tokens", "layer_idx", "type_feature")
    merged = 4 * processor.integer("image_dim_out")
    tower = towers.named_clip(name)
    if not tower:
        keys.warnings.append(f"vision tower {name} is not counted")
        return 0
    separators = 2 * merged
    hidden = text.hidden_size
    return tower + towers.linear(merged, hidden) + towers.linear(hidden, hidden) + separators


def _tower(
    keys: Keys,
    name: str,
    count: Tower | None,
    model_type: str,
    wrapper: Wrapper,
    text: Architecture,
) -> int:
    """Elements of one tower; 0 when there is none or, with a warning, when it is not described."""
    inner = keys.scope(name, model_type=model_type)
    if inner is None:
        if not wrapper.always or count is None:
            return 0
        keys.assume(name, model_type, f"class default of {keys.model_type}")
        inner = Keys(
            {},
            keys.source,
            model_type,
            class_defaults(model_type),
            f"{keys.path}{name}.",
            nested=True,
            assumptions=keys.assumptions,
            opened=keys.opened,
        )
    if count is None:
        keys.warnings.append(f"{keys.path}{name}: this tower is not counted")
        inner.ignore(*inner.values)
        return 0
    inner.ignore("tie_word_embeddings")
    return count(inner, keys, text.hidden_size)
