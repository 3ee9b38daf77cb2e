"""Drafts are work: passes of what drafts, its weights and its cache."""

from dataclasses import replace

import numpy as np
import pytest

from engine.model.draft import DraftMethod, draft_of
from engine.scenario import Scenario
from engine.serve.drafting import drafting_passes
from engine.serve.memory.account import Held
from engine.serve.requests import Drafts, Requests
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.work.layout import Layout
from tests.engine import builders

LAYOUT = Layout(8, 1, 8)
BATCH = np.array([[16.0]])


def system(**chosen):
    base = Scenario(model="deepseek-v3", chip="h200_sxm", chips=8, **chosen)
    return resolve(base).systems[0]


def seconds(tokens: int, **chosen) -> float:
    deployment = system(**chosen).deployment([LAYOUT], drafting=True)
    drafts = Drafts(tokens, (0.5,) * tokens)
    step = Requests(1024.0, 256.0, drafts=drafts).decoding(deployment.layouts, BATCH)
    return float(drafting_passes(deployment, drafts, step).seconds[..., 0].max())


def test_each_token_takes_a_pass_of_its_own():
    two, three, four = (seconds(tokens) for tokens in (2, 3, 4))
    assert three > two
    # Beyond the first, passes are alike but for the tokens that the first catches up on.
    assert four - three == pytest.approx(three - two, rel=0.2)


def test_a_block_takes_one_pass():
    assert seconds(7, draft="dflash") < 1.5 * seconds(1, draft="dflash")


def test_dsparks_heads_run_token_after_token():
    """Seven products of rank 256 and the whole vocabulary on every rank, of 16 sequences: weights,
    inputs and scores in 16 bits."""
    deployment = system(draft="dspark").deployment([LAYOUT], drafting=True)
    drafts = Drafts(7, (0.5,) * 7)
    step = Requests(1024.0, 256.0, drafts=drafts).decoding(deployment.layouts, BATCH)
    first = drafting_passes(deployment, drafts, step).first
    assert first is not None
    items = {item.name: item for item in first.at((0, 0)).items()}
    words = 129_280
    heads = items["markov_head"]
    assert float(np.sum(heads.calls)) == 7
    one = 2 * 256 * words + 16 * (2 * 256 + 2 * words)
    assert float(np.sum(heads.bytes)) == pytest.approx(7 * one)
    assert float(np.sum(heads.flops)) == pytest.approx(7 * 2 * 16 * 256 * words)
    scores = items["scores after the token before"]
    assert float(np.sum(scores.bytes)) == pytest.approx(7 * 8 * 16 * words)


def test_dspark_costs_more_than_dflash_by_its_heads():
    assert seconds(7, draft="dspark") > seconds(7, draft="dflash") + 7 * 4 * 1e-6


def test_the_host_keeps_a_book_of_drafts():
    """Ten microseconds on each of sixteen sequences, in each of three passes."""
    plain = system()

    def spent(each_us: float) -> float:
        engine = plain.engine.changed(draft_sequence_seconds=each_us * 1e-6)
        deployment = replace(plain, engine=engine).deployment([LAYOUT], drafting=True)
        drafts = Drafts(3, (0.5,) * 3)
        step = Requests(1024.0, 256.0, drafts=drafts).decoding(deployment.layouts, BATCH)
        return float(drafting_passes(deployment, drafts, step).seconds[..., 0].max())

    assert spent(10.0) - spent(0.0) == pytest.approx(3 * 16 * 10e-6)


def test_no_model_runs_for_n_grams():
    deployment = system(draft="ngram").deployment([LAYOUT], drafting=True)
    assert deployment.draft is None


def test_nothing_is_drafted_unless_asked_for():
    assert system().deployment([LAYOUT]).draft is None


def test_a_draft_of_its_own_has_weights_and_cache():
    held = Held(1024.0, 1024.0, 1)
    plain = system().footprint([LAYOUT], replace(held, draft_tokens=0))
    drafting = system(draft="eagle3").footprint([LAYOUT], held)
    assert float(drafting.weight_bytes[0, 0]) > float(plain.weight_bytes[0, 0])
    more = drafting.cache_bytes_per_sequence - plain.cache_bytes_per_sequence
    assert float(more[0, 0]) > 0


def test_a_model_of_its_own_drafts():
    drafter = system(draft="qwen3-0.6b").drafter
    assert (drafter.method, drafter.built_in) == (DraftMethod.MODEL, False)


def test_prediction_layers_must_be_there():
    with pytest.raises(InputError, match="no prediction layers of its own"):
        draft_of("mtp", builders.dense(), builders.BF16, lambda name: pytest.fail(name))


def test_without_prediction_layers_the_usual_draft_is_eagle():
    drafter = draft_of("", builders.dense(), builders.BF16, lambda name: pytest.fail(name))
    assert (drafter.method, drafter.assumed) == (DraftMethod.EAGLE3, True)
