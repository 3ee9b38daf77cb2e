"""What a fold takes of a model that no other row tells of is what the product would say."""

import tomllib
from pathlib import Path

import pytest

from engine.model.acceptance import acceptance_of
from engine.model.draft import DraftMethod
from engine.scenario import Text
from tests.accuracy.draft_responses import chance_like, shares, told
from tests.accuracy.random_drafts import Guess, chance_unseen, write_costs


def test_a_chance_comes_back_from_what_it_keeps() -> None:
    assert chance_like(shares(0.8), 3) == pytest.approx(0.8, abs=2e-3)


def test_told_chances_are_all_that_is_known_of_random_prompts() -> None:
    with told({"deepseek-r1": 0.6}):
        assert acceptance_of("deepseek-r1", DraftMethod.PREDICTION, Text.RANDOM).kept[0] == 0.6
        other = acceptance_of("qwen3.5-397b-a17b", DraftMethod.PREDICTION, Text.RANDOM)
        assert other.sources != ("fit",)


def test_costs_are_written_into_the_engines_profiles(tmp_path: Path) -> None:
    engine = tmp_path / "vllm.toml"
    engine.write_text('id = "vllm"\ndraft_sequence_us = 9\n\n[draft_generation_us]\ncdna3 = 5\n')
    (tmp_path / "sglang.toml").write_text('id = "sglang"\n')
    delays = {"vllm/cdna3": 0, "vllm/hopper": 0, "vllm/cdna4": 100, "sglang/hopper": 0}
    write_costs(Guess(delays=delays, each={"vllm": 20, "sglang": 0}), tmp_path)
    written = tomllib.loads(engine.read_text())
    assert written["draft_sequence_us"] == 20
    assert written["draft_generation_us"] == {"cdna3": 0, "cdna4": 100}
    assert tomllib.loads((tmp_path / "sglang.toml").read_text()) == {"id": "sglang"}


def test_an_unseen_model_keeps_more_where_others_do() -> None:
    found = []
    for chance in (0.5, 0.8):
        with told({"deepseek-r1": chance}):
            found.append(chance_unseen("qwen3.5-397b-a17b", 3))
    assert found[0] < found[1]
