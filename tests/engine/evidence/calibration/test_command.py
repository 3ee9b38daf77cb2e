"""``rooftop calibrate`` from files to a profile that the other commands offer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.measured.predict import predict_rows
from tests.engine.evidence.calibration.test_results import VLLM
from tests.engine.evidence.measured.rows import make_rows, write_rows

OPTIONS = ["--chip", "h100_sxm", "--model", "llama-3.1-8b", "--weights", "bf16"]
SITE_RUNS = Path(__file__).parents[3] / "data" / "site_runs.csv"
SLOW = ((1, 12.0), (16, 15.0), (64, 24.0))
"""Concurrencies with times per output token about half again as long as an H100's."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def results(folder: Path, points=SLOW) -> list[str]:
    files = []
    for concurrency, tpot in points:
        path = folder / f"c{concurrency}-{len(files)}.json"
        change = {"max_concurrency": concurrency, "mean_tpot_ms": tpot, "completed": 160}
        path.write_text(json.dumps(VLLM | change))
        files.append(str(path))
    return files


def tpot_of(framework: str, capsys) -> float:
    arguments = ["sweep", *OPTIONS, "--chips", "1", "--tp", "1", "--framework", framework]
    assert run([*arguments, "--isl", "1000", "--osl", "500", "--max-batch", "1", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["rows"][0]["tpot_ms"]


def test_the_profile_is_offered_and_moves_the_plan(home: Path, capsys) -> None:
    assert run(["calibrate", *results(home), *OPTIONS, "--name", "mine"]) == 0
    shown = capsys.readouterr().out
    assert "use it with --framework mine" in shown
    assert "bandwidth of products" in shown and "before" in shown and "after" in shown
    assert run(["frameworks"]) == 0
    assert "mine" in capsys.readouterr().out
    published = tpot_of("vllm", capsys)
    assert abs(tpot_of("mine", capsys) / 12.0 - 1) < 0.5 * abs(published / 12.0 - 1)


def test_what_runs_do_not_tell_stays_and_is_named(home: Path, capsys) -> None:
    assert run(["calibrate", *results(home), *OPTIONS, "--dry-run"]) == 0
    (stayed,) = [one for one in capsys.readouterr().out.splitlines() if "do not tell" in one]
    assert stayed.startswith("as published, for these runs do not tell: ")


def test_repeats_are_averaged_and_their_distance_is_said(home: Path, capsys) -> None:
    points = (*SLOW, (16, 16.5))
    assert run(["calibrate", *results(home, points), *OPTIONS, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "4 runs" in shown
    assert "1 of them repeat others and are averaged" in shown
    assert "10.0% apart (" in shown


def test_each_configuration_is_told_by_the_others(home: Path, capsys) -> None:
    """First tokens that follow nothing: the runs do not foretell each other's."""
    files = results(home)
    for file, ttft in zip(files, (30.0, 900.0, 60.0), strict=True):
        path = Path(file)
        changed = {"mean_ttft_ms": ttft, "median_ttft_ms": ttft}
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    assert run(["calibrate", *files, *OPTIONS, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "of each configuration by the others" in shown
    assert "TTFT of other runs may get worse" in shown
    assert "TPOT of other runs may get worse" not in shown


def test_a_dry_run_writes_nothing(home: Path, capsys) -> None:
    assert run(["calibrate", *results(home), *OPTIONS, "--dry-run"]) == 0
    assert "nothing written" in capsys.readouterr().out
    assert not (home / "config").exists()


def test_runs_that_the_published_constants_fit_already_write_nothing(home: Path, capsys) -> None:
    loads = [{"concurrency_or_batch": str(load), "ttft_ms": ""} for load in (1, 8, 32)]
    known = predict_rows(make_rows(home, *loads)).values["tpot_ms"]
    exact = [load | {"tpot_ms": str(ms)} for load, ms in zip(loads, known, strict=True)]
    table = write_rows(home / "exact.csv", *exact)
    assert run(["calibrate", str(table), *OPTIONS]) == 0
    assert "nothing written: vllm as published fits these runs" in capsys.readouterr().out
    assert not (home / "config").exists()


def test_calibrating_twice_keeps_the_last(home: Path, capsys) -> None:
    files = results(home)
    assert run(["calibrate", *files, *OPTIONS, "--name", "mine"]) == 0
    assert run(["calibrate", *files, *OPTIONS, "--name", "mine"]) == 0
    assert [path.name for path in (home / "config/rooftop/frameworks").iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (SLOW[:1], "found 1 run, expected at least 3"),
        (SLOW[:2], "found 2 runs, expected at least 3"),
        ((*SLOW, (16, 30.0)), "contradicts"),
        (((1, 200.0), (16, 3.0), (64, 1000.0)), "contradict the model or each other"),
    ],
)
def test_too_few_and_contradictory_runs_get_told_so(home: Path, capsys, points, message) -> None:
    assert run(["calibrate", *results(home, points), *OPTIONS]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (home / "config").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--model", "resnet-nonsense"], "resnet-nonsense"),
        (["--chip", "h1000"], "unknown"),
        (["--tp", "1,2"], "found 2 degrees, expected the one used"),
        (["--tp", "4", "--chips", "6"], "expected a multiple of the 4"),
        (["--name", "../evil"], "--name '../evil'"),
    ],
)
def test_bad_options_are_one_line(home: Path, capsys, changed, message: str) -> None:
    assert run(["calibrate", *results(home), *OPTIONS, *changed]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_model_and_chip_are_needed(home: Path, capsys) -> None:
    assert run(["calibrate", *results(home), "--model", "llama-3.1-8b"]) == 2
    assert "--chip is missing" in capsys.readouterr().err


def test_rows_of_a_csv_work_too(home: Path, capsys) -> None:
    options = ["--chip", "h100_sxm", "--model", "qwen3-235b-a22b", "--weights", "fp8_block"]
    arguments = ["calibrate", str(SITE_RUNS), *options, "--framework", "generic", "--dry-run"]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("32 runs")
    shares = [float(one) for one in re.findall(r"([\d.]+)% ", shown.split("per-step")[0])]
    assert len(shares) >= 4
    assert all(share <= 98 for share in shares)


def test_a_csv_of_something_else_says_what_it_holds(home: Path, capsys) -> None:
    assert run(["calibrate", str(SITE_RUNS), *OPTIONS]) == 2
    assert "found Qwen/Qwen3-235B-A22B fp8_block on h100_sxm" in capsys.readouterr().err


def test_a_profile_written_by_hand_is_never_replaced(home, tmp_path, capsys):
    files = results(tmp_path)
    own = home / "config" / "rooftop" / "frameworks" / "mine.toml"
    own.parent.mkdir(parents=True)
    own.write_text('id = "mine"\nbase = "vllm"\nsources = ["by hand"]\n')
    before = own.read_text()
    assert run(["calibrate", *files, *OPTIONS, "--name", "mine"]) == 2
    assert "an older calibration; nothing was changed" in capsys.readouterr().err
    assert own.read_text() == before


def test_runs_of_another_model_count_with_those_of_the_first(home: Path, capsys) -> None:
    files = results(home)
    assert run(["calibrate", *files, *OPTIONS, "--dry-run"]) == 0
    alone = capsys.readouterr().out
    also = ["--also", "qwen3-8b", files[0]]
    assert run(["calibrate", *files, *OPTIONS, *also, "--dry-run"]) == 0
    assert capsys.readouterr().out.split()[0] == str(int(alone.split()[0]) + 1)
    assert run(["calibrate", *files, *OPTIONS, "--also", "qwen3-8b"]) == 2
    assert "--also qwen3-8b: its results are missing" in capsys.readouterr().err


DRAFTED = {"spec_decode_acceptance_length": 2.4}


def drafted(folder: Path, change: dict[str, object]) -> list[str]:
    """Runs that say something of drafts."""
    files = results(folder, [(load, tpot / 2) for load, tpot in SLOW])
    for file in files:
        path = Path(file)
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return files


def test_drafts_make_another_fit_of_the_same_runs(home: Path, capsys) -> None:
    files = drafted(home, {})
    assert run(["calibrate", *files, *OPTIONS, "--dry-run"]) == 0
    plain = capsys.readouterr().out
    given = ["--draft-tokens", "3", "--acceptance", "0.8/0.4/0.2"]
    assert run(["calibrate", *files, *OPTIONS, *given, "--dry-run"]) == 0
    assert capsys.readouterr().out != plain


@pytest.mark.parametrize("more", [[], ["--draft-tokens", "1"]])
def test_tokens_of_a_step_need_to_be_possible(home: Path, capsys, more) -> None:
    assert run(["calibrate", *drafted(home, DRAFTED), *OPTIONS, *more]) == 2
    assert "found 2.40 tokens a step, expected as many --draft-tokens" in capsys.readouterr().err
