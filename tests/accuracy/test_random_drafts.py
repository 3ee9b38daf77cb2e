"""What a fold takes of a model that no other row tells of is what the product would say."""

import pytest

from engine.model.acceptance import acceptance_of
from engine.model.draft import DraftMethod
from engine.scenario import Text
from tests.accuracy.draft_responses import chance_like, shares, told
from tests.accuracy.random_drafts import chance_unseen


def test_a_chance_comes_back_from_what_it_keeps() -> None:
    assert chance_like(shares(0.8), 3) == pytest.approx(0.8, abs=2e-3)


def test_told_chances_are_all_that_is_known_of_random_prompts() -> None:
    with told({"deepseek-r1": 0.6}):
        assert acceptance_of("deepseek-r1", DraftMethod.PREDICTION, Text.RANDOM).kept[0] == 0.6
        other = acceptance_of("qwen3.5-397b-a17b", DraftMethod.PREDICTION, Text.RANDOM)
        assert other.sources != ("fit",)


def test_an_unseen_model_keeps_more_where_others_do() -> None:
    found = []
    for chance in (0.5, 0.8):
        with told({"deepseek-r1": chance}):
            found.append(chance_unseen("qwen3.5-397b-a17b", 3))
    assert found[0] < found[1]
