"""Cache as engines hand it out, against sums on paper and start-up logs."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.framework_profiles import load_framework
from engine.hardware.parts.memory import WindowCache
from engine.serve.memory.cache_bytes import Layers, keyed_token_bytes, sequence_bytes

NONE = np.zeros((1, 1))


def layers(count: float, token: float = 0.0, state: float = 0.0, window: float = 0.0) -> Layers:
    return Layers(count, np.full((1, 1), token), np.full((1, 1), state), window)


def taken(found, engine, tokens: float, admitted: bool = True, drafts: int = 0) -> float:
    return float(sequence_bytes(found, engine, tokens, admitted, drafts)[0, 0])


def grouped(**changes: object):
    engine = load_framework("vllm").changed(prefill_tokens=100, state_slots=1.0)
    return engine.changed(**changes)


def test_a_layer_with_a_window_has_a_pass_and_a_page_free_to_let_a_request_in():
    # min(1000, 65 - 1 + 100) tokens are eleven pages of sixteen, and one more.
    assert taken([layers(1, 2.0, window=65)], grouped(), 1000) == 12 * 16 * 2


def test_while_it_is_served_a_page_more_than_the_window():
    found = [layers(1, 2.0, window=64)]
    assert taken(found, grouped(), 1000, admitted=False) == 5 * 16 * 2
    assert taken(found, grouped(), 20, admitted=False) == 2 * 16 * 2


def test_groups_of_layers_are_filled_up_to_one_size():
    # Eight and twenty layers: groups of eight, so that twenty are held as twenty-four.
    found = [layers(8, 1.0), layers(20, 1.0, window=16)]
    engine = grouped(prefill_tokens=1)
    assert taken(found, engine, 160) == 8 * 160 + 24 * 2 * 16


def test_a_state_fills_a_page_of_the_keys_and_values():
    # The page grows to the state: 100 bytes are 4 tokens of 30, so one block of 16.
    found = [layers(1, 30.0), layers(3, state=100.0)]
    assert taken(found, grouped(), 16) == 480 + 3 * 480


def test_every_draft_token_has_a_state_of_its_own():
    found = [layers(1, 30.0), layers(1, state=480.0)]
    more = taken(found, grouped(), 16, drafts=2) - taken(found, grouped(), 16)
    assert more == 2 * 480


@pytest.mark.parametrize("name", ["vllm", "sglang"])
def test_a_request_holds_one_state_where_no_prompts_caches_are_kept(name: str):
    engine = load_framework(name)
    found, slots = [layers(3, state=480.0)], engine.cache.state_slots
    kept = taken(found, engine.changed(prefix_caching=True), 16)
    assert kept == pytest.approx(slots * taken(found, engine.changed(prefix_caching=False), 16))


def test_a_page_of_qwen_is_as_long_as_the_logs_say():
    # Qwen3.5-27B, states in FP32 (0.19 logs): pages of 784 tokens.
    state = 3 * 10_240 * 2 + 48 * 128**2 * 4
    found = [layers(16, 4096.0), layers(48, state=float(state))]
    assert taken(found, grouped(), 1) == (16 + 48) * 784 * 4096


def test_gpt_oss_takes_what_its_log_says():
    # 69,307 bytes per token at 9,472 tokens and passes of 8,192 (start-up log, 0.22, TP1).
    token = 2.0 * 8 * 64 * 2
    found = [layers(18, token), layers(18, token, window=128)]
    engine = grouped(prefill_tokens=8192)
    assert taken(found, engine, 9472) / 9472 == pytest.approx(69_307, rel=1e-4)


def test_pools_of_their_own_hold_eight_tenths_of_the_tokens_for_windows():
    engine = load_framework("sglang")
    found = [layers(2, 10.0), layers(6, 10.0, window=100)]
    assert keyed_token_bytes(found, engine.cache)[0, 0] == 2 * 10 + 0.8 * 6 * 10
    assert taken(found, engine, 1000) == 1000 * 68
    # Short ones fill the pool of the windows first.
    assert taken(found, engine, 80) == pytest.approx(100 * 68)


def test_states_have_nine_tenths_of_the_others_pool():
    engine = load_framework("sglang")
    found = [layers(1, 1.0), layers(1, state=90.0)]
    # Three slots are more than nine tenths of the keys' bytes.
    assert taken(found, engine, 100) == pytest.approx(3 * 90 / (0.9 / 1.9))
    assert taken(found, engine, 1000) == pytest.approx(1000 * 1.9)


def test_engines_without_a_rule_give_each_layer_what_it_needs():
    engine = load_framework("generic")
    assert engine.cache.window_cache is WindowCache.WINDOW
    found = [layers(2, 10.0), layers(3, 10.0, window=64), layers(1, state=7.0)]
    assert taken(found, engine, 161) == 2 * 176 * 10 + 3 * 64 * 10 + 7
