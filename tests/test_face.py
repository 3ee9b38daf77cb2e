"""``import rooftop``: the face of the engine for notebooks."""

from __future__ import annotations

import argparse
import inspect
from dataclasses import replace

import numpy as np
import pytest

import rooftop
from engine.cli.scenario.chosen import scenario_from
from engine.cli.scenario.options import add_scenario_options
from engine.plan.face.keywords import DEGREES, KEYWORDS, PLACES, SPELLINGS, START
from engine.plan.prepared import prepare
from engine.plan.saved.plan_file import load_plan
from engine.plan.sweep import sweep
from engine.plan.tables import batch_table
from engine.scenario import ClientKind, LayoutLimits, Lengths, Mode, Objectives, Scenario, Workload

DENSE = {"model": "qwen3-32b", "chip": "h100_sxm", "chips": 8, "tpot_ms": 50, "ttft_ms": 2000}
SPARSE = {"model": "deepseek-v3", "chip": "h200_sxm", "chips": 16, "tpot_ms": 50}
IMAGES = {"model": "resnet50", "chip": "l40s", "chips": 2, "engine": "tensorrt", "latency_ms": 10}


@pytest.fixture(scope="module")
def plans() -> rooftop.Plans:
    return rooftop.plan(**DENSE)


def swept(scenario: Scenario):
    result = sweep(prepare(scenario), scenario)
    assert result is not None
    return result


@pytest.mark.parametrize("asked", [DENSE, SPARSE, IMAGES], ids=["dense", "sparse", "images"])
def test_plans_are_the_rows_of_the_sweep(asked):
    found = rooftop.plan(**asked)
    result = swept(found.scenario)
    columns = found.columns()
    assert len(found) == result.candidates
    assert np.array_equal(columns["batch"], result.table.batch[result.order])
    for name, column in result.table.metrics.items():
        assert np.array_equal(columns[name], column[result.order], equal_nan=True), name


def test_keywords_are_the_scenario_that_hands_would_write():
    written = Scenario(
        model="qwen3-32b",
        edits=(("num_hidden_layers", 32),),
        chip="h100_sxm",
        chips=4,
        framework="sglang",
        settings=replace(START.settings, memory_fraction=0.8, prefix_caching=True),
        kv="fp8",
        precisions=("W8A8", "W4A16"),
        workload=Workload(
            input_tokens=2048,
            sequence_tokens=2048,
            lengths=Lengths.CHOSEN,
            mode=Mode.CONTINUOUS,
            client=replace(START.workload.client, kind=ClientKind.CLOSED, waves=4, spread=0.0),
        ),
        objectives=Objectives(tpot_ms=50),
        limits=LayoutLimits(tensor=(2, 4), expert=(1,)),
    )
    asked = rooftop.scenario(
        model="qwen3-32b",
        edits={"num_hidden_layers": 32},
        chip="h100_sxm",
        chips=4,
        engine="sglang",
        memory_fraction=0.8,
        prefix_caching=True,
        kv="fp8",
        precisions=["W8A8", "W4A16"],
        isl=2048,
        client="closed",
        waves=4,
        spread=0.0,
        tpot=50,
        tp=[2, 4],
        ep=1,
    )
    assert asked == written


def test_every_field_of_a_scenario_is_a_keyword():
    assert {name for names in SPELLINGS.values() for name in names} <= PLACES.keys()
    assert set(PLACES) <= set(inspect.signature(rooftop.plan).parameters)


OPTIONS = {
    "isl": ("2048", 2048),
    "osl": ("256", 256),
    "tpot": ("50", 50.0),
    "latency": ("10", 10.0),
    "tp": ("2,4", (2, 4)),
    "resolution": ("640x480", (640, 480)),
    "precision": ("W8A8", "W8A8"),
    "set": ("num_hidden_layers=8", {"num_hidden_layers": 8}),
    "max_batch": ("64", 64),
    "memory_fraction": ("0.8", 0.8),
    "prefix_caching": ("on", True),
    "client": ("closed", "closed"),
    "build": ("2026-02-10", "2026-02-10"),
    "cached": ("0.5", 0.5),
    "slo": ("chat", "chat"),
}


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_scenario_options(parser)
    return parser


def test_every_option_of_the_command_line_is_a_keyword():
    names = {action.dest for action in options()._actions} - {"help"}
    assert names <= set(KEYWORDS)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_keyword_means_what_the_option_of_its_name_does(name):
    text, value = OPTIONS[name]
    parser = options()
    if name not in {action.dest for action in parser._actions}:
        pytest.skip("the command line does not have it yet")
    arguments = parser.parse_args([f"--{name.replace('_', '-')}", text])
    assert rooftop.scenario(**{name: value}) == scenario_from(arguments, START)


def test_indexing_is_that_of_a_table(plans):
    assert plans[0] == plans.best
    assert plans[-1] == list(plans)[-1]
    assert [one.batch for one in plans[3:6]] == list(plans.columns()["batch"][3:6])
    assert plans.best in plans[:1]
    with pytest.raises(IndexError):
        plans[len(plans)]


def test_a_mask_chooses_rows(plans):
    wide = plans[plans.columns()["tensor"] == 8]
    assert {one.arrangement.name for one in wide} == {"TP8"}


def test_numbers_of_numpy_are_numbers():
    asked = rooftop.scenario(chips=np.int64(8), tp=np.array([2, 4]), tpot_ms=np.float64(50))
    assert asked == rooftop.scenario(chips=8, tp=[2, 4], tpot_ms=50)


@pytest.mark.parametrize("asked", [DENSE, IMAGES], ids=["tokens", "images"])
def test_columns_are_as_long_as_the_table(asked):
    rows = rooftop.plan(**asked)[5:17]
    assert {len(column) for column in rows.columns().values()} == {12}


def test_the_best_plan_meets_every_objective(plans):
    best = plans.best
    assert best is not None
    assert best.meets and not best.why_not
    assert best.metrics["tpot_ms"] <= 50 and best.metrics["ttft_ms"] <= 2000
    assert plans.nearest is None
    assert len(plans.meeting) == np.count_nonzero(plans.columns()["meets"])


def test_nothing_is_best_where_nothing_meets():
    found = rooftop.plan(**{**DENSE, "tpot_ms": 1})
    assert found.best is None
    assert found.nearest == found[0]
    assert str(found) == found.sentence
    assert found.sentence.startswith("Nothing meets the objectives")
    assert "TPOT" in found[0].why_not


def test_ranges_are_shares_of_the_metrics(plans):
    best = plans.best
    assert best is not None
    assert best.ranges.keys() <= best.metrics.keys()
    shown = plans[:1].columns()["tpot_range_percent"][0]
    assert best.ranges["tpot_ms"] == pytest.approx(shown / 100)


def test_parts_of_an_explanation_sum_to_the_metrics(plans):
    best = plans.best
    assert best is not None
    made = best.explain()
    for name in ("ttft_ms", "tpot_ms"):
        total = sum(part.seconds for part in made.parts[name])
        assert total * 1e3 == pytest.approx(best.metrics[name])


def test_the_launch_line_holds_the_batch(plans):
    assert f"--max-num-seqs {plans.best.batch}" in plans.best.launch()


def test_a_saved_plan_is_a_base_to_ask_from(plans, tmp_path):
    path = plans[3].save(tmp_path / "plan.toml")
    saved = load_plan(path)
    assert saved.choice.batch == plans[3].batch
    assert saved.choice.arrangement == plans[3].arrangement
    assert rooftop.scenario(path) == plans.scenario
    assert rooftop.scenario(path, tpot_ms=30).objectives == Objectives(ttft_ms=2000, tpot_ms=30)


def test_saving_spares_other_files(plans, tmp_path):
    other = tmp_path / "thesis.toml"
    other.write_text("title = 'mine'\n")
    with pytest.raises(rooftop.Error, match="something else in it"):
        plans[0].save(other)


def test_another_model_leaves_the_edits_of_the_first():
    base = rooftop.scenario(model="qwen3-32b", edits={"num_hidden_layers": 8}, revision="main")
    assert rooftop.scenario(base, model="qwen3-32b").edits == base.edits
    assert rooftop.scenario(base, model="llama-3.1-8b").edits == ()


def test_none_takes_a_limit_away():
    base = rooftop.scenario(tpot_ms=50, max_batch=64)
    assert rooftop.scenario(base, tpot_ms=None, max_batch=None) == rooftop.scenario()


def test_images_get_an_engine_that_serves_them():
    assert rooftop.plan(model="resnet50", chip="l40s", chips=1).scenario.framework == "tensorrt"


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"inptu_tokens": 1}, "keyword 'inptu_tokens' is unknown; nearest: input_tokens"),
        ({"isl": 1, "input_tokens": 1}, "found both isl and input_tokens"),
        ({"chips": 0}, "chips: found 0, expected greater than 0"),
        ({"chips": True}, "chips: found True"),
        ({"chips": None}, "chips: found None"),
        ({"isl": "4K"}, "input_tokens: found '4K', expected a valid integer"),
        ({"tpot_ms": -1}, "tpot_ms: found -1"),
        ({"tpot_ms": float("nan")}, "tpot_ms: found nan"),
        ({"memory_fraction": 2}, "memory_fraction: found 2"),
        ({"client": "x"}, "client: found 'x', expected 'steady' or 'closed'"),
        ({"mode": "x"}, "mode: found 'x'"),
        ({"resolution": 224}, "resolution: found 224"),
        ({"edits": "layers=3"}, "edits: found 'layers=3'"),
        ({"edits": {"a": object()}}, "edits: expected values that JSON has"),
        ({"slo": "no-such"}, "no-such"),
        ({"model": "a\x1b[31mb", "chip": "h\x1b[31m"}, "control characters"),
    ],
)
def test_a_bad_keyword_is_refused_by_name_in_one_line(keywords, message):
    with pytest.raises(rooftop.Error) as caught:
        rooftop.scenario(**keywords)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_keywords_of_the_other_kind_are_named():
    with pytest.warns(UserWarning, match=r"^tpot, dp, isl: no effect on a vision model$"):
        rooftop.plan(**IMAGES, tpot=50, dp=2, isl=384)
    with pytest.warns(UserWarning, match=r"^resolution: no effect on a language model$"):
        rooftop.plan(**DENSE, resolution="224x224", max_batch=1)


def test_a_prediction_is_the_row_of_the_table():
    found = rooftop.predict(**DENSE, tp=4, batch=[1, 8, 64])
    prepared = prepare(found.scenario)
    (arrangement,) = prepared.arrangements
    batches = np.array([1, 8, 64])
    table = batch_table(prepared, found.scenario, arrangement, prepared.precisions[0], batches)
    assert arrangement.name == "TP4 ×2"
    assert list(found.columns()["batch"]) == [1, 8, 64]
    for name, column in table.metrics.items():
        assert np.array_equal(found.columns()[name], column, equal_nan=True), name


def test_concurrency_is_of_the_whole_deployment():
    per_replica = rooftop.predict(**DENSE, tp=4, batch=16)[0]
    whole = rooftop.predict(**DENSE, tp=4, concurrency=32)[0]
    assert whole.concurrency == 32
    assert whole.metrics == per_replica.metrics


def test_requests_that_no_replica_holds_alike_are_predicted_but_not_saved(tmp_path):
    between = rooftop.predict(**DENSE, tp=4, concurrency=[32, 33, 34])
    rates = between.columns()["tps_per_chip"]
    assert rates[0] < rates[1] < rates[2]
    made = between[1].explain()
    total = sum(one.seconds for one in made.parts["tpot_ms"])
    assert total * 1e3 == pytest.approx(between[1].metrics["tpot_ms"])
    assert (between[1].concurrency, between[1].batch) == (33, 17)
    with pytest.raises(rooftop.Error, match="33 requests on 2 replicas"):
        between[1].save(tmp_path / "plan.toml")


def test_a_prediction_is_of_one_replica_where_nobody_says_how_many_chips():
    one = rooftop.predict(model="qwen3-32b", chip="h100_sxm", tp=2, pp=2, batch=1)[0]
    assert (one.arrangement.name, one.arrangement.chips) == ("TP2 PP2", 4)


def test_requests_beyond_memory_wait():
    near, far = rooftop.predict(model="llama-3.1-8b", chip="h100_sxm", concurrency=[32, 2000])
    assert near.fits and not far.fits
    assert far.metrics["ttft_ms"] > 100 * near.metrics["ttft_ms"]
    assert far.meets and not far.why_not


def test_a_static_batch_beyond_memory_has_no_speed():
    asked = {"model": "llama-3.1-8b", "chip": "h100_sxm", "mode": "static"}
    assert list(rooftop.predict(**asked, batch=2000)[0].metrics) == ["memory_gib"]


def test_every_precision_is_predicted():
    found = rooftop.predict(**DENSE, tp=8, batch=[1, 2], precisions=["W8A8"])
    assert [one.precision.name for one in found] == ["W16A16", "W16A16", "W8A8", "W8A8"]


def test_a_saved_prediction_answers_as_its_sweep_does(tmp_path):
    row = rooftop.predict(**DENSE, tp=8, batch=4)[0]
    document = load_plan(row.save(tmp_path / "plan.toml")).document
    assert document["choice"]["batch"] == 4
    assert document["answer"] == rooftop.plan(row.scenario).sentence


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "found neither of batch and concurrency"),
        ({"batch": 1, "concurrency": 1}, "found both of batch and concurrency"),
        ({"batch": 0}, "batch: found 0"),
        ({"batch": [1, 2.5]}, "batch: found 2.5"),
        ({"concurrency": []}, "concurrency: found none"),
        ({"batch": 1, "tp": [4, 8]}, "tensor: found 4, 8, expected one degree"),
        ({"batch": 1, "tp": 16}, "no legal layout"),
    ],
)
def test_a_prediction_is_of_one_layout_at_sizes(keywords, message):
    with pytest.raises(rooftop.Error, match=message):
        rooftop.predict(**DENSE, **keywords)


def test_reprs_are_short(plans):
    assert len(repr(plans).splitlines()) == 12
    assert repr(plans[0]).startswith("Qwen3-32B on 8 × H100 SXM5 80GB as ")
    assert len(repr(plans[0].explain()).splitlines()) == 7
    assert "\n" not in repr(rooftop.chips())


def test_catalogues_hold_names_with_facts():
    assert "qwen3-32b" in rooftop.models()
    assert rooftop.chips()["h100"]["id"] == "h100_sxm"
    assert "h10" not in rooftop.chips()
    for catalogue in (rooftop.chips(), rooftop.models(), rooftop.engines()):
        columns = catalogue.columns()
        assert list(columns["id"]) == list(catalogue)
        assert {len(column) for column in columns.values()} == {len(catalogue)}


def test_all_is_there_and_documented():
    assert len(rooftop.__all__) == 12
    for name in rooftop.__all__:
        assert getattr(rooftop, name).__doc__
    for function in (rooftop.plan, rooftop.predict, rooftop.scenario):
        assert "Raises" in (function.__doc__ or "")
    documented = rooftop.__doc__ or ""
    words = {*PLACES, *SPELLINGS} - {"engine", *DEGREES}
    assert [name for name in words if name not in documented] == []
