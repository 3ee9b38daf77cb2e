"""What one arrangement will be at given sizes: rows without a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.plan.drafting import with_best_drafts_at
from engine.plan.money.bill import refuse_unpriced
from engine.plan.prepared import Prepared, prepare_on, refuse_elsewhere
from engine.plan.results import Table
from engine.plan.rows import row_values
from engine.plan.tables import asked_table
from engine.scenario import Scenario
from engine.serve.asked import load_of, requests_of
from engine.serve.call import Call, Size, size_per_replica
from engine.serve.command import command_line
from engine.serve.kinds import kind_of
from engine.serve.load import Static
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes, predict
from engine.serve.requests import Requests
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class Predicted:
    """The rows of one arrangement: every precision, in the order of the sizes asked for."""

    scenario: Scenario
    prepared: Prepared
    arrangement: Arrangement
    sizes: tuple[Size, ...]
    outcomes: tuple[Outcome, ...]
    """One per precision."""
    table: Table

    def rows(self) -> list[dict[str, Any]]:
        """Every row as plain values: those of a sweep's row, and what the deployment holds."""
        held = [self.held(precision) for precision in range(len(self.outcomes))]
        return [self._row(place, held) for place in range(len(self.table))]

    def _row(self, place: int, held: Sequence[dict[str, int]]) -> dict[str, Any]:
        precision, column = divmod(place, len(self.sizes))
        outcome = self.outcomes[precision]
        size = float(outcome.sizes[0, column])
        in_flight = size * self.arrangement.replicas
        if outcome.flow is not None:
            size = float(self.table.batch[place])
            in_flight = float(outcome.flow.in_flight[0, column]) * self.arrangement.replicas
        stable = bool(outcome.stable[0, column])
        admitted = float(outcome.memory.largest_size[0, 0]) * self.arrangement.replicas
        # What is served although it does not fit waits for those that are let in.
        served = np.isfinite(self.table.metrics[self.table.throughput][place])
        waits = bool(served) and not self.table.fits[place]
        return {
            **row_values(self.prepared, self.scenario, self.table, place),
            "batch": int(size) if size == int(size) else size,
            "stable": stable,
            "starts": bool(outcome.starts[0, 0]),
            "concurrency": in_flight if stable else None,
            "admitted": int(admitted) if np.isfinite(admitted) else None,
            "waiting": in_flight - int(admitted) if waits and stable else 0,
            **held[precision],
            "command": command_line(Call(self.scenario, self.arrangement, self.sizes[column])),
        }

    def held(self, precision: int = 0) -> dict[str, int]:
        """Tokens whose cache the deployment holds, and requests as long as may be; nothing for
        models without a cache."""
        if not kind_of(self.prepared.kind).waits:
            return {}
        system = self.prepared.systems[precision]
        longest = float(system.max_context or self.scenario.workload.input_tokens)
        whole = Requests(max(longest - 1.0, 1.0), 1.0)
        outcome = predict(system, (self.arrangement,), whole, Static(), np.ones((1, 1)))
        most = float(outcome.memory.memory_size[0, 0]) * self.arrangement.replicas
        return {
            "kv_tokens": int(self.outcomes[precision].memory.cache_tokens[0, 0]),
            "sequences_at_max_context": int(most),
        }

    def settings(self) -> dict[str, Any]:
        """The engine's settings, and which of them were given; the others are its own."""
        engine, given = self.prepared.framework, self.scenario.settings
        used = {
            "memory_fraction": engine.memory.memory_fraction,
            "prefill_tokens": engine.scheduler.prefill_tokens,
            "max_sequences": engine.scheduler.max_sequences,
            "max_context": self.prepared.systems[0].max_context,
            "prefix_caching": engine.scheduler.prefix_caching,
            "redundant_experts": engine.capabilities.redundant_experts,
            "batch_overlap": given.batch_overlap,
            "dp_lm_head": given.dp_lm_head,
            "prefill_interval": engine.scheduler.prefill_interval,
            "rank_wait": engine.scheduler.rank_wait_passes,
            "batch_wait": engine.scheduler.batch_wait_passes,
            "host_cache_gib": given.host_cache_gib,
            "reduce_format": engine.capabilities.reduce_format.value,
            "graphs": engine.capabilities.replays_graphs,
            "build": given.build or engine.builds.newest,
        }
        named = [name for name in used if getattr(given, name) not in {None, ""}]
        return {**used, "given": named}


def predicted(scenario: Scenario, arrangement: Arrangement, sizes: Sequence[Size]) -> Predicted:
    """Predict ``sizes`` of one arrangement; raises `InputError`. As many as are admitted are those
    of the first precision."""
    prepared = prepare_on(scenario, arrangement)
    refuse_elsewhere(prepared)
    refuse_unpriced(prepared, scenario)
    system = prepared.systems[0]
    requests, load = requests_of(scenario, system), load_of(scenario)
    largest = float(largest_sizes(system, (arrangement,), requests, load)[0, 0])
    calls = (Call(scenario, arrangement, one) for one in sizes)
    asked = np.array([size_per_replica(call, largest) for call in calls], dtype=float)
    scenario = with_best_drafts_at(prepared, scenario, arrangement, asked)
    table, outcomes = asked_table(prepared, scenario, arrangement, asked)
    return Predicted(scenario, prepared, arrangement, tuple(sizes), outcomes, table)
