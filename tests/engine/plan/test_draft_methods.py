"""Every method of drafting from the sweep to the saved plan: what it holds by hand, what it brings
beside no drafts, and the plan opened again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.plan.prepared import prepare
from engine.plan.results import Sweep
from engine.plan.saved.check import check_plan
from engine.plan.saved.document import save_plan
from engine.plan.saved.plan_file import load_plan
from engine.plan.sweep import sweep
from engine.plan.why.explain import explain
from engine.scenario import LayoutLimits, Objectives, Scenario, Workload
from engine.serve.memory.account import Held
from engine.serve.resolve import resolve
from engine.work.layout import Layout

HIDDEN, KEYS, WIDE, WORDS = 4096, 1024, 12_288, 128_256
"""Of Llama-3.1-8B and the usual drafts for it; they score 32,000 words where they have a head."""
MLP, JOINED = 3 * HIDDEN * WIDE, 3 * HIDDEN * HIDDEN
BESIDE = 2 * HIDDEN * (HIDDEN + KEYS)
"""Attention of a layer that reads one state: queries and output, keys and values."""
DOUBLE = HIDDEN * (2 * HIDDEN + 2 * 2 * KEYS + HIDDEN)
"""Of one that reads a state and an embedding side by side."""
HEAD = 32_000 * HIDDEN
LAYER_BYTES = 2 * KEYS * 2
"""Cache of a layer for a token: keys and values of 8 heads, 128 wide, in 16 bits."""
LLAMA = ("llama-3.1-8b", 1)
EXPERTS = 257 * 3 * 7168 * 2048
LATENT = 7168 * (1536 + 576) + 1536 * 128 * 192 + 512 * 128 * 256 + 128 * 128 * 7168
CASES = {
    # DeepSeek-V3's module in FP8 on eight ranks: all replicate the projection of two states in
    # front, the router and the down-projections; a latent of 512 + 64 in 16 bits is held.
    "mtp": ("deepseek-v3", 8, (EXPERTS + LATENT) / 8 + 2 * 7168**2, 576 * 2),
    "eagle3": (*LLAMA, 2 * (DOUBLE + MLP + JOINED + HEAD), LAYER_BYTES),
    "p-eagle": (*LLAMA, 2 * (DOUBLE + 3 * BESIDE + 4 * MLP + JOINED + HEAD), 4 * LAYER_BYTES),
    "dflash": (*LLAMA, 2 * (5 * (BESIDE + MLP) + 5 * HIDDEN**2), 5 * LAYER_BYTES),
    # DFlash with a table and a head of rank 256.
    "dspark": (*LLAMA, 2 * (5 * (BESIDE + MLP) + 5 * HIDDEN**2 + 2 * 256 * WORDS), 5 * LAYER_BYTES),
    # Qwen3-0.6B: 596 million parameters, 28 layers.
    "qwen3-0.6b": ("qwen3-32b", 1, 2 * 596e6, 28 * LAYER_BYTES),
    "ngram": (*LLAMA, 0.0, 0.0),
}
"""By method: model, ranks, bytes of the draft's weights on a chip and of its cache for a token."""


def scenario(draft: str) -> Scenario:
    model, chips = CASES[draft][:2]
    return Scenario(
        model=model,
        chip="h200_sxm",
        chips=chips,
        framework="vllm",
        draft=draft,
        draft_tokens=3,
        workload=Workload(2048, 512),
        objectives=Objectives(tpot_ms=50.0),
        limits=LayoutLimits(tensor=(chips,), pipeline=(1,)),
    )


@pytest.mark.parametrize("draft", CASES)
def test_weights_and_cache_of_a_draft_are_those_counted_by_hand(draft: str) -> None:
    _, chips, weights, token = CASES[draft]
    system = resolve(scenario(draft)).systems[0]
    layouts = [Layout(chips)]

    def held(drafts: int, tokens: float = 4096.0) -> tuple[float, float]:
        found = system.footprint(layouts, Held(tokens, tokens, drafts))
        return float(found.weight_bytes[0, 0]), float(found.cache_bytes_per_sequence[0, 0])

    (with_weights, long), (plain_weights, plain_long) = held(3), held(0)
    short, plain_short = held(3, 2048.0)[1], held(0, 2048.0)[1]
    assert with_weights - plain_weights == pytest.approx(weights, rel=0.03)
    # A block of draft tokens is held besides, whatever the context.
    grown = (long - plain_long) - (short - plain_short)
    assert grown / 2048 == pytest.approx(token, rel=0.01)


@pytest.fixture(scope="module", params=CASES)
def found(request: pytest.FixtureRequest) -> tuple[Scenario, Sweep]:
    asked = scenario(request.param)
    return asked, sweep(prepare(asked), asked)


def test_a_plan_with_drafts_opens_with_the_same_answer(
    found: tuple[Scenario, Sweep], tmp_path: Path
) -> None:
    asked, result = found
    assert result.best is not None
    path = tmp_path / "plan.toml"
    save_plan(path, prepare(asked), asked, result, result.table, result.best)
    plan = load_plan(path)
    assert plan.scenario == asked
    assert check_plan(plan).largest_drift == pytest.approx(0.0, abs=1e-6)
    assert plan.document["drafts"]


def test_a_draft_stands_beside_none(found: tuple[Scenario, Sweep]) -> None:
    """What it brings is the answer's, and the same batch without."""
    asked, result = found
    best, prepared = result.best, prepare(asked)
    assert best is not None
    table = result.table
    batch = int(table.batch[best])
    told = explain(prepared, asked, table.arrangement(best), prepared.precisions[0], batch)
    assert told.drafting is not None
    assert told.drafting.tpot_ms == pytest.approx(table.value(best, "tpot_ms"))
    without = replace(asked, draft="", draft_tokens=0)
    plain = explain(prepare(without), without, told.arrangement, prepared.precisions[0], batch)
    made = sum(part.seconds for part in plain.parts["tpot_ms"]) * 1e3
    assert told.drafting.tpot_ms_without == pytest.approx(made, rel=1e-6)
