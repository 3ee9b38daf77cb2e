"""What an engine's constants predict of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.evidence.calibration.run import Run
from engine.evidence.measured.reported import token_seconds
from engine.hardware.framework import Framework
from engine.scenario import FirstToken
from engine.serve.load import Client, Closed
from engine.serve.predict import predict
from engine.serve.requests import Drafts, Requests
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.work.arrangement import Aggregated


def predicted_seconds(site: System, runs: Sequence[Run], framework: Framework) -> FloatArray:
    """TTFT and TPOT seconds, (2, runs)."""
    found = np.full((2, len(runs)), np.nan)
    for (load, drafts, _), places in _alike(runs).items():
        mine = [runs[place] for place in places]
        system = replace(mine[0].system or site, engine=framework)
        requests = Requests(
            _column([run.input_tokens for run in mine]),
            _column([run.output_tokens for run in mine]),
            _column([run.cached for run in mine]),
            drafts,
        )
        arrangements = [Aggregated(run.layout) for run in mine]
        sizes = [max(run.concurrency / run.layout.replicas, 1.0) for run in mine]
        outcome = predict(system, arrangements, requests, load, _column(sizes))
        tpot = token_seconds(outcome, [run.token_time for run in mine])
        found[:, places] = [outcome.seconds["ttft"][:, 0], tpot]
    return found


def _alike(runs: Sequence[Run]) -> dict[tuple[Closed, Drafts, int], list[int]]:
    """The runs' places by what their client did, what was drafted and what ran."""
    found: dict[tuple[Closed, Drafts, int], list[int]] = {}
    for place, run in enumerate(runs):
        statistic = FirstToken.MEDIAN if run.ttft_is_median else FirstToken.MEAN
        client = Client(spread=run.spread, statistic=statistic) if run.opens_at_once else None
        found.setdefault((Closed(client), run.drafts, id(run.system)), []).append(place)
    return found


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=float)[:, np.newaxis]
