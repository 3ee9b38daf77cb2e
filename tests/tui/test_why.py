"""The why pane's lines: nothing wider than the pane, no number cut, everything named."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.plan.why.explain import explain
from engine.plan.why.remedies import advise, next_better
from engine.plan.why.shortfall import Candidate
from engine.scenario import Scenario
from engine.words.messages import speaking
from engine.work.arrangement import Disaggregated, Pool
from engine.work.layout import Layout
from tui.drawing.bars import bar, signed_bar
from tui.drawing.lines import width_of
from tui.widgets.why_pane import why_lines


@pytest.fixture(scope="module")
def deepseek():
    scenario = Scenario()
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    table, row = found.table, found.best
    best = Candidate(table.arrangement(row), table.precision(row), int(table.batch[row]))
    after = next_better(prepared, scenario, best)
    return (
        explain(prepared, scenario, best.arrangement, best.precision, best.batch),
        advise(scenario, after),
    )


def text_of(lines) -> list[str]:
    return ["".join(run for run, _ in one) for one in lines]


@pytest.mark.parametrize("width", [27, 38, 58, 78, 118])
def test_lines_fit_and_end_in_whole_numbers(deepseek, width: int):
    lines = why_lines(*deepseek, width)
    assert all(width_of(one) <= width for one in lines)
    assert not [one for one in text_of(lines) if re.search(r"\d…", one)]


@pytest.mark.parametrize("width", [38, 118])
def test_everything_asked_for_is_there(deepseek, width: int):
    text = "\n".join(text_of(why_lines(*deepseek, width)))
    for word in ("experts", "latent att", "MFU", "MBU", "weights", "KV cache", "free", "TPOT"):
        assert word in text
    assert "◂ binds" in text


def test_both_pools_have_their_memory():
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm", chips=3)
    pools = Disaggregated(Pool(Layout(2), 1), Pool(Layout(), 1))
    prepared = prepare(scenario)
    found = explain(prepared, scenario, pools, prepared.precisions[0], 8)
    lines = text_of(why_lines(found, None, 60))
    titles = [one for one in lines if " memory " in one and "per chip" in one]
    assert [one.split()[0] for one in titles] == ["prefill", "decode"]


@pytest.mark.parametrize("width", [38, 100])
def test_what_bounds_is_a_letter_that_is_explained(deepseek, width: int):
    lines = text_of(why_lines(*deepseek, width))
    assert " C compute M memory L link · launch" in [one.rstrip() for one in lines]
    experts = next(one for one in lines if " experts " in one and "%" in one)
    assert " M " in experts


def test_memory_traffic_and_room_are_two_words_in_chinese(deepseek):
    with speaking("zh"):
        lines = text_of(why_lines(*deepseek, 100))
    legend = next(one for one in lines if " C " in one and " L " in one)
    assert "M 访存" in legend
    assert "显存" not in legend
    assert any("显存" in one for one in lines if one is not legend)


def test_what_would_do_comes_first(deepseek):
    first = " ".join(text_of(why_lines(*deepseek, 100))[:3])
    assert "TPOT misses" in first
    assert "would do" in first


def test_shares_of_a_phase_add_up(deepseek):
    lines = text_of(why_lines(deepseek[0], None, 60))
    start = next(place for place, one in enumerate(lines) if one.startswith("decode step"))
    end = next(place for place, one in enumerate(lines) if one.startswith("prefill"))
    shares = [int(re.findall(r"(\d+)%", one)[-1]) for one in lines[start + 1 : end]]
    assert 95 <= sum(shares) <= 105


@pytest.mark.parametrize("model", ["resnet-50", "llama-3.1-8b"])
def test_what_others_prompts_cost_stands_only_where_they_cost(model: str):
    scenario = replace(Scenario(), model=model, chip="h100", chips=1)
    prepared = prepare(scenario)
    found = explain(prepared, scenario, prepared.arrangements[0], prepared.precisions[0], 8)
    said = "prompts of others" in " ".join(text_of(why_lines(found, None, 80)))
    assert said == (model == "llama-3.1-8b")


def test_what_lacks_memory_says_how_much_in_any_width():
    scenario = replace(Scenario(), chips=1)
    prepared = prepare(scenario)
    found = explain(prepared, scenario, prepared.arrangements[0], prepared.precisions[0], 1)
    for width in (27, 38, 80):
        lines = why_lines(found, None, width)
        head = next(one for one in text_of(lines) if one.startswith("memory "))
        assert re.fullmatch(r"memory [\d,.]+ of [\d.]+ GiB( per chip)?(  \d+%)?", head.rstrip())
        assert all(width_of(one) <= width for one in lines)
        assert "lacking" in "\n".join(text_of(lines))


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, ""), (0.001, "▏"), (0.5, "████"), (0.55, "████▍"), (1.0, "████████"), (2.0, "████████")],
)
def test_bars(share: float, text: str):
    assert bar(share, 8) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (0.0, "   │   "),
        (1.0, "   │███"),
        (-1.0, "███│   "),
        (0.4, "   │█  "),
        (float("nan"), "   │   "),
    ],
)
def test_signed_bars(change: float, text: str):
    assert signed_bar(change, 1.0, 7) == text
