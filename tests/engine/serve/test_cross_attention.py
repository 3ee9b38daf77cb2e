"""What cross-attention holds: once per request, however much is generated."""

from __future__ import annotations

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture
from engine.model.precision import parse_precision
from engine.serve.memory.account import Held, footprint
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays
from tests.engine import builders

FRAMES, PER_TOKEN = 1500, 6144.0


def whisper() -> Architecture:
    config = {"model_type": "whisper", "d_model": 384, "vocab_size": 51865}
    for side in ("encoder", "decoder"):
        config |= {f"{side}_layers": 4, f"{side}_attention_heads": 6, f"{side}_ffn_dim": 1536}
    return read_architecture(config, "config.json", "whisper")


def held_bytes(tokens: float) -> float:
    layouts = LayoutArrays.of([Layout()])
    held = Held(tokens, tokens)
    sizes = whisper(), parse_precision("W16A16"), builders.chip(), builders.framework()
    return float(footprint(*sizes, layouts, held).cache_bytes_per_sequence[0, 0])


def test_a_request_holds_the_frames_of_its_encoder() -> None:
    assert held_bytes(16.0) == pytest.approx((16 + FRAMES) * PER_TOKEN, rel=0.01)


def test_more_generated_tokens_add_self_attention_alone() -> None:
    assert held_bytes(448.0) - held_bytes(16.0) == 432 * PER_TOKEN


def test_the_prompt_of_t5_is_the_encoders_and_the_answer_the_decoders() -> None:
    # Two layers of 2 heads of 16: keys and values of 128 bytes a token and layer, both attentions.
    config = {"model_type": "t5", "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2}
    config |= {"num_heads": 2, "vocab_size": 512, "feed_forward_proj": "relu"}
    model = read_architecture(config, "config.json", "t5")
    sizes = model, parse_precision("W16A16"), builders.chip(), builders.framework()
    layouts = LayoutArrays.of([Layout()])
    held = Held(960.0 + 64, 960.0 + 64, prompt_tokens=960.0)
    found = footprint(*sizes, layouts, held)
    assert float(found.cache_bytes_of_whole[0, 0]) == 2 * 128 * (960 + 64)
