"""An engine's builds: which profile or era a dated or numbered one has, and what settings put in
place of the defaults."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.hardware.builds import build_day, built, configured, formers
from engine.hardware.chip_profiles import chip_ids, load_chip
from engine.hardware.framework_profiles import framework_ids, load_framework
from engine.scenario import ReduceFormat, Settings
from engine.words.errors import InputError


@pytest.mark.parametrize("framework", ["atom", "sglang", "trtllm", "vllm"])
def test_no_build_is_slower_for_its_age_alone(framework: str) -> None:
    """July and June of 2026: no profile and no era tells such builds apart, and the newest from
    them only by what it sets aside of its memory and how it holds weights."""
    engine, chip = load_framework(framework), load_chip("b200_sxm")
    june, july = (built(engine, chip, day) for day in ("2026-06-10", "2026-07-20"))
    assert june == july
    assert replace(july, memory=engine.memory, storage=engine.storage) == engine


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-02-10", date(2026, 2, 10)),
        ("2026-02", date(2026, 2, 15)),
        ("0.12", None),
        ("", None),
    ],
)
def test_a_build_is_a_day_or_a_number(text: str, day: date | None) -> None:
    assert build_day(text) == day


def test_a_numbered_build_has_a_profile_of_its_own() -> None:
    engine = built(load_framework("vllm"), load_chip("h100_sxm"), "0.6")
    assert engine.id == "vllm-0.6"


@pytest.mark.parametrize("build", ["0.6", "no-aiter"])
def test_a_build_of_a_build_is_itself(build: str) -> None:
    engine = built(load_framework(f"vllm-{build}"), load_chip("mi300x"), build)
    assert engine.id == f"vllm-{build}"


@pytest.mark.parametrize(
    ("chip", "day", "profile"),
    [
        ("h200_sxm", "2025-11-30", "sglang-2025"),
        ("mi355x", "2026-02-09", "sglang"),
        ("mi355x", "2026-02-10", "sglang-rocm-2026-02"),
        ("mi355x", "2026-03-20", "sglang"),
        ("h200_sxm", "2026-02-10", "sglang"),
    ],
)
def test_a_dated_build_is_described_by_the_profile_of_its_days_and_chips(
    chip: str, day: str, profile: str
) -> None:
    assert built(load_framework("sglang"), load_chip(chip), day).id == profile


@pytest.mark.parametrize(
    ("framework", "build", "message"),
    [
        ("vllm", "nightly", "expected a day as 2026-02-10 or one of"),
        ("atom", "0.1", "atom has no numbered ones"),
        ("vllm", "2026-02-30", "there is no such day"),
    ],
)
def test_an_unknown_build_says_what_is_known(framework: str, build: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        built(load_framework(framework), load_chip("h100_sxm"), build)


@pytest.mark.parametrize(
    ("framework", "chip", "known"),
    [("vllm", "h100_sxm", "expected none with vLLM"), ("sglang", "mi355x", "expected none with")],
)
def test_all_reduces_are_quantised_where_there_are_kernels(
    framework: str, chip: str, known: str
) -> None:
    settings = Settings(reduce_format=ReduceFormat.INT4)
    with pytest.raises(InputError, match=known):
        configured(load_framework(framework), load_chip(chip), settings)


def test_former_profiles_are_of_engines_and_chips_that_there_are() -> None:
    assert formers()
    for one in formers():
        assert one.of in framework_ids()
        assert {*one.chips} <= {*chip_ids()}
        assert one.since < one.until


def test_settings_stand_in_place_of_the_defaults_of_the_build() -> None:
    told = Settings(memory_fraction=0.5, prefill_tokens=1234, max_sequences=7, prefix_caching=False)
    engine = configured(load_framework("vllm"), load_chip("h100_sxm"), replace(told, build="0.6"))
    assert engine.id == "vllm-0.6"
    assert engine.memory.memory_fraction == 0.5
    scheduler = engine.scheduler
    assert (scheduler.prefill_tokens, scheduler.max_sequences) == (1234, 7)
    assert not scheduler.prefix_caching


def test_what_is_not_told_stays_as_it_is() -> None:
    engine = load_framework("vllm")
    assert configured(engine, load_chip("h100_sxm"), Settings()) == engine


def test_sglang_keeps_so_much_of_a_small_card_by_itself():
    # 512 + 1.5 x 2048 + 2 x 24 + 128 x 2 MiB of 24, then 0.95 x (1 - 0.1 x 0.42) for a tower of
    # 27 layers of 1152 (memory_hook.py, 0.5.10).
    sglang, chip = load_framework("sglang"), load_chip("rtx_4090")
    plain = configured(sglang, chip, Settings(), ranks=2).memory.memory_fraction
    seeing = configured(sglang, chip, Settings(), 2, 27 * 1152**2).memory.memory_fraction
    spared = (512 + 1.5 * 2048 + 2 * 30.7 + 128 * 2) * 2**20
    assert plain == pytest.approx(1 - spared / chip.usable_bytes, abs=0.001)
    assert seeing == pytest.approx(plain * 0.9097, abs=0.001)


def test_sglang_keeps_room_for_larger_graphs_of_four_ranks_on_a_large_chip():
    # 512 + 1.5 x 8192 + 128 x ranks MiB, and 2 x 256 or 2 x 512 for graphs.
    sglang, chip = load_framework("sglang"), load_chip("h200")
    two, four = (configured(sglang, chip, Settings(), one).memory for one in (2, 4))
    spared = (256 * 2 + 128 * 2) * 2**20 / chip.usable_bytes
    assert two.memory_fraction - four.memory_fraction == pytest.approx(spared, abs=0.0011)


def test_a_share_that_is_given_is_kept():
    sglang, chip = load_framework("sglang"), load_chip("rtx_4090")
    told = Settings(memory_fraction=0.7)
    assert configured(sglang, chip, told, 2, 1e9).memory.memory_fraction == 0.7


def test_without_graphs_nothing_is_captured():
    vllm, chip = load_framework("vllm"), load_chip("h200")
    assert configured(vllm, chip, Settings(graphs=True)) == vllm
    eager = configured(vllm, chip, Settings(graphs=False))
    assert not eager.capabilities.replays_graphs
    assert (eager.memory.graph_bytes, eager.memory.generation_graph_bytes) == (0.0, {})


def test_the_head_is_whole_where_somebody_says_so_and_the_engine_could_divide_it():
    chip = load_chip("h200")
    sglang, vllm = load_framework("sglang"), load_framework("vllm")
    assert not configured(sglang, chip, Settings(dp_lm_head=True)).storage.divided_head
    assert configured(sglang, chip, Settings(dp_lm_head=False)).storage.divided_head
    with pytest.raises(InputError, match="every attention-DP rank holds the LM head"):
        configured(vllm, chip, Settings(dp_lm_head=False))
