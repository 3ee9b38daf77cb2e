"""The command line as scripts use it: output, exit codes, one-line errors."""

from __future__ import annotations

import csv
import io
import json

import pytest

from engine.cli import run
from engine.cli.parser import build_parser

BASE = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "2", "--isl", "1K", "--osl", "256"]


def output(capsys, *arguments: str) -> tuple[int, str, str]:
    code = run(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_sweep_json_names_best_and_rows(capsys):
    code, out, _ = output(capsys, "sweep", *BASE, "--tpot", "20", "--rows", "3", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["candidates"] > 100
    assert len(found["rows"]) == 3
    assert found["best"] == found["rows"][0]
    assert found["best"]["tpot_ms"] <= 20


UNITS = (
    *("_ms", "_gib", "tps", "_per_chip", "_per_user", "_percent"),
    *("joules_per_token", "_per_mw"),
)


def test_every_metric_has_its_unit_in_its_key(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--rows", "1", "--json")
    numbers = {key for key, value in json.loads(out)["rows"][0].items() if isinstance(value, float)}
    assert all(key.endswith(UNITS) for key in numbers)


def test_sweep_all_rows_are_all_candidates(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--max-batch", "5", "--rows", "all", "--json")
    found = json.loads(out)
    assert len(found["rows"]) == found["candidates"]


def test_sweep_csv_has_one_header(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--rows", "2", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 2
    assert rows[0]["benchmark"].startswith("TPS001-")


def test_the_winner_is_the_fastest_that_meets(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--tpot", "15", "--rows", "all", "--json")
    found = json.loads(out)
    fastest = max(row["tps_per_chip"] for row in found["rows"] if row["meets"])
    assert found["best"]["tps_per_chip"] == fastest


def test_losers_say_why(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--tpot", "15", "--rows", "all", "--json")
    losers = [row for row in json.loads(out)["rows"] if not row["meets"]]
    assert losers
    assert all(row["why"] for row in losers)


def test_nothing_that_meets_is_exit_code_one(capsys):
    code, out, _ = output(capsys, "sweep", *BASE, "--tpot", "0.01")
    assert code == 1
    assert out.startswith("Nothing meets the objectives: nearest is")


def test_nothing_that_fits_says_what_is_lacking(capsys):
    arguments = ["--model", "llama-3.1-405b", "--chip", "l40s", "--chips", "1"]
    code, out, _ = output(capsys, "sweep", *arguments)
    assert code == 1
    assert "GiB" in out


def test_plan_writes_and_reports(capsys, tmp_path):
    path = tmp_path / "p.toml"
    code, out, _ = output(capsys, "plan", *BASE, "--tpot", "20", "-o", str(path))
    assert code == 0
    assert path.exists()
    assert "Plan written" in out


def test_plan_of_nothing_writes_nothing(capsys, tmp_path):
    path = tmp_path / "p.toml"
    code, _, _ = output(capsys, "plan", *BASE, "--tpot", "0.01", "-o", str(path))
    assert code == 1
    assert not path.exists()


def test_several_precisions_compete(capsys):
    _, out, _ = output(
        capsys,
        "sweep",
        *BASE,
        "--precision",
        "W8A8",
        "--precision",
        "W4A16",
        "--rows",
        "all",
        "--json",
    )
    assert {row["precision"] for row in json.loads(out)["rows"]} == {"W16A16", "W8A8", "W4A16"}


@pytest.mark.parametrize(
    "options", [["--precisions", "W8A8,W4A16"], ["--precision", "W8A8", "--precision", "W4A16"]]
)
def test_precisions_in_one_list_or_one_by_one(capsys, options):
    shown = ["--max-batch", "1", "--rows", "all", "--json"]
    _, out, _ = output(capsys, "sweep", *BASE, *options, *shown)
    assert {row["precision"] for row in json.loads(out)["rows"]} == {"W16A16", "W8A8", "W4A16"}


@pytest.mark.parametrize(("kind", "name"), [("chips", "h100_sxm"), ("frameworks", "vllm")])
def test_own_profiles_are_shown_as_yours(capsys, tmp_path, monkeypatch, kind, name):
    from engine.sources.profile_files import bundled_files

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = tmp_path / "rooftop" / kind / f"{name}.toml"
    own.parent.mkdir(parents=True)
    own.write_text(bundled_files(kind)[name].read_text())
    _, out, _ = output(capsys, kind)
    line = next(one for one in out.splitlines() if one.startswith(f"{name} "))
    assert line.endswith("yours")
    _, out, _ = output(capsys, kind, "--json")
    assert next(row for row in json.loads(out) if row["id"] == name)["origin"] == str(own)


def test_own_models_are_listed_beside_broken_ones(capsys, tmp_path, monkeypatch):
    from profiles import ROOT

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "rooftop" / "models"
    folder.mkdir(parents=True)
    (folder / "ours.json").write_bytes((ROOT / "models" / "llama-2-7b.json").read_bytes())
    (folder / "broken.json").write_text("[")
    code, out, err = output(capsys, "models")
    line = next(one for one in out.splitlines() if one.startswith("ours "))
    assert (code, line.split()[-1]) == (2, "yours")
    assert "broken.json: broken JSON" in err


def test_name_prints_fields(capsys):
    code, out, _ = output(capsys, "name", "TPS001-Llama2-70B-S4K-01-W4A16-B16", "--json")
    assert (code, json.loads(out)["input_tokens"]) == (0, 4096)


@pytest.mark.parametrize("kind", ["chips", "models", "frameworks"])
def test_lists(capsys, kind):
    code, out, _ = output(capsys, kind, "--json")
    assert (code, bool(json.loads(out))) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep", "--model", "no-such-model"],
        ["sweep", "--chip", "h999"],
        ["sweep", "--chips", "0"],
        ["sweep", "--chips", "-4"],
        ["sweep", "--isl", "many"],
        ["sweep", "--ttft", "0"],
        ["sweep", "--ttft", "nan"],
        ["sweep", "--framework", "x"],
        ["sweep", "--weights", "w7"],
        ["sweep", "--precision", "W5A5"],
        ["sweep", "--tp", "3"],
        ["sweep", "--set", "nonsense"],
        ["sweep", "--set", "num_hidden_layers=-3"],
        ["sweep", "--rows", "0"],
        ["sweep", "--mode", "eager"],
        ["sweep", "--slo", "none-such"],
        ["name", "TPS"],
        ["plan"],
        ["nonsense"],
        [],
    ],
)
def test_bad_input_is_exit_code_two_and_one_line(capsys, arguments):
    code, _, err = output(capsys, *arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_objectives_by_name(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--slo", "agent", "--rows", "1", "--json")
    assert json.loads(out)["best"]["tpot_ms"] <= 20


def test_what_ifs_on_config_keys(capsys):
    _, plain, _ = output(capsys, "sweep", *BASE, "--rows", "1", "--json")
    _, changed, _ = output(
        capsys, "sweep", *BASE, "--set", "num_hidden_layers=16", "--rows", "1", "--json"
    )
    assert json.loads(changed)["best"]["tps_per_chip"] > json.loads(plain)["best"]["tps_per_chip"]


def test_every_command_has_help(capsys):
    actions = build_parser()._subparsers._group_actions  # type: ignore[union-attr]
    for command in actions[0].choices:
        with pytest.raises(SystemExit) as stop:
            build_parser().parse_args([command, "--help"])
        assert stop.value.code == 0
    assert capsys.readouterr().out


def test_several_precisions_are_put_side_by_side_with_what_they_cost(capsys):
    code, out, _ = output(capsys, "sweep", *BASE, "--precision", "w8a8,w4a16,kv8", "--rows", "1")
    table = out.split("\n\n")[1].splitlines()
    assert code == 0
    assert {line.split()[0] for line in table[1:]} == {"W16A16", "W8A8", "W4A16"}
    assert any(line.startswith("W16A16 KV8") for line in table[1:])
    assert " ± " in table[1]
    assert "of the 16-bit score in" in out and "published: " in out


def test_json_says_the_best_plan_of_every_precision(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--precision", "w8a8", "--rows", "1", "--json")
    first, second = json.loads(out)["precisions"]
    assert first["tps_per_chip"] >= second["tps_per_chip"]
    eight = first if first["alternative"] == "W8A8" else second
    assert eight["quality"][0]["evaluations"] > 0 and eight["checkpoint"]


def test_several_chips_give_one_ranked_line_each(capsys):
    given = [*BASE, "--tpot", "30"]
    given[given.index("h100")] = "h200,b200"
    code, out, _ = output(capsys, "sweep", *given, "--framework", "vllm,sglang")
    lines = out.splitlines()
    assert code == 0 and len(lines) == 5
    assert lines[0].startswith("chip and engine") and all(" ± " in line for line in lines[1:])


def test_any_engine_is_every_one_that_runs_there_as_csv(capsys):
    _, out, _ = output(capsys, "sweep", *BASE, "--framework", "any", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {"vllm", "sglang", "trtllm"} <= {row["framework"] for row in rows}


def test_an_unknown_chip_of_several_is_refused_by_name(capsys):
    given = list(BASE)
    given[given.index("h100")] = "h100,nowhere"
    code, out, err = output(capsys, "sweep", *given)
    assert code == 2 and "nowhere" in err and out == ""


def test_an_option_that_is_none_names_the_nearest_and_its_command(capsys):
    code, _, told = output(capsys, "sweep", "--chps=8")
    assert code == 2
    assert "--chps=8; nearest: --chips" in told
    assert "see rooftop sweep --help" in told


def test_formats_by_the_name_of_their_method(capsys):
    code, out, _ = output(
        capsys, "predict", "--model", "qwen3-8b", "--chip", "h100", "--tp", "1", "--weights", "AWQ"
    )
    assert code == 0
    assert "W4A16" in out
