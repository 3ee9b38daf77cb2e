"""Slots of experts and their copies on any number of ranks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.model.matrices import Matrix, Role, Split
from engine.words.errors import InputError
from engine.work.expert_slots import Placing, expert_slots, refuse_unplaced, why_not_placed
from engine.work.layout import Layout
from engine.work.tokens.exchange import nodes_of_token
from tests.engine import builders

EPLB = Placing(copies=32, from_ranks=24, shared_apart=True, exact=True)


def slots(ranks: int, placing: Placing = EPLB, count: int = 256) -> tuple[float, float, float]:
    found = expert_slots(count, placing, np.array([[float(ranks)]]))
    return tuple(float(one[0, 0]) for one in (found.ranks, found.per_rank, found.shared_ranks))


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [(8, (8, 32, 0)), (32, (32, 9, 0)), (72, (72, 4, 0)), (144, (144, 2, 0)), (320, (288, 1, 32))],
)
def test_published_deployments_of_deepseek_v3(ranks: int, expected: tuple[float, float, float]):
    """EP32, EP72 and EP144 with 32 copies (DeepSeek, LMSYS); EP320 with 32 ranks of shared experts
    (CloudMatrix384)."""
    assert slots(ranks) == expected


def test_slots_that_nobody_chose_are_filled_up():
    assert Placing(32, 24).slots_on(256, 64) == 320
    assert slots(64, Placing(32, 24)) == (64, 5, 0)


def test_chosen_copies_have_to_divide():
    assert "288 expert slots" in why_not_placed(builders.mixture(experts=256), EPLB, 64)


def test_ranks_beyond_the_slots_need_shared_experts():
    model = builders.mixture(experts=8)
    with pytest.raises(InputError, match="EP16: found 8 expert slots"):
        refuse_unplaced(model, EPLB, [Layout(attention_data=16, expert=16)])
    group = model.layers[0]
    shared = Matrix("shared", 1024, 512, role=Role.SHARED_EXPERT, split=Split.COLUMN)
    block = replace(group.block, matrices=(*group.block.matrices, shared))
    sharing = replace(model, layers=(replace(group, block=block),))
    assert not why_not_placed(sharing, EPLB, 16)
    assert why_not_placed(sharing, Placing(32, 24), 16)


def test_nodes_of_a_token_follow_the_groups_of_its_experts():
    # Four of eight groups, two on each of four nodes: one is missed with 6·5·4·3 / (8·7·6·5).
    assert nodes_of_token(8, 8, 4, 4) == pytest.approx(4 * (1 - 15 / 70))
    # One group on each node.
    assert nodes_of_token(8, 8, 4, 8) == 4
    # Two nodes for each of four groups, two experts of a group on 1.5 of them.
    assert nodes_of_token(8, 8, 4, 16) == pytest.approx(6)
    # Nine nodes hold eight groups anyhow.
    assert nodes_of_token(8, 8, 4, 9) == pytest.approx(9 * (1 - (8 / 9) ** 8))
    assert nodes_of_token(8, 1, 1, 1) == 1
