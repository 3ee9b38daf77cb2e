"""Bad files and bad options: one line that names file, key and expectation, exit code 2."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import run
from engine.plan.saved.plan_file import load_plan
from engine.sources.files import read_bytes, write_text
from engine.words.errors import InputError
from tests.tiny import TINY
from tui.main import start

SWEEP = ["sweep", "--model", "llama-3.1-8b", "--chip", "h100", "--chips", "2", "--rows", "1"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)


def refused(capsys, *arguments: str) -> str:
    """The one line on stderr of a command that must end with 2."""
    code = start(list(arguments))
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.count("\n") == 1
    assert "\x1b" not in captured.err
    return captured.err


def config(values: object) -> str:
    Path("m").mkdir()
    text = values if isinstance(values, str) else json.dumps(values)
    Path("m/config.json").write_text(text)
    return "m"


# --- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--isl", "0", "--isl: found '0', expected a whole number from 1"),
        ("--isl", "-5", "--isl: found '-5'"),
        ("--isl", "nan", "--isl: found 'nan'"),
        ("--isl", "--", "argument --isl: expected a value"),
        ("--kv", "--", "argument --kv: expected a value"),
        ("--isl", "9" * 400, "from 1 to 100,000,000"),
        ("--osl", "99999999999999999999", "from 1 to 100,000,000"),
        ("--ttft", "nan", "--ttft: found 'nan', expected a time above 0"),
        ("--ttft", "inf", "--ttft: found 'inf'"),
        ("--e2e", "1h", "--e2e: found '1h'"),
        ("--chips", "1e9", "--chips: found '1e9'"),
        ("--chip", "", "--chip: found nothing, expected the name of a chip"),
        ("--model", " ", "--model: found nothing"),
        ("--chip", "h1000", "chip 'h1000' is unknown; nearest: h100"),
        ("--chip", "../../etc/passwd", "is unknown"),
        ("--chip", "\x1b[31m", "is unknown"),
        ("--tp", "3", "with TP 3: TP must divide its 32 attention heads"),
        ("--ep", "5", "with EP 5: TP must divide its 32 attention heads, EP is 1 without"),
        ("--pp", "7", "with PP 7"),
        ("--tp", "1,,2", "--tp: found ''"),
        ("--kv", "fp9", "number format 'fp9' is unknown; known: bf16"),
        ("--weights", "w7", "number format 'w7' is unknown"),
        ("--precision", "W5A5", "precision 'W5A5'"),
        ("--mode", "foo", "invalid choice: 'foo'"),
        ("--mode", "A" * 5000, "(choose from 'continuous', 'static')"),
        ("--kv", "A" * 5000, "is unknown; known: bf16"),
        ("--rows", "x", "--rows: found 'x'"),
        ("--framework", "vlm", "framework 'vlm' is unknown; nearest: vllm"),
        ("--slo", "chaat", "nearest: chat"),
        ("--draft-tokens", "1.5", "expected a whole number from 0 to 64"),
        ("--acceptance", "2", "expected a number from 0 to 1"),
        ("--load-imbalance", "nan", "expected a number from 0.5 to 1000"),
        ("--set", "num_hidden_layers=NaN", "num_hidden_layers is nan, expected a whole number"),
        ("--set", "x=" + "[" * 100_000, "--set x: too long or too deep"),
        ("--set", "x=" + "9" * 5000, "--set x: too long or too deep"),
        ("--assume", "nosuch", "no such model type"),
        ("--revision", "v1", "llama-3.1-8b is no model of the hub"),
    ],
    ids=lambda text: text[:20],
)
def test_options_name_what_they_expect(capsys, option, value, words):
    assert words in refused(capsys, *SWEEP, f"{option}={value}")


def test_a_hundred_million_chips_are_swept_in_no_time(capsys):
    arguments = ["--chip", "h200", "--chips", "100000000", "--max-batch", "1", "--rows", "1"]
    assert run(["sweep", "--model", "deepseek-v3", "--tp", "1,8", *arguments]) == 0


@pytest.mark.parametrize(
    ("word", "hint"), [("swep", "nearest command: sweep"), ("zzz", "rooftop --help lists")]
)
def test_a_misspelt_command_is_no_missing_plan(capsys, word, hint):
    assert f"{word!r} is no command, plan file or model; " in refused(capsys, word)
    Path(word).write_text("")
    assert "not a rooftop plan" in refused(capsys, word)
    Path(word).unlink()
    assert hint in refused(capsys, word, "llama-3.1-8b")


# --- configs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("{broken", "m/config.json: broken JSON at line 1 column 2"),
        ("[1, 2]", "m/config.json: holds a list, expected a mapping"),
        ({**TINY, "hidden_size": 10**18}, "hidden_size is 1000000000000000000, expected"),
        ({**TINY, "num_hidden_layers": "2"}, "num_hidden_layers is '2', expected a whole number"),
        ({**TINY, "hidden_size": None}, "hidden_size is null"),
        ({"model_type": "llama"}, "is missing, expected a whole number"),
        ({**TINY, "torch_dtype": "float99"}, "m/config.json: torch_dtype: found 'float99'"),
        ({**TINY, "quantization_config": "fp8"}, "m/config.json: quantization_config: found"),
        ({**TINY, "quantization_config": {"quant_method": "zz"}}, "quant_method: found 'zz'"),
        (
            {**TINY, "quantization_config": {"quant_method": "gptq", "bits": "four"}},
            "quantization_config.bits: found 'four', expected a whole number",
        ),
        (
            {**TINY, "quantization_config": {"quant_method": "fp8", "weight_block_size": [0, -1]}},
            "weight_block_size: found [0, -1], expected two whole numbers",
        ),
        (
            {
                **TINY,
                "quantization_config": {
                    "config_groups": {
                        "g": {"weights": {"num_bits": 8, "type": "float", "block_structure": ["a"]}}
                    }
                },
            },
            "block_structure: found ['a'], expected two whole numbers",
        ),
        (
            {
                **TINY,
                "quantization_config": {
                    "quant_method": "quark",
                    "global_quant_config": {"weight": {"dtype": "fp5"}},
                },
            },
            "weight.dtype: found 'fp5', expected one of",
        ),
        ({**TINY, "model_type": "\x1b]0;x\x07[/]"}, "[/]"),
    ],
)
def test_configs_name_file_key_and_expectation(capsys, values, words):
    message = refused(capsys, "model", config(values))
    assert words in message
    assert "m/config.json" in message


def test_the_file_beside_the_config_is_named(capsys):
    folder = config(TINY)
    Path(folder, "hf_quant_config.json").write_text('{"quantization": {"quant_algo": 7}}')
    assert "hf_quant_config.json: quantization.quant_algo: found '7'" in refused(
        capsys, "model", folder
    )


def test_a_file_of_200_megabytes(capsys):
    Path("big.json").touch()
    os.truncate("big.json", 200_000_000)
    assert "big.json: 200,000,000 bytes, expected a config.json of at most" in refused(
        capsys, "model", "big.json"
    )


# --- files that are none ------------------------------------------------------------------------


@pytest.fixture
def odd() -> None:
    os.mkfifo("fifo.json")
    os.symlink("loop.json", "loop.json")
    os.symlink("nowhere", "dangling.json")
    Path("folder.json").mkdir()
    Path("binary.json").write_bytes(b"\xff\xfe\x00")


COMMANDS = {
    "config": ["model"],
    "plan": ["check"],
    "oracle": ["model", "--check", ".", "--oracle"],
    "results": ["validate"],
    "runs": ["calibrate", "--model", "llama-3.1-8b", "--chip", "h100"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("./fifo.json", "is no regular file"),
        ("/dev/zero", "is no regular file"),
        ("./loop.json", "too many levels of symbolic links"),
        ("./dangling.json", "no such file"),
        ("./none.json", "no such file"),
        ("./folder.json", "folder"),
        ("./binary.json", "not UTF-8 text"),
        ("~no-such-user/x.json", "no home folder of that name"),
    ],
)
def test_what_is_no_file_is_not_waited_for(capsys, odd, command, name, words):
    if command == "config" and name == "./folder.json":
        words = "folder holds no config.json"
    message = refused(capsys, *COMMANDS[command], name)
    assert words in message
    assert name.lstrip("./") in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(capsys):
    folder = config(TINY)
    Path(folder, "config.json").chmod(0)
    assert "m/config.json: cannot be read: permission denied" in refused(capsys, "model", folder)


def test_a_file_that_grows_while_it_is_read():
    # Files under /proc say that they hold nothing.
    with pytest.raises(InputError, match="of at most 4 bytes"):
        read_bytes(Path("/proc/self/stat"), 4, "a thing")


# --- plans --------------------------------------------------------------------------------------


@pytest.fixture
def plan(capsys) -> str:
    arguments = [*SWEEP[1:7], "--isl", "1K", "--osl", "16", "-o", "good.toml"]
    assert run(["plan", *arguments]) == 0
    capsys.readouterr()
    return Path("good.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema_version = 2", "schema_version = 3", "schema_version: found 3, this rooftop"),
        ("schema_version = 2", "schema_version = 0", "schema_version: found 0, expected 2"),
        ("schema_version = 2", "", "schema_version: found nothing, expected 2"),
        ("chips = 2", "chips = -2", "scenario.chips: found -2, expected greater than 0"),
        ("chips = 2", 'chips = "2"', "scenario.chips: found '2', expected a valid integer"),
        ("chips = 2", "chips = nan", "scenario.chips: found nan"),
        ("chips = 2\n", "", "scenario.chips: missing"),
        ("chips = 2", "chips = 2\nbogus = 1", "scenario.bogus: no such key"),
        ("load_imbalance = 1.0", "load_imbalance = inf", "load_imbalance: found inf"),
        ("[scenario.objectives]", "[scenario.objectives]\nttft_ms = -5", "ttft_ms: found -5"),
        ("[scenario.objectives]", "[scenario.objectives]\nttft_ms = inf", "ttft_ms: found inf"),
        ("edits = []", "edits = [{key='a', value='{bad'}]", "edits a: found '{bad'"),
        ("edits = []", f"edits = [{{key='a', value='{'[' * 50_000}'}}]", "expected JSON"),
        ("tensor = 1", "tensor = 0", "choice.layout.tensor: found 0"),
        ("[scenario.workload]", "[scenario.workload", "not valid TOML"),
        ("[scenario.workload]", "x = " + "[" * 5000, "nested too deeply"),
        ('framework = "vllm"', 'framework = ["x"]', "framework: found ['x']"),
        ('chip = "h100"', 'chip = "\\u001b[31mx"', "scenario.chip: found"),
        ("edits = []", 'edits = [{key="a", value="\\u007f"}]', "scenario.edits.value: found"),
    ],
    ids=lambda text: text[:20],
)
def test_plans_name_file_key_and_expectation(capsys, plan, old, new, words):
    assert old in plan
    Path("bad.toml").write_text(plan.replace(old, new, 1))
    message = refused(capsys, "bad.toml")
    assert "bad.toml: " in message
    assert words in message


def test_as_many_chips_as_the_options_allow_come_back_from_a_plan(capsys, plan):
    Path("many.toml").write_text(plan.replace("chips = 2", "chips = 100000000"))
    assert load_plan(Path("many.toml")).scenario.chips == 100_000_000


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere/p.toml", "nowhere/p.toml: cannot be written: no such file or directory"),
        (".", "cannot be written: is a directory"),
        ("pipe", "is no regular file"),
        ("x" * 300, "file name too long"),
        ("~no-such-user/p.toml", "no home folder of that name"),
    ],
)
def test_plans_that_cannot_be_written(capsys, name, words):
    os.mkfifo("pipe")
    code = run(["plan", *SWEEP[1:7], "--isl", "1K", "--osl", "16", "-o", name])
    err = capsys.readouterr().err
    assert (code, err.count("\n")) == (2, 1)
    assert words in err


@pytest.mark.parametrize("content", ['{"mine": 1}', "[tool]\nx = 1", "notes"])
def test_a_file_that_is_no_plan_is_never_replaced(capsys, content):
    Path("mine.txt").write_text(content)
    code = run(["plan", *SWEEP[1:7], "--isl", "1K", "--osl", "16", "-o", "mine.txt"])
    assert code == 2
    assert "mine.txt: there is a file with something else in it" in capsys.readouterr().err
    assert Path("mine.txt").read_text() == content


def test_an_older_plan_is_replaced(capsys, plan):
    assert run(["plan", *SWEEP[1:7], "--isl", "2K", "--osl", "16", "-o", "good.toml"]) == 0
    assert load_plan(Path("good.toml")).scenario.workload.input_tokens == 2048


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_keeps_the_old_plan(plan, monkeypatch, step):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, step, full)
    with pytest.raises(InputError, match="no space left on device; nothing was changed"):
        write_text(Path("good.toml"), "new")
    assert Path("good.toml").read_text() == plan
    assert [path.name for path in Path().iterdir()] == ["good.toml"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_on_a_full_disk(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "engine", "chips"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
    assert done.returncode == 2
    assert done.stderr == "rooftop: the output cannot be written: no space left on device\n"


def test_a_reader_that_leaves_early():
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", *SWEEP[:-2], "--rows", "all", "--csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().startswith(b"model,chip,")
    process.stdout.close()
    assert (process.wait(timeout=30), process.stderr.read()) == (0, b"")
    process.stderr.close()


def test_a_terminal_without_unicode(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "engine", *SWEEP],
        capture_output=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")


# --- profiles of the user ------------------------------------------------------------------------


def own_chip(text: str, name: str = "mine") -> None:
    folder = Path("config/rooftop/chips")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)


GOOD = (Path(__file__).parents[3] / "profiles/chips/h100_sxm.toml").read_text()
MINE = GOOD.replace('id = "h100_sxm"', 'id = "mine"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = [", "not valid TOML"),
        ("", "id: missing"),
        (GOOD, "id: found 'h100_sxm', expected the file's name 'mine'"),
        (MINE.replace("bandwidth_gbs = 3350", "bandwidth_gbs = -1"), "bandwidth_gbs: found -1"),
        (MINE.replace("bandwidth_gbs = 3350", "bandwidth_gbs = nan"), "bandwidth_gbs: found nan"),
        (MINE.replace("bandwidth_gbs = 3350", "bandwidth_gbs = inf"), "bandwidth_gbs: found inf"),
        (MINE.replace("bandwidth_gbs = 3350", "bandwidth_gbs = '3350'"), "found '3350', expected"),
        (MINE.replace("cache_mb = 50", "cache_mb = inf"), "cache_mb: found inf"),
        ("typo = 1\n" + MINE, "typo: no such key"),
    ],
)
def test_a_users_broken_chip_is_named_and_harms_no_other(capsys, text, words):
    own_chip(text)
    message = refused(capsys, *SWEEP, "--chip", "mine")
    assert "config/rooftop/chips/mine.toml: " in message
    assert words in message
    assert run(SWEEP) == 0


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_list_shows_the_others_beside_a_broken_chip(capsys, form):
    own_chip(MINE)
    own_chip("x = [", "broken")
    assert run(["chips", *form]) == 2
    captured = capsys.readouterr()
    assert "mine" in captured.out
    assert "h200_sxm" in captured.out
    assert captured.err.startswith("rooftop: ")
    assert "broken.toml: not valid TOML" in captured.err


@pytest.mark.parametrize("limits", ["limits = 5", "[limits]\nttft_ms = nan", "[limits]\nttft = 1"])
def test_a_users_broken_objectives(capsys, limits):
    folder = Path("config/rooftop/objectives")
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(limits)
    assert "objectives/mine.toml: limits" in refused(capsys, *SWEEP, "--slo", "mine")
