"""Who may import whom, and what start-up must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGINE = sorted((ROOT / "engine").rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_engine_knows_no_screen(path: Path):
    assert not imports_of(path) & {"textual", "rich", "tui"}


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_heavy_at_run_time(path: Path):
    assert not imports_of(path) & {"torch", "transformers", "pandas", "scipy"}


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_help_loads_no_numpy():
    code = "from engine.cli import run\nsys.stdout = open('/dev/null', 'w')\nrun(['--help'])\n"
    assert "numpy" not in loaded_by(code + "sys.stdout = sys.__stdout__")


def test_a_sweep_loads_no_pydantic_and_no_hub():
    loaded = loaded_by("import engine.sweep, engine.cli.sweep")
    assert not loaded & {"pydantic", "huggingface_hub", "textual"}


def test_the_command_loads_textual_only_for_the_app():
    assert "textual" not in loaded_by("import tui.main, engine.cli.options")


def test_the_first_paint_waits_for_no_engine():
    assert not loaded_by("import tui.app") & {"numpy", "pydantic", "huggingface_hub"}
