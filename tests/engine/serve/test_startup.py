"""What servers print as they start, against logs of real ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenario import Scenario, Settings
from engine.serve.resolve import resolve
from engine.serve.startup import Launched, Startup, startup, startups
from engine.serve.system import System
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout

GIB = 1 << 30


def start(layout: Layout, framework: str, model: str, chip: str, **settings: object) -> Startup:
    scenario = Scenario(model=model, chip=chip, framework=framework, settings=Settings(**settings))
    return startup(resolve(scenario).systems[0], layout)


def test_a_small_model_on_vllm_0_11_has_the_cache_of_its_log():
    # Meta-Llama-3-8B-Instruct on one H200: 14.96 GiB of weights, 105.97 for the cache.
    found = start(
        Layout(),
        "vllm",
        "llama-3-8b",
        "h200",
        memory_fraction=0.9,
        max_context=1024,
        build="0.11.2",
    )
    assert found.weight_bytes / GIB == pytest.approx(14.96, abs=0.01)
    assert found.pool_bytes / GIB == pytest.approx(105.97, abs=0.2)
    assert found.tokens == pytest.approx(868_080, rel=0.002)


def test_deepseek_on_sglang_has_the_cache_of_its_log():
    # DeepSeek-R1 on eight H200: 79.80 GiB of weights, 33.32 for the cache.
    found = start(
        Layout(tensor=8), "sglang", "deepseek-r1", "h200", memory_fraction=0.82, max_context=163_840
    )
    assert found.weight_bytes / GIB == pytest.approx(79.80, abs=0.4)
    assert found.pool_bytes / GIB == pytest.approx(33.32, abs=0.5)
    assert found.starts


def test_gpt_oss_does_not_start_on_one_h100_under_vllm_0_10():
    # Died for want of 2.14 GiB before the first page of the cache (vLLM 0.10.1).
    found = start(Layout(), "vllm", "gpt-oss-120b", "h100", memory_fraction=0.9, build="0.10.1")
    assert not found.starts
    assert found.pool_bytes / GIB == pytest.approx(-2.14, abs=0.3)


def test_a_longer_request_than_the_pool_stops_vllm_and_not_sglang():
    told = {"max_context": 1 << 20, "memory_fraction": 0.5}
    assert not start(Layout(), "vllm", "llama-3-8b", "h100", **told).starts
    assert start(Layout(), "sglang", "llama-3-8b", "h100", **told).starts


def test_the_items_and_the_pool_are_all_that_the_engine_fills():
    found = start(Layout(tensor=2), "vllm", "llama-3-8b", "h100", max_context=8192)
    filled = sum(item.bytes for item in found.items) + found.pool_bytes
    assert filled == pytest.approx(found.capacity_bytes)


@pytest.mark.parametrize(
    "told", [{"max_sequences": 64}, {"memory_fraction": 0.95}, {"prefill_tokens": 1024}]
)
def test_settings_change_what_is_left(told):
    known = {"max_context": 8192, "build": "0.11"}
    before = start(Layout(), "vllm", "llama-3-8b", "h100", **known)
    after = start(Layout(), "vllm", "llama-3-8b", "h100", **known, **told)
    assert (after.pool_bytes > before.pool_bytes) is ("prefill_tokens" not in told)


def test_vllm_0_7_runs_the_longest_prompt_in_one_pass_at_start():
    told = {"build": "0.7.0", "memory_fraction": 0.9}
    short, long, chunked = (
        start(Layout(), "vllm", "llama-3.1-8b", "h100", max_context=most, **told).pool_bytes
        for most in (2048, 32_768, 65_536)
    )
    assert long < chunked
    assert long < short


def test_gpt_oss_on_vllm_0_22_has_the_cache_of_its_log():
    # gpt-oss-120b on two H200, 64 sequences: 88.77 GiB for the cache, 1.03 for graphs.
    told = {"memory_fraction": 0.9, "max_context": 2068, "max_sequences": 64}
    found = start(Layout(tensor=2), "vllm", "gpt-oss-120b", "h200", prefill_tokens=8192, **told)
    assert found.pool_bytes / GIB == pytest.approx(88.77, abs=0.4)


def test_tokens_of_older_builds_are_those_of_a_group():
    # gpt-oss: as many layers with a window as without, so that a group's tokens are of all layers.
    told = {"memory_fraction": 0.95, "max_context": 131_072}
    found = start(Layout(), "vllm", "gpt-oss-120b", "h200", build="0.11.0", **told)
    per_token = 36 * 2 * 8 * 64 * 2
    assert found.tokens == pytest.approx(found.pool_bytes / per_token, rel=1e-3)


LAUNCHED = Launched(context_tokens=5000, sequences=60)


def launched_system() -> System:
    return resolve(Scenario(model="qwen3-8b", chip="h100_sxm", framework="vllm")).systems[0]


def alone(layout: Layout, sequences: int) -> Startup:
    """The server that is told so by hand."""
    system = launched_system()
    engine = system.engine.changed(max_sequences=sequences)
    return startup(replace(system, engine=engine, max_context=5000, told_context=5000), layout)


def test_both_pools_of_an_arrangement_print_what_each_would_alone():
    prefill, decode = Pool(Layout(tensor=2), 1), Pool(Layout(), 3)
    found = startups(launched_system(), Disaggregated(prefill, decode), LAUNCHED)
    assert [one.pool for one in found] == ["prefill", "decode"]
    assert found[0].startup == alone(prefill.layout, 60)
    assert found[1].startup == alone(decode.layout, 20)


def test_an_aggregated_deployment_is_told_by_one_copy():
    found = startups(launched_system(), Aggregated(Layout(tensor=2, replicas=4)), LAUNCHED)
    assert [one.pool for one in found] == [""]
    assert found[0].startup == alone(Layout(tensor=2), 60)


def test_a_share_that_the_host_has_part_of_lacks_just_that():
    found = start(Layout(), "vllm", "qwen3-8b", "gb10", memory_fraction=0.97)
    assert not found.starts
    assert found.lacks_bytes / GIB == pytest.approx(0.97 * 121.69 - (121.69 - 6.5), abs=0.01)
    assert start(Layout(), "vllm", "qwen3-8b", "gb10", memory_fraction=0.9).starts
