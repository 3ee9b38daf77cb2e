"""The fullest attention-DP rank of a decode worker."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.parts.scheduler import RankChoice
from engine.serve.batching.uneven_ranks import unevenly_held
from engine.serve.passes.deployment import Deployment
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, Step, decode_step, take_inventory
from tests.engine import builders


def held(choice: RankChoice, batch: float, ranks: int) -> Step:
    chip, runtime = builders.chip(), builders.framework(rank_choice=choice)
    inventory = take_inventory(builders.mixture(), builders.BF16, chip, runtime)
    layouts = LayoutArrays.of([Layout(attention_data=ranks)])
    step = decode_step(np.array([[batch]]), layouts, 1024.0, 64.0)
    return unevenly_held(Deployment(inventory, chip, runtime, layouts), step)


def test_random_choices_leave_one_rank_fuller_than_the_mean():
    """512 on 8 ranks: 64 + 1.424·√(64·7/8)."""
    assert float(held(RankChoice.RANDOM, 512.0, 8).sequences.max()) == pytest.approx(
        74.66, abs=0.01
    )


def test_all_ranks_together_hold_what_they_did():
    step = held(RankChoice.RANDOM, 509.0, 8)
    assert float((step.sequences * step.share).max()) * 8 == pytest.approx(509.0)


def test_the_fullest_holds_no_more_than_there_are():
    assert float(held(RankChoice.RANDOM, 1.0, 8).sequences.max()) == pytest.approx(1.0)


@pytest.mark.parametrize(("choice", "ranks"), [(RankChoice.FEWEST, 8), (RankChoice.RANDOM, 1)])
def test_counted_or_single_ranks_are_even(choice: RankChoice, ranks: int):
    assert float(held(choice, 512.0, ranks).sequences.max()) == pytest.approx(512.0 / ranks)
