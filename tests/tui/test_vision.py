"""The app on vision models: forms, table, answer and plans of images per second."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from engine.model.forward.architecture import Image, Text
from engine.scenario import Objectives, Scenario
from tests.engine.model.forward.test_table import SMALL as TABLE
from tests.tui.driving import press, running

VISION = Scenario(
    model="resnet-50",
    chip="a100_sxm_80gb",
    chips=4,
    framework="tensorrt",
    objectives=Objectives(latency_ms=5),
    max_batch=256,
)
pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_answer_counts_images(size):
    async with running(VISION, size) as (screen, _):
        assert "✓ meets  Serve ResNet-50" in screen.answer.text
        assert "images/s/chip" in screen.answer.text
        table = screen.session.sweep.table
        assert table.metrics["latency_ms"][screen.session.sweep.best] <= 5


async def test_the_forms_ask_for_what_makes_sense():
    async with running(VISION) as (screen, _):
        hardware, workload = (
            screen.panes.named("hardware").text,
            screen.panes.named("workload").text,
        )
        for word in ("resolution", "latency"):
            assert word in workload
        for word in ("ISL", "TPOT", "batching", "draft"):
            assert word not in workload
        assert "instances" in hardware
        for word in ("KV cache", "TP ", "EP imbalance"):
            assert word not in hardware


async def test_a_larger_resolution_lowers_the_rate():
    async with running(VISION) as (screen, pilot):
        before = screen.session.sweep.table.metrics["fps_per_chip"].max()
        await press(pilot, "3", "enter", *"448x448", "enter")
        assert screen.store.current.workload.resolution == (448, 448)
        assert screen.session.prepared.forward_model.input == Image(448, 448)
        assert screen.session.sweep.table.metrics["fps_per_chip"].max() < before / 2


async def test_the_why_pane_tells_kernel_families():
    async with running(VISION) as (screen, pilot):
        for _ in range(100):
            if "convolution" in screen.why.text:
                return
            await pilot.pause(0.02)
        raise AssertionError(screen.why.text)


async def test_a_plan_of_a_vision_model_restores_it():
    async with running(replace(VISION, instances=2)) as (screen, pilot):
        await press(pilot, "s", "ctrl+u", *"v.toml", "enter")
        saved = screen.store.current
        document = tomllib.loads(Path("v.toml").read_text())
        assert document["benchmarks"][0].startswith("FPS001-Resnet50-V1.5-R224x224-")
        await press(pilot, "2", "down", "right", "o", "ctrl+u", *"v.toml", "enter")
        assert screen.store.current == saved


async def test_a_layer_table_is_a_model_in_the_app(tmp_path):
    path = tmp_path / "layers.csv"
    path.write_text(TABLE, encoding="utf-8")
    async with running(replace(VISION, model=str(path))) as (screen, _):
        assert "Serve layers on 4" in screen.answer.text


async def test_a_language_engine_is_named_with_its_stand_in():
    async with running(replace(VISION, framework="vllm")) as (screen, _):
        assert "serves no vision models" in screen.answer.text


async def test_an_encoder_is_asked_for_its_length():
    async with running(replace(VISION, model="bert-large")) as (screen, pilot):
        workload = screen.panes.named("workload").text
        assert "ISL" in workload and "latency" in workload
        assert "resolution" not in workload
        await press(pilot, "3", "enter", *"128", "enter")
        assert screen.store.current.workload.sequence_tokens == 128
        assert screen.session.prepared.forward_model.input == Text(128)


async def test_encoders_count_sequences():
    async with running(replace(VISION, model="bert-large")) as (screen, _):
        assert "seq/s/chip" in screen.table.text
        assert "seq/s/chip" in screen.chart.text
        assert "sequences/s/chip" in screen.answer.text
