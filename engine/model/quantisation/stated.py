"""Where a checkpoint says how its numbers are stored: which file, which key, whose words.

Engines look in the same places (vLLM, model_executor/model_loader/weight_utils.py
``get_quant_config``; vllm-ascend, quantization/utils.py; mlx-lm, utils.py ``load_model``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.model.quantisation.values import OVERRIDE, Config, problem, section, text
from engine.sources.sidecars import AUTOAWQ, AUTOGPTQ, DESCRIPTION, MODELOPT


@dataclass(frozen=True, slots=True)
class Statement:
    """``values`` in the words of ``method``; ``file`` is the one beside config.json that holds
    them, empty for config.json itself."""

    method: str
    values: Config
    file: str = ""


def stated(config: Config, text_config: Config, beside: Mapping[str, Config]) -> Statement | None:
    """What the files say, the most telling place first; None when they say nothing. Raises
    `InputError` for a place that holds something else."""
    for name, values in beside.items():
        if name.startswith(DESCRIPTION):
            return Statement("modelslim", values, name)
    found = (
        _mlx(config)
        or _inside(config)
        or _inside(text_config)
        or modelopt_beside(beside)
        or _own_words(config)
        or _beside(beside)
    )
    empty = any(one.get("quantization_config") == {} for one in (config, text_config))
    if found is None and empty:
        expected = f"a quant_method and what it needs; {OVERRIDE}"
        raise problem("quantization_config", {}, expected)
    return found


def _mlx(config: Config) -> Statement | None:
    """MLX writes the same mapping twice, and may leave the original's quantization_config."""
    found = config.get("quantization")
    if isinstance(found, Mapping) and ("bits" in found or "mode" in found):
        return Statement("mlx", found)
    return None


def _inside(config: Config) -> Statement | None:
    """``quantization_config``, or ``compression_config`` of llm-compressor until autumn 2024."""
    found = section(config, "quantization_config")
    if found:
        return Statement(_method(found), found)
    found = section(config, "compression_config")
    if not found:
        return None
    inner = section(found, "quantization_config")
    return Statement("compressed-tensors", {**found, **inner})


def modelopt_beside(beside: Mapping[str, Config]) -> Statement | None:
    """ModelOpt's own file."""
    values = section(beside.get(MODELOPT, {}), "quantization")
    return Statement("modelopt", values, MODELOPT) if values else None


def _own_words(config: Config) -> Statement | None:
    """Keys of single tools: TensorRT-LLM's ``quantization``, MindIE's ``quantize``, ChatGLM's
    ``quantization_bit`` (a scale per row), the latter two in the words of others."""
    found = section(config, "quantization")
    if found:
        if "quant_algo" not in found:
            raise problem("quantization", sorted(found), "bits, mode or quant_algo")
        return Statement("modelopt", found)
    if text(config, "quantize"):
        return Statement("modelslim", {"model_quant_type": config["quantize"]})
    if config.get("quantization_bit"):
        rows = {"num_bits": config["quantization_bit"], "type": "int"}
        return Statement("compressed-tensors", {"config_groups": {"all": {"weights": rows}}})
    return None


def _beside(beside: Mapping[str, Config]) -> Statement | None:
    """What AutoGPTQ and AutoAWQ write beside a config that says nothing."""
    for name in (AUTOGPTQ, AUTOAWQ):
        values = beside.get(name)
        if values:
            method = _method(values)
            return Statement("gptq" if method in ("", "mlx") else method, values, name)
    return None


def _method(found: Config) -> str:
    """The method's name; files of some tools leave it out."""
    method = found.get("quant_method")
    if isinstance(method, str) and method:
        return method.lower().replace("compressed_tensors", "compressed-tensors")
    if method is not None and not isinstance(method, str):
        raise problem("quantization_config.quant_method", method, "the name of a method")
    if "quant_algo" in found:
        return "modelopt"
    if "config_groups" in found:
        return "compressed-tensors"
    if "w_bit" in found:
        return "awq"
    if found.get("load_in_4bit") or found.get("load_in_8bit"):
        return "bitsandbytes"
    if "bits" in found and ({"desc_act", "damp_percent", "sym"} & set(found)):
        return "gptq"
    return "mlx" if "bits" in found and "group_size" in found else ""
