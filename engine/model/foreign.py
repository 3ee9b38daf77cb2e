"""Files that people hand over in place of a model's config.json: what each is, and what is wanted.

A file is known by the keys that its tool always writes: PEFT's ``adapter_config.json``
(peft, config.py), transformers' generation, preprocessor and tokenizer files, GPTQ's
``quantize_config.json``, diffusers' ``model_index.json`` and configs of components
(configuration_utils.py: ``_class_name`` with ``_diffusers_version``), headers of GGUF files as
converters print them, safetensors' index, and DeepSpeed's arguments of a training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.words.messages import say
from engine.words.text import clean

WANTED = "expected a model's config.json"
_SIZES = ("hidden_size", "d_model", "n_embd", "dim", "num_hidden_layers", "n_layers", "num_layers")
"""A file with one of these at its top describes a model, whatever else it holds."""
_GENERATION_NAMES = """
do_sample temperature top_p top_k max_length max_new_tokens repetition_penalty num_beams
bos_token_id eos_token_id pad_token_id decoder_start_token_id forced_eos_token_id
"""
_GENERATION = frozenset(_GENERATION_NAMES.split())


def what_it_is(config: Mapping[str, Any]) -> str:
    """What a file is that describes no model by itself, and what is wanted; "" when it may."""
    return (
        _adapter(config)
        or _diffusion(config)
        or _header(config)
        or _of_a_tool(config)
        or _beside(config)
    )


TOOLS: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"pretrained_config", "build_config"}),
        "this is the config of a TensorRT-LLM engine",
    ),
    (
        frozenset({"architecture", "quantization", "num_hidden_layers"}),
        "this is the config of a TensorRT-LLM checkpoint",
    ),
    (
        frozenset({"model_config", "context_window_size"}),
        "this is an mlc-chat-config.json of MLC LLM",
    ),
    (frozenset({"model_format", "file_type"}), "this is the header of an Ollama model"),
    (frozenset({"tensor_model_parallel_size"}), "these are arguments of Megatron"),
    (frozenset({"search", "model"}), "this is a genai_config.json of ONNX Runtime"),
    (frozenset({"model_cfg", "preprocess_cfg"}), "this is a config of OpenCLIP"),
)
"""By keys that each always has: what tools make of a model, in their own words."""


def _of_a_tool(config: Mapping[str, Any]) -> str:
    for keys, what in TOOLS:
        if keys <= config.keys():
            return say(
                "{what}; expected the config.json of the model it was made from", what=say(what)
            )
    return ""


def _adapter(config: Mapping[str, Any]) -> str:
    if not ("peft_type" in config or ("lora_alpha" in config and "target_modules" in config)):
        return ""
    kind = clean(str(config.get("peft_type") or "LoRA"), 30)
    base = config.get("base_model_name_or_path")
    if isinstance(base, str) and base:
        return say(
            "this is a {kind} adapter of {base}, not a model; expected the config.json of that "
            "base model",
            kind=kind,
            base=clean(base, 120),
        )
    return say(
        "this is a {kind} adapter, not a model; expected the config.json of its base model",
        kind=kind,
    )


def _diffusion(config: Mapping[str, Any]) -> str:
    name = config.get("_class_name")
    if not isinstance(name, str) or "_diffusers_version" not in config:
        return ""
    return say(
        "this is a part of a diffusion model ({name}, diffusers), which makes pictures in many "
        "passes; expected a language model, a text encoder or a vision model",
        name=clean(name, 60),
    )


def _header(config: Mapping[str, Any]) -> str:
    """GGUF headers as tools print them, and indexes of weights."""
    names = [*config, *(config["gguf"] if isinstance(config.get("gguf"), dict) else ())]
    if any(str(name).startswith("general.architecture") for name in names):
        return say(
            "this is the header of a GGUF file, not a config.json; expected the config.json of the "
            "model it was made from (GGUF formats are not read)"
        )
    if isinstance(config.get("weight_map"), dict):
        return _wanted("this is an index of weight files; {wanted}, which lies beside it")
    return ""


_QUANTISED = "this says how a checkpoint is quantised; {wanted}, which lies beside it"
_SENTENCES = "this is a file of sentence-transformers; {wanted}, which lies beside it"
_TOKENIZER = "this is a tokenizer's config; {wanted}"
_TRAINING = "this belongs to a training (arguments or log); {wanted}"
BESIDE: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"quant_method"}), _QUANTISED),
    (frozenset({"w_bit", "q_group_size"}), _QUANTISED),
    (frozenset({"__version__", "prompts"}), _SENTENCES),
    (frozenset({"word_embedding_dimension"}), _SENTENCES),
    (frozenset({"max_seq_length", "do_lower_case"}), _SENTENCES),
    (frozenset({"bos_token", "eos_token"}), _TOKENIZER),
    (frozenset({"added_tokens", "model"}), _TOKENIZER),
    (frozenset({"learning_rate", "output_dir"}), _TRAINING),
    (frozenset({"log_history", "global_step"}), _TRAINING),
    (
        frozenset({"name", "version", "dependencies"}),
        "this describes a program's packages; {wanted}",
    ),
)
"""By keys that each always has."""


def _beside(config: Mapping[str, Any]) -> str:
    """Files that lie beside a config.json."""
    if any(name in config for name in (*_SIZES, "model_type", "architectures")):
        return ""
    nested = [value for value in config.values() if isinstance(value, dict)]
    if any(size in inner for inner in nested for size in _SIZES):
        return ""
    if "bits" in config and ("group_size" in config or "desc_act" in config):
        return _wanted("this is a quantize_config.json of GPTQ; {wanted}, which lies beside it")
    for keys, what in BESIDE:
        if keys <= config.keys():
            return _wanted(what)
    if isinstance(config.get("quantization"), dict) and "producer" in config:
        return _wanted("this is a hf_quant_config.json of ModelOpt; {wanted}, which lies beside it")
    if any(name.endswith("processor_type") or name == "processor_class" for name in config):
        return _wanted("this says how inputs are prepared (a preprocessor config); {wanted}")
    if "tokenizer_class" in config or "added_tokens_decoder" in config or "chat_template" in config:
        return _wanted("this is a tokenizer's config; {wanted}")
    chosen = _GENERATION & config.keys()
    if chosen and ("transformers_version" in config or chosen == config.keys()):
        return _wanted("this is a generation_config.json; {wanted}, which lies beside it")
    if "zero_optimization" in config or "train_micro_batch_size_per_gpu" in config:
        return _wanted("this is a DeepSpeed config of a training; {wanted}")
    return ""


FOREIGN = ("adapter_config.json", "model_index.json")
"""Files that say what a folder without a model's config is."""
_SUFFIXES = {
    ".gguf": "a GGUF file of llama.cpp; expected the config.json of the model it was made from",
    ".safetensors": "a file of weights; {wanted}, which lies beside it",
    ".bin": "a file of weights; {wanted}, which lies beside it",
    ".pt": "a file of weights; {wanted}, which lies beside it",
    ".pth": "a file of weights; {wanted}, which lies beside it",
    ".onnx": "an ONNX graph; {wanted}, or a layer table (CSV, one row per layer)",
    ".yaml": "a YAML file, as NeMo and trainers write them; {wanted} (JSON)",
    ".yml": "a YAML file, as NeMo and trainers write them; {wanted} (JSON)",
    ".nemo": "a NeMo archive; {wanted} (JSON)",
    ".py": "a program; {wanted} (JSON)",
}


def what_its_name_says(name: str) -> str:
    """What a file is whose name ends like one of another kind; "" for all others."""
    lowered = name.lower()
    what = next((what for end, what in _SUFFIXES.items() if lowered.endswith(end)), "")
    return _wanted(what) if what else ""


def _wanted(template: str) -> str:
    """What a file is, and that a config.json is wanted in its place."""
    return say(template, wanted=say(WANTED))
