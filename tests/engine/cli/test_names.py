"""Names come out of files and arguments: what is printed of them is safe, in every form."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from engine.cli import run
from engine.plan.saved.plan_file import load_plan

ROOT = Path(__file__).parents[3]
EVIL = "ev\x1b[31mil\x9b2J\u202e\u200b-7b"
TINY = (ROOT / "tests/data/tiny_llama.json").read_text()
ASKED = ["--model", EVIL, "--chip", "mine", "--chips", "1", "--framework", "own"]
COMMANDS = {
    "model": ["model", EVIL],
    "model as JSON": ["model", EVIL, "--json"],
    "sweep": ["sweep", *ASKED, "--rows", "2"],
    "sweep as JSON": ["sweep", *ASKED, "--rows", "2", "--json"],
    "sweep as CSV": ["sweep", *ASKED, "--rows", "2", "--csv"],
    "predict": ["predict", *ASKED],
    "predict as JSON": ["predict", *ASKED, "--json"],
    "plan": ["plan", *ASKED, "-o", f"{EVIL}.toml"],
    "models": ["models"],
    "models as JSON": ["models", "--json"],
    "chips": ["chips"],
    "chips as JSON": ["chips", "--json"],
    "frameworks": ["frameworks"],
    "frameworks as JSON": ["frameworks", "--json"],
    "name": ["name", f"TPS001-{EVIL}-S-S4K-01-W4A16-B16"],
    "name as JSON": ["name", f"TPS001-a-{EVIL}-S4K-01-W4A16-B16", "--json"],
    "no such thing": ["diff", EVIL, EVIL],
    "no such objectives": ["sweep", "--slo", EVIL],
    "no such build": ["predict", *ASKED, "--build", EVIL],
}


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "config" / "rooftop"
    for kind in ("models", "chips", "frameworks"):
        (own / kind).mkdir(parents=True)
    Path(EVIL).mkdir()
    Path(EVIL, "config.json").write_text(TINY)
    (own / "models" / f"{EVIL}.json").write_text(TINY)
    chip = (ROOT / "profiles/chips/h100_sxm.toml").read_text()
    chip = chip.replace('id = "h100_sxm"', 'id = "mine"').replace('name = "', r'name = "\u001b[31m')
    (own / "chips" / "mine.toml").write_text(chip)
    (own / "chips" / f"{EVIL}.toml").write_text(chip)
    (own / "frameworks" / "own.toml").write_text(
        'id = "own"\nbase = "vllm"\nname = "\\u001b[31mv\\u202e"\nversion = "\\u009b1"\n'
        'sources = ["\\u001b[3m"]\nfused_norms = ["\\u001b[3m"]\n'
    )


def texts(value: object) -> list[str]:
    """Every text in a JSON value, keys as well."""
    if isinstance(value, dict):
        return [*value, *(text for inner in value.values() for text in texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_printed_acts_upon_a_terminal(capsys, name: str):
    run(COMMANDS[name])
    captured = capsys.readouterr()
    said = [captured.out, captured.err]
    if captured.out.startswith(("{", "[")):
        said += texts(json.loads(captured.out))
    found = {one for text in said for one in text if unicodedata.category(one) in ("Cc", "Cf")}
    assert found <= {"\n"}


def test_a_plan_is_safe_to_print_and_still_names_its_model(capsys):
    assert run(["plan", *ASKED, "-o", "p.toml"]) == 0
    text = Path("p.toml").read_text()
    assert {one for one in text if unicodedata.category(one) in ("Cc", "Cf")} <= {"\n"}
    assert load_plan(Path("p.toml")).scenario.model == EVIL
