"""A published row is a question that anybody can ask: a scenario, an arrangement, a size."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import run
from engine.cli.parser import build_parser
from engine.cli.sweep import command_scenario
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions, calls_of, groups_of, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.record import PUBLISHED
from engine.evidence.measured.reported import TokenTime
from engine.scenario import Client, ClientKind, LayoutLimits, Scenario
from engine.serve.call import Call, Concurrency, Most, ask
from engine.serve.command import command_line
from engine.work.arrangement import Aggregated, Disaggregated
from tests.engine.evidence.measured.rows import make_rows, write_rows

REFERENCE = Path(__file__).parents[5] / "shared" / "reference"
COLLECTION = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the whole collection is not here")
PRINTED = {
    "ttft_ms": "ttft_ms",
    "tpot_ms": "tpot_ms",
    "e2el_ms": "e2e_ms",
    "output_tps_per_chip": "tps_per_chip",
    "samples_per_s": "fps",
    "latency_ms": "latency_ms",
}
"""Metrics of rows and the keys of ``rooftop predict --json``."""


@pytest.fixture(scope="module")
def published() -> list[Measurement]:
    return read_measurements(PUBLISHED)


@pytest.fixture(scope="module")
def predictions(published: list[Measurement]) -> Predictions:
    return predict_rows(published)


MEDIANS = {TokenTime.MEDIAN: "tpot-p50", TokenTime.MEDIAN_GAP: "itl-p50"}
"""What stands for the time per token of rows that publish medians: percentiles are shown to who
limits them."""


def printed(
    call: Call, capsys: pytest.CaptureFixture[str], limit: str | None = None
) -> dict[str, float]:
    """What the command of a call prints of its one row, with a percentile that is limited."""
    program, *words = shlex.split(command_line(call))
    assert program == "rooftop"
    asked = [f"--{limit}", "1000s"] if limit else []
    assert run([*words, *asked, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    return row


def check(
    rows: Sequence[Measurement], found: Predictions, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands of ``rows`` give the figures of ``found`` to the last printed digit."""
    for place, call in enumerate(found.calls):
        if call is None or found.refused[place]:
            continue
        median = MEDIANS.get(rows[place].token_time)
        row = printed(call, capsys, median)
        keys = PRINTED | ({"tpot_ms": f"{median.replace('-', '_')}_ms"} if median else {})
        for metric, key in keys.items():
            value = found.values[metric][place]
            if not np.isnan(value):
                assert f"{row[key]:.6g}" == f"{value:.6g}", (rows[place].id, metric)


@pytest.mark.parametrize("start", range(4))
def test_the_command_of_a_published_row_gives_its_figures(
    published: list[Measurement], predictions: Predictions, start: int, capsys
) -> None:
    chosen = range(7 * start, len(published), 29)
    some = Predictions(
        {metric: values[chosen] for metric, values in predictions.values.items()},
        [predictions.refused[place] for place in chosen],
        [predictions.calls[place] for place in chosen],
    )
    assert {row.kind for row in published} == {"serving", "static", "offline", "cv"}
    check([published[place] for place in chosen], some, capsys)


@COLLECTION
def test_the_commands_of_the_collection_give_its_figures(capsys) -> None:
    """Rows of models in a folder of configs, and among them what the bundled choice leaves out."""
    rows = read_measurements(REFERENCE / "measurements.csv")[50::230]
    assert any(row.prefill for row in rows)
    check(rows, predict_rows(rows, REFERENCE / "measured_configs"), capsys)


def test_all_that_a_row_knows_of_its_run_is_said_by_options(predictions: Predictions) -> None:
    """The command of every published row, read again, is the scenario of its call."""
    parser = build_parser()
    calls = [call for call in predictions.calls if call is not None]
    assert len(calls) == len(predictions.calls)
    for call in calls:
        arguments = parser.parse_args(shlex.split(command_line(call))[1:])
        assert plain(command_scenario(arguments)) == plain(call.scenario)


def plain(scenario: Scenario) -> Scenario:
    """``scenario`` without what the options say of the arrangement, one length for both kinds of
    models that have one."""
    workload = scenario.workload
    tokens = workload.sequence_tokens or workload.input_tokens
    workload = replace(workload, input_tokens=tokens, sequence_tokens=tokens)
    usual = Scenario()
    return replace(
        scenario,
        workload=workload,
        limits=LayoutLimits(),
        arrangement=usual.arrangement,
        pools=usual.pools,
    )


def test_rows_are_predicted_together_as_alone(
    published: list[Measurement], predictions: Predictions
) -> None:
    for place in range(0, len(predictions.calls), 23):
        call = predictions.calls[place]
        assert call is not None
        seconds = ask(call).seconds
        for metric, key in (("ttft_ms", "ttft"), ("tpot_ms", "tpot"), ("latency_ms", "latency")):
            median = key == "tpot" and published[place].token_time is not TokenTime.MEAN
            if key in seconds and not median:
                alone = 1e3 * float(seconds[key][0, 0])
                assert predictions.values[metric][place] == pytest.approx(alone, rel=1e-12)


def call_of_cells(folder: Path, **cells: str) -> Call:
    (call,), (refused,) = calls_of(make_rows(folder, cells), Library())
    assert not refused
    assert call is not None
    return call


def test_a_row_of_any_day_is_predicted_as_of_today(tmp_path: Path) -> None:
    """Which profile describes it is all that a day says: engines do not age by themselves."""
    days = ({"chip": "b200_sxm", "date": day} for day in ("2026-07-20", "2026-05-20"))
    library = Library()
    groups = list(groups_of(*calls_of(make_rows(tmp_path, *days), library), library))
    assert [group.places for group in groups] == [(0, 1)]


def test_a_closed_loop_is_a_client_that_opens_at_once(tmp_path: Path) -> None:
    steady = call_of_cells(tmp_path)
    closed = call_of_cells(tmp_path, load="closed-loop")
    assert steady.scenario.workload.client == Client()
    assert closed.scenario.workload.client.kind is ClientKind.CLOSED


def test_a_client_that_sends_equal_lengths_sends_waves(tmp_path: Path) -> None:
    def client(words: str) -> Client:
        call = call_of_cells(tmp_path, load="closed-loop", client=words)
        return call.scenario.workload.client

    assert (client("closed equal, 4 waves").spread, client("closed equal, 4 waves").waves) == (0, 4)
    assert client("closed, prompts equal, answers natural").spread > 0


def test_a_burst_is_a_client_of_one_wave(tmp_path: Path) -> None:
    cells = {"kind": "offline", "concurrency_or_batch": "", "client": "sharegpt burst of 1,000"}
    call = call_of_cells(tmp_path, **cells)
    assert call.size == Concurrency(1000.0)
    assert call.scenario.workload.client.waves == 1
    assert call.scenario.workload.client.spread > 1


def test_the_cached_share_of_a_row_is_asked_for(tmp_path: Path) -> None:
    assert call_of_cells(tmp_path, cached_share="0.9").scenario.workload.cached == 0.9


def test_the_degrees_of_a_row_are_its_layout(tmp_path: Path) -> None:
    cells = {"chips": "16", "tp": "8", "ep": "8", "dp": "4"}
    arrangement = call_of_cells(tmp_path, **cells).arrangement
    assert isinstance(arrangement, Aggregated)
    layout = arrangement.layout
    assert (layout.tensor, layout.expert, layout.attention_data, layout.replicas) == (2, 8, 4, 2)


def test_the_workers_of_a_row_are_its_pools(tmp_path: Path) -> None:
    pools = "P:2x(tp4,ep4,dpa=False) D:1x(tp8,ep8,dpa=True)"
    call = call_of_cells(tmp_path, disagg="1", disagg_pd=pools, chips="16")
    assert isinstance(call.arrangement, Disaggregated)
    assert call.arrangement.chips == call.scenario.chips == 16
    assert (call.arrangement.prefill.workers, call.arrangement.decode.workers) == (2, 1)
    assert call.arrangement.decode.layout.attention_data == 8


def test_the_load_of_a_row_is_its_size(tmp_path: Path) -> None:
    assert call_of_cells(tmp_path).size == Concurrency(8.0)
    assert call_of_cells(tmp_path, kind="offline", concurrency_or_batch="").size == Most()


def test_a_longer_request_than_the_model_is_made_for_was_allowed_to_the_engine(
    tmp_path: Path,
) -> None:
    """Llama-2-7B is made for 4,096 tokens."""
    llama = {"model": "meta-llama/Llama-2-7b-hf"}
    short = call_of_cells(tmp_path, **llama, isl="3000", osl="1000")
    long = call_of_cells(tmp_path, **llama, isl="4000", osl="1000")
    assert short.scenario.settings.max_context is None
    assert long.scenario.settings.max_context == 5000


def test_a_line_of_the_csv_holds_the_command_that_asks_the_same(tmp_path: Path, capsys) -> None:
    source = write_rows(tmp_path / "in.csv", {"id": "a-1"}, {"id": "a-2", "chip": "none"})
    out = tmp_path / "out.csv"
    assert run(["validate", str(source), "--csv", str(out)]) == 0
    capsys.readouterr()
    known, refused = csv.DictReader(io.StringIO(out.read_text()))
    assert refused["command"] == ""
    program, *words = shlex.split(known["command"])
    assert (program, words[0]) == ("rooftop", "predict")
    assert run([*words, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert math.isclose(row["tpot_ms"], float(known["tpot_ms"]), rel_tol=1e-5)
