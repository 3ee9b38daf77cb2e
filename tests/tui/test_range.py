"""The screen says quietly how far off such predictions have been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli import run
from engine.scenario import LayoutLimits, Scenario, Workload
from tests.engine.evidence.calibration.test_results import VLLM
from tests.tui.driving import running
from tui.fields.forms import HARDWARE

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.mark.parametrize(
    ("chip", "badge"),
    [("h100_sxm", "measured"), ("h100_pcie", "fitted"), ("trainium2", "datasheet")],
)
async def test_the_table_shows_badge_and_range(chip: str, badge: str) -> None:
    async with running(Scenario(model="llama-3.1-8b", chip=chip, chips=2)) as (main, _):
        words = " ".join(main.table.summary())
        assert f"{badge} TPOT ±" in words


async def _why(scenario: Scenario) -> str:
    """All that the why pane says of the row under the cursor."""
    async with running(scenario) as (main, pilot):
        for _ in range(100):
            await pilot.pause(0.02)
            if main.why.explanation is not None:
                break
        lines = main.why.body(60, 200)
        return " ".join(" ".join("".join(words for words, _ in line) for line in lines).split())


async def test_the_why_pane_says_what_the_range_rests_on() -> None:
    text = await _why(Scenario(model="llama-3.1-8b", chip="trainium2", chips=2))
    assert "how sure" in text
    assert "kernels never measured" in text


@pytest.mark.parametrize(("rate", "is_said"), [(20.0, True), (5.0, False)])
async def test_the_why_pane_says_where_ranks_wait_for_each_other(rate: float, is_said: bool):
    scenario = Scenario(
        model="deepseek-v3",
        chip="h200_sxm",
        chips=8,
        framework="sglang",
        workload=Workload(1024, 128, rate=rate),
        limits=LayoutLimits(tensor=(1,), expert=(8,), attention_data=(8,)),
    )
    said = "attention-DP ranks wait for each other's prompts" in await _why(scenario)
    assert said is is_said


async def test_a_calibrated_framework_is_offered(tmp_path: Path) -> None:
    files = []
    for concurrency, tpot in ((1, 12.0), (16, 15.0), (64, 24.0)):
        files.append(str(tmp_path / f"{concurrency}.json"))
        change = {"max_concurrency": concurrency, "mean_tpot_ms": tpot}
        Path(files[-1]).write_text(json.dumps(VLLM | change))
    site = ["--chip", "h100_sxm", "--model", "llama-3.1-8b", "--weights", "bf16"]
    assert run(["calibrate", *files, *site, "--name", "mine"]) == 0
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm", chips=1, framework="mine")
    async with running(scenario) as (main, _):
        assert "measured TPOT ±" in " ".join(main.table.summary())
    (framework,) = [field for field in HARDWARE if field.id == "framework"]
    assert "mine" in framework.choices()
