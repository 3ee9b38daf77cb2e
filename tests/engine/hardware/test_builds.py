"""An engine's builds: how much slower a dated one is, which profile a numbered one has, and what
settings put in place of the defaults."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from engine.hardware.builds import MONTH_DAYS, build_day, built, configured, formers, paced
from engine.hardware.chip_profiles import chip_ids, load_chip
from engine.hardware.framework_profiles import framework_ids, load_framework
from engine.scenario import Settings
from engine.words.errors import InputError

NEWEST = date(2026, 7, 20)


def pace(framework: str, chip: str, build: str) -> float:
    return float(built(load_framework(framework), load_chip(chip), build).pace)


def test_months_count_back_from_the_newest_build_and_never_forward() -> None:
    share = load_framework("vllm").builds.quickening["blackwell"]
    for day, months in (
        (NEWEST, 0.0),
        (date(2026, 8, 1), 0.0),
        (date(2026, 7, 10), 10 / MONTH_DAYS),
    ):
        assert np.log(pace("vllm", "b200_sxm", day.isoformat())) == pytest.approx(share * months)


def test_an_older_build_takes_longer_by_its_months() -> None:
    """SGLang on Blackwell, once in July and once in May of 2026."""
    share = load_framework("sglang").builds.quickening["blackwell"]
    newest, older = (pace("sglang", "b200_sxm", day) for day in ("2026-07-20", "2026-05-20"))
    assert older / newest == pytest.approx(np.exp(share * 61 / MONTH_DAYS))


def test_builds_older_than_any_observed_are_as_slow_as_the_oldest() -> None:
    """vLLM on Blackwell was seen back to March of 2026."""
    builds = load_framework("vllm").builds
    share, months = (table["blackwell"] for table in (builds.quickening, builds.observed_months))
    older, oldest = (pace("vllm", "b200_sxm", day) for day in ("2026-01-01", "2025-11-01"))
    assert older == oldest == pytest.approx(np.exp(share * months))


def test_a_build_of_a_generation_that_nobody_followed_is_as_fast_as_the_newest() -> None:
    assert pace("vllm", "tpu_v5e", "2025-11-01") == 1.0


def test_a_share_that_moves_moves_the_pace() -> None:
    engine, chip = load_framework("vllm"), load_chip("b200_sxm")
    day = NEWEST - timedelta(days=30)
    twice = {**engine.builds.quickening, "blackwell": 2 * engine.builds.quickening["blackwell"]}
    moved = paced(engine.changed(quickening=twice), chip, day)
    assert moved.pace == pytest.approx(paced(engine, chip, day).pace ** 2)


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
    seeing = configured(sglang, chip, Settings(), 2, 12 * 27 * 1152**2).memory.memory_fraction
    spared = (512 + 1.5 * 2048 + 2 * 30.7 + 128 * 2) * 2**20
    assert plain == pytest.approx(1 - spared / chip.usable_bytes, abs=0.001)
    assert seeing == pytest.approx(plain * 0.9097, abs=0.001)


def test_a_share_that_is_given_is_kept():
    sglang, chip = load_framework("sglang"), load_chip("rtx_4090")
    told = Settings(memory_fraction=0.7)
    assert configured(sglang, chip, told, 2, 1e9).memory.memory_fraction == 0.7
