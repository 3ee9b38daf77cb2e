"""Which bundled profile a name of the hub stands for."""

from __future__ import annotations

import pytest

from engine.model.config import load_architecture
from engine.model.config.bundled import stand_in
from engine.words.errors import InputError


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Qwen/Qwen3-32B-AWQ", ("qwen3-32b", "W4A16")),
        ("deepseek-ai/DeepSeek-R1-0528", ("deepseek-r1", "")),
        ("nvidia/DeepSeek-R1-0528-NVFP4", ("deepseek-r1", "NVFP4")),
        ("RedHatAI/Llama-3.3-70B-Instruct-quantized.w4a16", ("llama-3.3-70b", "W4A16")),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", ("llama-3.1-8b", "")),
        ("mistralai/Mistral-7B-Instruct-v0.3", ("mistral-7b", "")),
        ("qwen3-32b-awq", ("qwen3-32b", "W4A16")),
        ("BAAI/bge-m3", ("", "")),
        ("Qwen/Qwen3-32B-Omni", ("", "")),
        ("-", ("", "")),
    ],
)
def test_versions_of_a_bundled_model(name: str, found: tuple[str, str]) -> None:
    assert stand_in(name) == found


def test_without_the_hub_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise InputError("Qwen/Qwen3-32B-AWQ: no network")

    monkeypatch.setattr("engine.sources.hub.fetch_config", refused)
    with pytest.raises(InputError, match="no network; bundled: qwen3-32b, with precision W4A16"):
        load_architecture("Qwen/Qwen3-32B-AWQ")


def test_a_name_like_no_other_says_where_names_are() -> None:
    with pytest.raises(InputError, match="`rooftop models` lists the profiles"):
        load_architecture("yolov8")
