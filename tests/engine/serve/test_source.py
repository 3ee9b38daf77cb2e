"""Encoder-decoders: the encoder works once per request, the decoder from its own first token."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture
from engine.model.precision import FORMATS, Precision
from engine.serve.load import Closed, Static
from engine.serve.passes.run import run
from engine.serve.predict import predict
from engine.serve.requests import Requests
from engine.serve.source import with_source
from engine.serve.system import System
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout
from engine.work.tokens import prefill_step
from tests.engine import builders

T5: dict[str, Any] = {
    "model_type": "t5",
    "d_model": 512,
    "d_ff": 1024,
    "d_kv": 64,
    "num_heads": 8,
    "num_layers": 6,
    "num_decoder_layers": 4,
    "vocab_size": 32128,
    "relative_attention_num_buckets": 32,
}
WHISPER: dict[str, Any] = {
    "model_type": "whisper",
    "d_model": 512,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048,
    "vocab_size": 51865,
    "num_mel_bins": 80,
    "max_source_positions": 1500,
    "max_target_positions": 448,
}
PLAIN = FORMATS["bf16"]


def system(config: dict[str, Any]) -> System:
    model = read_architecture(config, "m.json", "m")
    precision = Precision(PLAIN, PLAIN, PLAIN)
    return System(model, precision, builders.chip(), builders.framework())


def works(config: dict[str, Any], requests: Requests) -> dict[str, float]:
    """FLOPs by kernel name of the prefill of one request."""
    served = system(config)
    model = served.model
    assert isinstance(model, Architecture)
    deployment, asked = with_source(served.deployment([Layout()]), model, requests)
    step = prefill_step(np.ones((1, 1)), deployment.layouts, asked.input_tokens)
    found: dict[str, float] = {}
    for item in run(deployment, [step]).items():
        found[item.name] = found.get(item.name, 0.0) + float(np.sum(item.flops))
    return found


def test_the_prompt_goes_through_the_encoder_once() -> None:
    """300 tokens: two FLOPs per weight of its layers and of the decoder's keys and values."""
    found = works(T5, Requests(300.0, 10.0))
    encoder = sum(count for name, count in found.items() if name.startswith("encoder "))
    attention = found["encoder attention"]
    layer = 4 * 512 * 512 + 2 * 512 * 1024
    crossed = 2 * 512 * 512
    assert encoder - attention == pytest.approx(2 * 300 * (6 * layer + 4 * crossed))
    assert attention == pytest.approx(6 * 2 * (64 + 64) * 8 * 300 * 300)


def test_the_decoder_begins_with_one_token_that_sees_the_whole_source() -> None:
    found = works(T5, Requests(300.0, 10.0))
    assert found["lm_head"] == pytest.approx(2 * 512 * 32128)
    own, crossed = 1, 300
    assert found["attention"] == pytest.approx(4 * 2 * (64 + 64) * 8 * (own + crossed))


@pytest.mark.parametrize("prompt", [4.0, 64.0])
def test_the_frames_of_whisper_do_not_depend_on_the_prompt(prompt: float) -> None:
    found = works(WHISPER, Requests(prompt, 10.0))
    assert found["encoder attention"] == pytest.approx(6 * 2 * (64 + 64) * 8 * 1500 * 1500)


@pytest.mark.parametrize("load", [Static(), Closed()])
def test_a_longer_prompt_costs_the_first_token_and_less_the_others(load: Static | Closed) -> None:
    served, layout = system(T5), [Aggregated(Layout())]
    short, long = (
        predict(served, layout, Requests(tokens, 64.0), load, np.array([1.0]))
        for tokens in (64.0, 4096.0)
    )
    assert long.seconds["ttft"][0, 0] > short.seconds["ttft"][0, 0]
    # Every step reads the keys and values of the source.
    assert 1.0 < long.seconds["tpot"][0, 0] / short.seconds["tpot"][0, 0] < 2.0


def test_prompts_that_go_through_an_encoder_are_not_cut_into_chunks() -> None:
    served = system(T5)
    model = served.model
    assert isinstance(model, Architecture)
    tokens = served.engine.scheduler.prefill_tokens
    for prompt, whole in ((tokens * 3.0, 1), (tokens / 4.0, 4)):
        deployment, asked = with_source(
            served.deployment([Layout()]), model, Requests(prompt, 10.0, cached=0.5)
        )
        assert deployment.framework.scheduler.prefill_tokens == whole
        assert (float(asked.input_tokens), asked.cached) == (1.0, 0.0)
