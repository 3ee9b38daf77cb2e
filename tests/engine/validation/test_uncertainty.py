"""Every prediction has a range: the wider, the less is known."""

from __future__ import annotations

import pytest

from engine.chip_profiles import chip_ids
from engine.scenario import Mode, Scenario
from engine.sweep import prepare
from engine.validation.uncertainty import accuracy_of


def accuracy(chip: str, framework: str = "vllm", mode: Mode = Mode.CONTINUOUS):
    return accuracy_of(prepare(Scenario(chip=chip, framework=framework)), mode)


@pytest.mark.parametrize("chip", chip_ids())
def test_every_chip_has_a_range(chip: str) -> None:
    found = accuracy(chip)
    assert 0 < found.ranges["tpot"] < 2
    assert found.badge in {"measured", "fitted", "datasheet"}
    assert found.basis


def test_badges_follow_what_was_published() -> None:
    assert accuracy("h100_sxm").badge == "measured"
    assert accuracy("h100_pcie").badge == "fitted"
    assert accuracy("trainium2").badge == "datasheet"


def test_less_known_is_wider() -> None:
    known, generic = accuracy("h100_sxm"), accuracy("h100_sxm", "generic")
    strange = accuracy("trainium2", "generic")
    assert known.ranges["tpot"] < generic.ranges["tpot"] < strange.ranges["tpot"]


def test_range_reads_as_percent() -> None:
    text = accuracy("h100_sxm").percent("tpot")
    assert text.startswith("±") and text.endswith(" %")
