"""An engine whose numbers never change, for pictures of the screen: a made-up line instead of
the roofline, so that a better constant somewhere does not change every picture."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.chip import Provenance
from engine.plan.metrics.table import CODES, NO_MEMORY, NOTHING, VERDICTS
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Sweep, Table
from engine.plan.why.explanation import Explanation, OperatorTime, PassFigures, Share
from engine.serve.memory.account import MemoryItem

MOST = 160
GIB = float(1 << 30)
KNOWN = Accuracy(Provenance.FITTED, {"ttft": 0.28, "tpot": 0.14, "throughput": 0.14}, 9, "x")


def fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the made-up engine behind the app."""
    limits = "tui.session.layout_table.batch_limits"
    monkeypatch.setattr(limits, lambda prepared, *_: _limits(prepared))
    for place in ("tui.session.layout_table", "tui.session.baseline"):
        monkeypatch.setattr(f"{place}.batch_table", _batch_table)
    monkeypatch.setattr("tui.session.shown.sweep", _sweep)
    monkeypatch.setattr("engine.plan.sweep.sweep", _sweep)
    monkeypatch.setattr("engine.plan.why.explain.explain", _explanation)
    monkeypatch.setattr("tui.beside.thinking.Thinking.rest", lambda self: None)


def _limits(prepared):
    return np.full(len(prepared.arrangements), MOST)


def _batch_table(prepared, scenario, arrangement, precision, batches) -> Table:
    index = np.full(len(batches), prepared.arrangements.index(arrangement))
    return _table(prepared, scenario, index, batches)


def _sweep(prepared, scenario, should_stop=None) -> Sweep:
    batches = np.tile(np.arange(1, MOST + 1), len(prepared.arrangements))
    index = np.repeat(np.arange(len(prepared.arrangements)), MOST)
    table = _table(prepared, scenario, index, batches)
    rank = np.where(table.meets, -table.metrics["tps_per_chip"], table.excess)
    order = np.argsort(rank, kind="stable")
    best = int(order[0]) if table.meets.any() else None
    return Sweep(table, order, len(table), best, None, int(order[0]) if best is None else None, 1.0)


def _table(prepared, scenario, index, batch) -> Table:
    """Every number a simple function of batch and layout."""
    slowness = 1.0 + index / 4
    tpot = (8.0 + 0.2 * batch) * slowness
    ttft = 120.0 + 1.5 * batch
    memory = 20.0 + 0.4 * batch
    end = ttft + tpot * (scenario.workload.output_tokens - 1)
    request = 1e3 * batch * scenario.workload.output_tokens / end
    fits = memory <= 72.0
    speed = np.where(fits, 1.0, np.nan)
    limit = scenario.objectives.tpot_ms or 1e9
    excess = np.where(fits, tpot / limit, memory / 72.0)
    missed = np.where(excess > 1, CODES[VERDICTS[3]], CODES[NOTHING])
    return Table(
        kind=prepared.kind,
        arrangements=prepared.arrangements,
        precisions=prepared.precisions[:1],
        arrangement_index=index,
        precision_index=np.zeros(len(batch), dtype=np.int64),
        batch=batch,
        metrics={
            "ttft_ms": ttft * speed,
            "tpot_ms": tpot * speed,
            "e2e_ms": end * speed,
            "request_tps": request * speed,
            "decode_tps": 1e3 * batch / tpot * speed,
            "prefill_tps": 4.0 * request * speed,
            "prompt_tps_per_chip": 4.0 * request / scenario.chips * speed,
            "tps_per_chip": request / scenario.chips * speed,
            "tps_per_user": 1e3 / tpot * speed,
            "memory_gib": memory,
        },
        capacity_gib=np.full(len(batch), 80.0),
        fits=fits,
        meets=fits & (excess <= 1),
        binding=np.where(fits, missed, CODES[NO_MEMORY]),
        excess=excess,
        limits=(scenario.objectives,),
        accuracies=(KNOWN,),
    )


def _explanation(prepared, scenario, arrangement, precision, batch) -> Explanation:
    names = (("attention", "memory"), ("gate_up", "compute"), ("all-reduce", "link"))
    operators = tuple(
        OperatorTime(name, name, phase, 32, scale * (place + 1) / 1e3, 1e12, 1e9, 0.0, bound, "x")
        for phase, scale in (("prefill", 20.0), ("decode", 2.0))
        for place, (name, bound) in enumerate(names)
    )
    parts = {
        "ttft_ms": (Share("request", 0.02), Share("prefill", 0.12, "prefill")),
        "tpot_ms": (Share("decode", 0.012, "decode"), Share("prompts of others", 0.008)),
    }
    passes = (PassFigures("prefill", 0.12, 0.4, 0.1), PassFigures("decode", 0.012, 0.05, 0.6))
    memory = (MemoryItem("weights", 15 * GIB), MemoryItem("KV cache", 0.4 * batch * GIB))
    limits = {"memory": MOST, "ttft": 99, "tpot": 60, "e2e": MOST}
    return Explanation(
        arrangement,
        precision,
        batch,
        parts,
        passes,
        operators,
        memory,
        80 * GIB,
        limits,
        {"bf16": 1e15},
        3e12,
    )
