"""Every prediction has a range: the wider, the less is known."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path

import pytest

from engine.cli import run
from engine.hardware.chip_profiles import chip_ids
from engine.plan.predicted import predicted
from engine.plan.prepared import prepare
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranges.case import Case, ChipRuns, ModelRuns
from engine.plan.ranges.doubts import Doubt
from engine.plan.ranges.of_system import accuracy_of_case, accuracy_of_system
from engine.plan.row_ranges import accuracy_of
from engine.scenario import Scenario, Workload
from engine.serve.call import Batch
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout
from tests.engine.evidence.calibration.test_results import VLLM


def accuracy(chip: str, framework: str = "vllm") -> Accuracy:
    scenario = Scenario(chip=chip, framework=framework)
    return accuracy_of(prepare(scenario), scenario)


def _case(*doubts: Doubt, kind: str = "serving") -> Case:
    return Case(kind, ModelRuns.NEVER, ChipRuns.ENGINE, doubts=doubts)


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
    """Two of three and nine of ten, from formats that many were measured in to strange kernels."""
    steps = [
        Doubt.MODEL,
        Doubt.FORMATS,
        Doubt.ENGINE,
        Doubt.CHIP,
        Doubt.GENERATION,
        Doubt.KERNELS,
        Doubt.COSTS,
    ]
    ladder = [_case(*steps[:taken]) for taken in range(len(steps) + 1)]
    found = [accuracy_of_case(case, "H100", "vLLM") for case in ladder]
    for name in ("ttft", "tpot", "throughput"):
        ranges = [one.ranges[name] for one in found]
        assert ranges == sorted(ranges)
        assert ranges[0] < 0.8 * ranges[-1]
        assert all(one.wide[name] > one.ranges[name] for one in found)


@pytest.mark.parametrize("kind", ["serving", "static", "offline"])
@pytest.mark.parametrize("doubt", Doubt)
def test_no_doubt_makes_anything_narrower(kind: str, doubt: Doubt) -> None:
    plain, doubted = (accuracy_of_case(_case(*one, kind=kind), "", "") for one in ((), (doubt,)))
    assert all(doubted.ranges[name] >= share for name, share in plain.ranges.items())
    assert all(doubted.wide[name] >= share for name, share in plain.wide.items())


def test_what_makes_ranges_wider_is_said() -> None:
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm")
    assert "wider" not in accuracy_of(prepare(scenario), scenario).basis
    basis = accuracy("trainium2").basis
    assert "an engine not measured on this generation" in basis
    assert "kernels never measured" in basis


def test_loads_and_pools_have_their_own_width() -> None:
    plain, cached = Workload(), Workload(cached=0.5)
    system = prepare(Scenario(chip="h100_sxm")).systems[0]
    usual, found, pools = (
        accuracy_of_system(system, workload, pools=pools)
        for workload, pools in ((plain, False), (cached, False), (plain, True))
    )
    assert found.ranges["tpot"] > usual.ranges["tpot"]
    assert pools.ranges["ttft"] > usual.ranges["ttft"]
    assert "cached prompts" in found.basis


def test_rows_in_pools_have_the_ranges_of_pools() -> None:
    worker = Layout(1)
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm", chips=2)
    pools = Disaggregated(Pool(worker, 1), Pool(worker, 1))
    replicas, both = (
        predicted(scenario, one, (Batch(4.0),)).table.accuracy(0).ranges["ttft"]
        for one in (Aggregated(worker), pools)
    )
    assert both > replicas


def test_what_is_known_is_said_in_words() -> None:
    known = accuracy("h100_sxm").known
    assert known == "H100 SXM5 80GB and vLLM measured, this model on it too"
    assert accuracy("h100_pcie").known.startswith("no run of H100 PCIe")
    assert known in accuracy("h100_sxm").sentence()


def test_chips_say_whether_anything_checks_their_constants(capsys) -> None:
    assert run(["chips", "--json"]) == 0
    runs = {
        row["id"]: (row["generation"], row["runs"]) for row in json.loads(capsys.readouterr().out)
    }
    assert runs["h100_sxm"] == ("hopper", "language, vision")
    assert runs["h100_pcie"] == ("hopper", "vision")
    assert runs["a800_sxm_80gb"] == ("ampere", "none")


def test_range_reads_as_percent() -> None:
    text = accuracy("h100_sxm").percent("tpot")
    assert text.startswith("±") and text.endswith(" %")


def test_sweep_json_and_text_carry_the_range(capsys) -> None:
    options = ["sweep", "--model", "llama-3.1-8b", "--chip", "h100_sxm", "--chips", "1"]
    assert run([*options, "--rows", "2", "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["badge"] == "measured"
        assert 0 < row["tpot_range_percent"] < row["ttft_range_percent"] < 100
        assert row["tpot_range_percent"] < row["tpot_wide_percent"]
    assert run([*options, "--rows", "2"]) == 0
    assert "two of three (nine of ten) such results lay within TTFT ±" in capsys.readouterr().out


def test_plan_carries_the_range(tmp_path: Path, capsys) -> None:
    path = tmp_path / "plan.toml"
    options = ["--model", "llama-3.1-8b", "--chip", "trainium2", "--chips", "2"]
    assert run(["plan", *options, "-o", str(path)]) == 0
    accuracy = tomllib.loads(path.read_text())["accuracy"]
    assert accuracy["badge"] == "datasheet"
    assert accuracy["basis"]
    assert {"ttft_range_percent", "tpot_range_percent", "throughput_range_percent"} <= set(accuracy)


def test_every_predicted_metric_of_a_measured_row_has_its_ranges(tmp_path: Path, capsys) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text(
        "id,kind,model,chip,framework,tp,concurrency_or_batch,isl,osl,tpot_ms\n"
        "a,serving,llama-3.1-8b,h100_sxm,vllm,1,4,1024,128,9\n"
        "b,serving,llama-3.1-8b,no_such_chip,vllm,1,4,1024,128,9\n"
    )
    assert run(["validate", str(rows), "--csv", str(out)]) == 0
    with out.open() as stream:
        known, unknown = csv.DictReader(stream)
    for metric in ("ttft_ms", "tpot_ms", "output_tps_per_chip"):
        narrow, wide = (float(known[f"{metric}_{one}_percent"]) for one in ("range", "wide"))
        assert 0 < narrow < wide
        assert unknown[f"{metric}_range_percent"] == ""


def test_own_runs_make_a_case_measured(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert accuracy("trainium2").badge == "datasheet"
    files = []
    for concurrency, tpot in ((1, 14.0), (16, 18.0), (64, 30.0)):
        files.append(str(tmp_path / f"{concurrency}.json"))
        change = {"max_concurrency": concurrency, "mean_tpot_ms": tpot}
        Path(files[-1]).write_text(json.dumps(VLLM | change))
    site = ["--chip", "trainium2", "--model", "llama-3.1-8b", "--weights", "bf16"]
    assert run(["calibrate", *files, *site, "--name", "mine"]) == 0
    assert accuracy("trainium2", "mine").badge == "measured"
    assert accuracy("inferentia2", "mine").badge == "datasheet"
