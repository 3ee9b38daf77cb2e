"""What is known of drafts: by model, family and method; beyond the last published position."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import acceptance
from engine.model.acceptance import (
    Acceptance,
    Basis,
    acceptance_of,
    family,
    known_acceptances,
    stem,
)
from engine.model.draft import DraftMethod
from engine.scenario import Text

METHODS = st.sampled_from(DraftMethod)
TEXTS = st.sampled_from(Text)


def row(*kept: float) -> Acceptance:
    return Acceptance("m", DraftMethod.EAGLE3, Text.CHAT, kept, 1, 0.03, ("here",))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1"),
        ("zai-org__GLM-5.2-FP8", "glm-5.2"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
    ],
)
def test_names_lose_what_does_not_change_the_model(name: str, expected: str):
    assert stem(name) == expected


def test_a_family_is_the_first_word():
    assert (family("openai/gpt-oss-20b"), family("GLM-5")) == ("gpt-oss", "glm")


def test_published_tokens_per_step_are_reproduced():
    """TensorRT-LLM's blog on DeepSeek-R1: 1.92, 2.58, 2.82 at 1, 2, 3 drafted tokens."""
    known = acceptance_of("deepseek-r1", DraftMethod.PREDICTION, Text.CHAT)
    made = [1 + sum(known.first(tokens)) for tokens in (1, 2, 3)]
    assert known.basis is Basis.MODEL
    assert made == pytest.approx([1.92, 2.58, 2.82], abs=0.005)


def test_a_model_without_figures_has_its_familys():
    known = acceptance_of("llama-3.1-405b", DraftMethod.EAGLE3, Text.CODE)
    assert known.basis is Basis.FAMILY


def test_an_unknown_model_has_the_methods():
    assert acceptance_of("nobody-7b", DraftMethod.DFLASH, Text.CHAT).basis is Basis.METHOD


def test_other_text_changes_what_is_known_of_the_model():
    code = acceptance_of("deepseek-r1", DraftMethod.PREDICTION, Text.CODE)
    assert code.basis is Basis.OTHER_TEXT
    assert sum(code.kept) > sum(acceptance_of("deepseek-r1", code.method, Text.CHAT).kept)


def test_beyond_the_last_position_the_chance_falls():
    assert row(0.8).first(2) == pytest.approx((0.8, 0.8 * 0.8 * 0.95))


@given(st.text(max_size=12), METHODS, TEXTS)
def test_no_position_is_kept_more_often_than_the_one_before(name, method, text):
    kept = (1.0, *acceptance_of(name, method, text).first(12))
    assert all(1.0 >= one >= other >= 0.0 for one, other in pairwise(kept))


def test_every_row_has_its_sources():
    assert all(one.sources and one.figures > 0 for one in known_acceptances())


def test_a_method_without_figures_says_whose_are_taken():
    like = acceptance_of("llama-3.1-8b", DraftMethod.EAGLE3, Text.CHAT)
    known = acceptance_of("llama-3.1-8b", DraftMethod.EAGLE, Text.CHAT)
    assert known.kept == like.kept
    assert known.basis is Basis.OTHER_METHOD


def _without(row: Acceptance, basis: Basis) -> tuple[Acceptance, ...]:
    """What else is known on real text: of others, of other models, of other families."""
    keys = {
        Basis.OTHER_TEXT: lambda one: (one.model, one.method, one.text),
        Basis.FAMILY: lambda one: one.model,
        Basis.METHOD: lambda one: acceptance.family(one.model),
    }
    key = keys[basis]
    known = acceptance.known_acceptances()
    return tuple(one for one in known if key(one) != key(row) and one.text is not Text.RANDOM)


@pytest.mark.parametrize("basis", [Basis.OTHER_TEXT, Basis.FAMILY, Basis.METHOD])
def test_what_is_said_of_others_is_as_near_as_claimed(monkeypatch, basis: Basis) -> None:
    """Every published row is said again by what is left without it."""
    rows = [one for one in acceptance.known_acceptances() if one.text is not Text.RANDOM]
    others = [_without(row, basis) for row in rows]
    far = []
    for row, left in zip(rows, others, strict=True):
        monkeypatch.setattr(acceptance, "known_acceptances", lambda left=left: left)
        acceptance.acceptance_of.cache_clear()
        said = acceptance.acceptance_of(row.model, row.method, row.text)
        if said.basis is basis:
            measured = 1.0 + sum(row.first(3))
            far.append(abs(1.0 + sum(said.first(3)) - measured) / measured)
    acceptance.acceptance_of.cache_clear()
    far.sort()
    assert far[int(len(far) * 2 / 3)] == pytest.approx(acceptance.SPREADS[basis], abs=0.015)


def test_random_prompts_say_nothing_of_real_ones():
    """GLM-5.1 has figures of random prompts alone: its family's count, not these."""
    assert acceptance_of("glm-5.1", DraftMethod.PREDICTION, Text.RANDOM).basis is Basis.MODEL
    agent = acceptance_of("glm-5.1", DraftMethod.PREDICTION, Text.AGENT)
    assert agent.basis is Basis.FAMILY
    assert agent.kept == acceptance_of("glm-5", DraftMethod.PREDICTION, Text.AGENT).kept


def test_n_grams_on_code_are_told_with_care():
    """Edits of code yield 2.96 tokens a step, steps without a match among them."""
    known = acceptance_of("llama-3.1-8b", DraftMethod.NGRAM, Text.CODE)
    assert 1 + sum(known.first(5)) == pytest.approx(2.96, abs=0.01)
    assert known.spread == acceptance.LOOKED_UP_SPREAD
