"""Streams that are full or closed: the right exit code, one line, nothing astray."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import run
from engine.plan.saved.plan_file import load_plan

ROOT = Path(__file__).parents[3]
MODEL = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "2"]
COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "a command's help": ["sweep", "--help"],
    "sweep": ["sweep", *MODEL, "--rows", "2"],
    "json": ["sweep", *MODEL, "--rows", "2", "--json"],
    "csv": ["sweep", *MODEL, "--rows", "2", "--csv"],
    "name": ["name", "TPS001-a-b-S4K-01-W4A16-B16", "--json"],
    "model": ["model", "llama-3.1-8b"],
}
UNKNOWN = ["sweep", "--model", "nosuch"]
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


def ended(arguments: list[str], streams: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the installed command under a shell's ``streams``."""
    code = "import sys; from tui.main import main; sys.argv[0] = 'rooftop'; main()"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@needs_full
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_output_is_one_line_and_an_error(name: str):
    code, _, said = ended(COMMANDS[name], ">/dev/full")
    assert (code, said) == (
        2,
        "rooftop: the output cannot be written: no space left on device\n",
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_closed_output_is_one_line_and_an_error(name: str):
    code, _, said = ended(COMMANDS[name], ">&-")
    assert (code, said) == (2, "rooftop: the output cannot be written: bad file descriptor\n")


@pytest.mark.parametrize("streams", ["2>&-", pytest.param("2>/dev/full", marks=needs_full)])
@pytest.mark.parametrize("arguments", [UNKNOWN, ["sweep", "--nosuch"], ["x"], ["sweep", "--chips"]])
def test_an_error_that_nobody_can_read_is_in_the_exit_code_alone(streams: str, arguments):
    assert ended(arguments, streams) == (2, "", "")


@pytest.mark.parametrize("streams", ["2>&-", pytest.param("2>/dev/full", marks=needs_full)])
def test_a_note_that_nobody_can_read_changes_nothing(streams: str):
    asked = ["sweep", "--model", "resnet-50", "--tp", "4", "--rows", "1", "--csv"]
    code, out, _ = ended(asked, streams)
    assert code == 0
    assert out.startswith("model,chip,")


def test_everything_closed_is_an_error_and_no_traceback():
    assert ended(["sweep", *MODEL], "<&- >&- 2>&-")[0] == 2
    assert ended([], "<&- >&- 2>&-")[0] == 2


def test_a_closed_input_hurts_nobody():
    assert ended(COMMANDS["name"], "<&-")[0] == 0
    assert ended([], "<&-") == (
        2,
        "",
        "rooftop: the app needs a terminal; `rooftop sweep --help` works without one\n",
    )


def test_a_file_does_not_take_the_place_of_a_closed_stream():
    """Whatever is opened first gets the number of a closed stream, and what is written to that
    one would be in the plan."""
    ended(["plan", *MODEL, "-o", "p.toml"], "2>&-")
    assert load_plan(Path("p.toml")).choice.batch > 0


@needs_full
@pytest.mark.parametrize("streams", [">/dev/full", ">&-"])
def test_the_plan_is_safe_before_its_answer_is_printed(streams: str):
    code, _, said = ended(["plan", *MODEL, "-o", "P.toml"], streams)
    assert code == 2
    assert said.startswith("rooftop: the output cannot be written: ")
    assert said.endswith("; Plan written to P.toml\n")
    assert load_plan(Path("P.toml")).choice.batch > 0


@pytest.mark.parametrize("name", ["nowhere/p.toml", "notes.txt", "loop"])
def test_no_answer_is_printed_where_no_plan_was_written(capsys, name: str):
    Path("notes.txt").write_text("mine")
    os.symlink("loop", "loop")
    assert run(["plan", *MODEL, "-o", name]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_too_little_memory_is_one_line(capsys, monkeypatch):
    def exhausted(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr("engine.cli.name.run_name", exhausted)
    assert run(["name", "TPS001-a-b-S4K-01-W4A16-B16"]) == 2
    assert capsys.readouterr().err == "rooftop: there is not enough memory for this\n"


@pytest.mark.parametrize(
    "arguments",
    [["model", "--check", "A" * 9000], ["sweep", f"--{'x' * 9000}"], ["name", "T" * 99]],
)
def test_an_error_is_one_line_that_somebody_reads(capsys, arguments: list[str]):
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert (said.count("\n"), len(said) < 1100) == (1, True)


@pytest.mark.parametrize("module", ["rooftop", "tui"])
def test_the_modules_are_the_command(module):
    done = subprocess.run(
        [sys.executable, "-m", module, *UNKNOWN], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "'nosuch'" in done.stderr
    assert done.stderr.count("\n") == 1
