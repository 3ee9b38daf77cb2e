"""The street: imports go down only, in no circle; and what start-up must not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.import_graph import (
    ROOT,
    STREET,
    circles,
    floor_of,
    graph,
    imported,
    inner_arrows,
    modules,
    room_of,
)

ALL_ROOMS = {room for floor in STREET for room in floor}
SCREEN = {"textual", "rich"}
SORTED_ROOMS = (
    "engine.cli",
    "engine.evidence",
    "engine.hardware",
    "engine.model",
    "engine.model.dialects",
    "engine.model.dialects.towers",
    "engine.plan",
    "engine.serve",
    "engine.serve.laws",
    "engine.serve.memory",
    "engine.sources",
    "engine.words",
    "engine.work",
    "engine.work.tokens",
    "tui",
)
HEAVY = {"torch", "transformers", "pandas", "scipy"}


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    return graph()


def test_imports_go_down_the_street(arrows: dict[str, set[str]]):
    upward = [
        f"{name} -> {other}"
        for name, others in arrows.items()
        for other in others
        if room_of(name) != room_of(other) and floor_of(other) >= floor_of(name)
    ]
    assert upward == []


def test_nobody_imports_in_a_circle(arrows: dict[str, set[str]]):
    assert circles(arrows) == []


@pytest.mark.parametrize("room", SORTED_ROOMS)
def test_nor_do_the_parts_of_a_room(arrows: dict[str, set[str]], room: str):
    assert circles(inner_arrows(arrows, room)) == []


def test_every_folder_of_the_engine_is_a_room():
    folders = {f"engine.{one.name}" for one in (ROOT / "engine").iterdir() if one.is_dir()}
    assert {one for one in folders if "__" not in one} <= ALL_ROOMS


def test_only_the_screen_knows_textual_and_nobody_loads_what_is_heavy():
    known = modules()
    outside = {
        name: {one.split(".")[0] for one in imported(path, known)} for name, path in known.items()
    }
    assert [n for n, found in outside.items() if found & SCREEN and room_of(n) != "tui"] == []
    assert [n for n, found in outside.items() if found & HEAVY] == []


def modules_loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def packages_loaded_by(code: str) -> set[str]:
    return {name.split(".")[0] for name in modules_loaded_by(code)}


def test_help_loads_no_numpy():
    code = "from engine.cli import run\nsys.stdout = open('/dev/null', 'w')\nrun(['--help'])\n"
    assert "numpy" not in packages_loaded_by(code + "sys.stdout = sys.__stdout__")


def test_a_sweep_loads_no_pydantic_and_no_hub():
    loaded = packages_loaded_by("import engine.plan.sweep, engine.cli.sweep")
    assert not loaded & {"pydantic", "huggingface_hub", "textual"}


def test_the_command_loads_textual_only_for_the_app():
    assert "textual" not in packages_loaded_by("import tui.main, engine.cli.scenario.options")
    code = "from tui.main import start\nsys.stdout = open('/dev/null', 'w')\nstart(['chips'])\n"
    assert "textual" not in packages_loaded_by(code + "sys.stdout = sys.__stdout__")


def test_the_first_paint_waits_for_no_engine():
    assert not packages_loaded_by("import tui.app") & {"numpy", "pydantic", "huggingface_hub"}


def test_the_face_loads_nothing_heavy_before_it_is_asked():
    heavy = {"numpy", "pydantic", "huggingface_hub", "textual", "tomli_w"}
    assert not packages_loaded_by("import rooftop; rooftop.Error, rooftop.__version__") & heavy


def test_a_sweep_of_tokens_enters_no_room_that_it_does_not_need():
    code = (
        "from engine.cli import run\nimport io\nout, sys.stdout = sys.stdout, io.StringIO()\n"
        "run('sweep --model llama-3.1-8b --chip h100 --chips 1 --max-batch 2'.split())\n"
        "sys.stdout = out"
    )
    unneeded = ("engine.serve.forward", "engine.work.forward", "engine.model.forward.reading")
    unneeded += (
        "engine.serve.batching.disaggregated",
        "engine.sources.hub",
        "engine.plan.nudges.nudge",
    )
    assert not modules_loaded_by(code) & {
        *unneeded,
        "engine.plan.of_forward",
        "engine.plan.why.explain",
    }
