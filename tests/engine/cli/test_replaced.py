"""What commands write over: their own files and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import run

MODEL = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "2"]
ROWS = (
    "kind,model,chip,tp,concurrency_or_batch,isl,osl,tpot_ms\n"
    "serving,llama-3.1-8b,h100,1,4,1024,128,9\n"
)


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


OTHERS = {
    "text": "notes",
    "a tool's settings": "schema_version = 1\n[tool]\nx = 1\n",
    "a tool's scenario": 'schema_version = 1\n[scenario]\nname = "x"\n[choice]\nbatch = 1\n',
    "a schema of text": 'schema_version = "1"\n',
    "a schema that is true": "schema_version = true\n",
    "measured rows": ROWS,
    "a table of others": "id,ttft_ms\n1,2\n",
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_plan_never_replaces_something_else(capsys, content: str):
    Path("p").write_text(content)
    assert run(["plan", *MODEL, "-o", "p"]) == 2
    assert "something else in it, expected a new name or an older plan" in capsys.readouterr().err
    assert Path("p").read_text() == content


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_validate_never_replaces_something_else(capsys, content: str):
    Path("p").write_text(content)
    assert run(["validate", "rows.csv", "--csv", "p"]) == 2
    assert "an older table of predictions" in capsys.readouterr().err
    assert Path("p").read_text() == content


def test_validate_never_replaces_a_plan_nor_plan_a_table(capsys):
    assert run(["plan", *MODEL, "-o", "p"]) == 0
    assert run(["validate", "rows.csv", "--csv", "p"]) == 2
    assert run(["validate", "rows.csv", "--csv", "t"]) == 0
    assert run(["plan", *MODEL, "-o", "t"]) == 2


def test_older_ones_are_replaced(capsys):
    for _ in range(2):
        assert run(["plan", *MODEL, "-o", "p"]) == 0
        assert run(["validate", "rows.csv", "--csv", "t"]) == 0


def test_the_measured_file_is_named_through_a_link_as_well(capsys):
    Path("link.csv").symlink_to("rows.csv")
    assert run(["validate", "rows.csv", "--csv", "link.csv"]) == 2
    assert "is the measured file" in capsys.readouterr().err


def test_a_plan_stays_private(capsys):
    assert run(["plan", *MODEL, "-o", "p"]) == 0
    Path("p").chmod(0o600)
    assert run(["plan", *MODEL, "-o", "p"]) == 0
    assert Path("p").stat().st_mode & 0o777 == 0o600
