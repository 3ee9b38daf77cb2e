"""Predict published deployments: the rate of each pool, that of the whole, and TPOT."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.evidence.measured.library import Library
from engine.evidence.measured.pool_calls import Part, Question, questions_of
from engine.evidence.measured.pool_rows import METRICS, PoolRow
from engine.serve.asked import load_of, requests_of
from engine.serve.call import Batch, Call, size_per_replica
from engine.serve.command import command_line
from engine.serve.outcome import Outcome
from engine.serve.passes.run import Pass
from engine.serve.predict import largest_sizes, predict
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated

PREFILL, DECODE, WHOLE, TPOT = METRICS


@dataclass(frozen=True, slots=True)
class PoolPrediction:
    """Predicted figures of a row by metric, why it was refused, and the commands that ask them."""

    values: Mapping[str, float]
    refused: str
    commands: tuple[str, ...]


def predict_pools(rows: Sequence[PoolRow], configs: Path | None = None) -> list[PoolPrediction]:
    """Predictions of every row."""
    library = Library(configs)
    return [_predict(row, library) for row in rows]


def _predict(row: PoolRow, library: Library) -> PoolPrediction:
    values: dict[str, float] = {}
    commands = []
    try:
        for question in questions_of(row, library):
            call, found = _answer(question, library)
            values.update(found)
            commands.append(command_line(call))
    except InputError as error:
        return PoolPrediction({}, str(error), ())
    return PoolPrediction(values, "", tuple(commands))


def _answer(question: Question, library: Library) -> tuple[Call, dict[str, float]]:
    """The call with its size as it was chosen, and what it says per published chip."""
    system = library.system(question.call.scenario)
    call = question.call
    largest = float(_largest(system, call)[0, 0])
    size = size_per_replica(call, largest)
    if not math.isnan(question.limit_ms):
        size = _under_limit(system, call, largest, question.limit_ms)
        call = replace(call, size=Batch(size))
    outcome = _outcome(system, call, np.array([[size]]))
    if not outcome.starts[0, 0]:
        raise InputError("does not fit in memory")
    return call, _figures(question, outcome, size)


def _figures(question: Question, outcome: Outcome, size: float) -> dict[str, float]:
    chips = float(np.broadcast_to(outcome.chips, (1, 1))[0, 0]) / question.devices

    def rate(name: str) -> float:
        return float(np.broadcast_to(outcome.rates[name], (1, 1))[0, 0]) / chips

    tpot = float(np.broadcast_to(outcome.seconds["tpot"], (1, 1))[0, 0]) * 1e3
    if question.part is Part.PREFILL:
        made = outcome.passes["prefill"]
        assert isinstance(made, Pass)
        tokens = size * question.call.scenario.workload.input_tokens
        return {PREFILL: tokens / float(made.seconds[0, 0]) / chips}
    if question.part is Part.DECODE:
        return {DECODE: rate("decode_tokens"), WHOLE: rate("request_tokens"), TPOT: tpot}
    return {WHOLE: rate("request_tokens"), TPOT: tpot}


def _under_limit(system: System, call: Call, largest: float, limit_ms: float) -> float:
    """The largest batch, whole sequences of each rank that decodes, whose TPOT keeps a limit; the
    smallest where none does."""
    if isinstance(call.arrangement, Aggregated):
        ranks = float(call.arrangement.layout.attention_data)
    else:
        pool = call.arrangement.decode
        ranks = float(pool.layout.attention_data * pool.workers)
    most = max(int(largest // ranks), 1)
    sizes = ranks * np.arange(1.0, most + 1.0)[np.newaxis, :]
    tpot = np.broadcast_to(_outcome(system, call, sizes).seconds["tpot"], sizes.shape)
    kept = tpot[0] * 1e3 <= limit_ms
    return float(sizes[0, np.flatnonzero(kept)[-1]]) if np.any(kept) else ranks


def _largest(system: System, call: Call) -> FloatArray:
    requests, load = requests_of(call.scenario, system), load_of(call.scenario)
    return largest_sizes(system, (call.arrangement,), requests, load)


def _outcome(system: System, call: Call, sizes: FloatArray) -> Outcome:
    requests, load = requests_of(call.scenario, system), load_of(call.scenario)
    return predict(system, (call.arrangement,), requests, load, sizes)


def pools_csv(rows: Sequence[PoolRow], predictions: Sequence[PoolPrediction]) -> str:
    """One line per row: id, predicted figures, why it was refused, the commands that ask them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("id", *METRICS, "refused", "command"))
    for row, one in zip(rows, predictions, strict=True):
        cells = (f"{one.values[metric]:.6g}" if metric in one.values else "" for metric in METRICS)
        writer.writerow((row.id, *cells, one.refused, " ; ".join(one.commands)))
    return out.getvalue()
