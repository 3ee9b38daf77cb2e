"""What the server of these tests holds, and what it is asked."""

from __future__ import annotations

import json

import pytest

from engine.model.config import load_architecture
from engine.words.errors import InputError
from tests.hub_server import Hub, Repository
from tests.tiny import TINY

CONFIG = json.dumps(TINY).encode()
SMALLER = json.dumps({**TINY, "num_hidden_layers": 1}).encode()
FP8 = json.dumps({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}).encode()
AUTOGPTQ = json.dumps({"bits": 4, "group_size": 128, "desc_act": False}).encode()
PARAMS = json.dumps(
    {
        "dim": 64,
        "n_layers": 2,
        "n_heads": 4,
        "n_kv_heads": 2,
        "head_dim": 16,
        "hidden_dim": 128,
        "vocab_size": 100,
    }
).encode()
"""`TINY` in Mistral's words."""
SIDECARS = [
    "hf_quant_config.json",
    "quantize_config.json",
    "quant_config.json",
    "quant_model_description.json",
]
"""What may lie beside a config that says nothing of quantisation."""
PARAMETERS = 86_848
"""Of `TINY`, as test_config counts them by hand."""


def repositories() -> dict[str, Repository]:
    plain = {"config.json": CONFIG, "model.safetensors": b"weights", "code.py": b"raise SystemExit"}
    return {
        "org/plain": Repository(dict(plain), older={"config.json": SMALLER}),
        "org/fp8": Repository({"config.json": CONFIG, "hf_quant_config.json": FP8}),
        "org/gptq": Repository({"config.json": CONFIG, "quantize_config.json": AUTOGPTQ}),
        "org/own-words": Repository({"params.json": PARAMS}),
        "org/gated": Repository(dict(plain), gated=True),
        "org/private": Repository(dict(plain), private=True),
        "org/broken": Repository({"config.json": b"{broken"}),
        "org/gguf": Repository({"model.Q4.gguf": b""}, tags=("base_model:quantized:meta/Real",)),
        "org/lora": Repository({"adapter_config.json": b"{}"}),
        "org/empty": Repository({"README.md": b""}, tags=("base_model:\x1b[31m/[red]",)),
        "org/forbidden": Repository(status=403),
        "org/busy": Repository(status=429, headers={"Retry-After": "77"}),
        "org/down": Repository(status=503),
        "org/odd": Repository(status=418),
        "org/website": Repository(status=200),
    }


def asked(hub: Hub, method: str = "") -> set[str]:
    """What was asked for, without the client's own statistics."""
    return {path for path in hub.paths(method) if "agent" not in path}


def refused(reference: str, revision: str = "") -> str:
    with pytest.raises(InputError) as caught:
        load_architecture(reference, revision=revision)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    return message
