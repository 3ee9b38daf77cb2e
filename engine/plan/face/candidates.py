"""Candidates as Python callers meet them: tables of plans, and one plan with what it can say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np

from engine.model.kinds import ModelCategory
from engine.model.precision import Precision
from engine.plan.answer import answer
from engine.plan.drafting import with_best_drafts, with_best_drafts_at
from engine.plan.face.candidate_text import candidate_text, table_text
from engine.plan.face.columns import Columns, table_columns
from engine.plan.fleet.fewest import with_chips_counted
from engine.plan.kinds import benchmark_names, plan_kind
from engine.plan.launch_lines import launch_command
from engine.plan.lost import why_lost
from engine.plan.metrics.table import BY_ID
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Sweep, Table
from engine.plan.saved.document import save_plan
from engine.plan.sweep import sweep
from engine.plan.tables import asked_table
from engine.plan.why.explain import explain
from engine.plan.why.explanation import Explanation
from engine.scenario import ArrangementKind, Scenario
from engine.serve.call import Call, Size, size_per_replica
from engine.sources.files import user_path
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, eq=False)
class Question:
    """A scenario with the candidates that were worked out for it; all its plans share it."""

    scenario: Scenario
    prepared: Prepared
    table: Table
    sizes: FloatArray
    """Requests in flight per replica, as predicted; `Table.batch` has them in whole numbers."""
    ranked: Sweep | None = None
    """All candidates of the scenario, where these are they."""

    @cached_property
    def swept(self) -> Sweep:
        """All candidates of the scenario, ranked."""
        return self.ranked or _swept(self.prepared, self.scenario)


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """One candidate: how the chips are used, so many requests at once, and what that delivers."""

    _question: Question
    _row: int

    @property
    def scenario(self) -> Scenario:
        """What was asked."""
        return self._question.scenario

    @property
    def arrangement(self) -> Arrangement:
        """How the chips are used; ``.name`` is short, ``.columns()`` has the parallel degrees."""
        return self._question.table.arrangement(self._row)

    @property
    def precision(self) -> Precision:
        """Formats of weights, activations and cache; ``.label`` is short."""
        return self._question.table.precision(self._row)

    @property
    def batch(self) -> int:
        """Requests in flight in one replica (samples of a batch, where there are no tokens)."""
        return int(self._question.table.batch[self._row])

    @property
    def concurrency(self) -> int:
        """Requests in flight in the whole deployment."""
        return round(float(self._question.sizes[self._row]) * self.arrangement.replicas)

    @property
    def metrics(self) -> dict[str, float]:
        """Every figure by its name (``tpot_ms``, ``tps_per_chip``, ``memory_gib`` …); speeds are
        missing where it does not start."""
        values = self._question.table.values(self._row)
        return {name: value for name, value in values.items() if value == value}

    @property
    def ranges(self) -> dict[str, float]:
        """The ± of each figure as a share of it: two of three published results of such cases lay
        inside. Figures that were never compared are missing."""
        known = self._question.table.accuracy(self._row)
        found = {name: known.share(BY_ID[name].range) for name in self.metrics}
        return {name: share for name, share in found.items() if share is not None}

    @property
    def fits(self) -> bool:
        """Whether all its requests are held in memory and admitted at once."""
        return bool(self._question.table.fits[self._row])

    @property
    def meets(self) -> bool:
        """Whether it fits and keeps every objective."""
        return bool(self._question.table.meets[self._row])

    @property
    def why_not(self) -> str:
        """What keeps it from being a plan, in a few words; empty where it `meets`."""
        return why_lost(self._question.table, self._row, self.scenario.objectives)

    @property
    def names(self) -> list[str]:
        """The benchmark names that it stands for."""
        return benchmark_names(self._question.prepared, self.scenario, self.precision, self.batch)

    def explain(self) -> Explanation:
        """What its latencies, its passes and its memory are made of.

        ``parts`` sum up to each latency, ``operators`` to each pass, in seconds; a data frame
        takes a list of either.
        """
        asked = self._question
        size = float(asked.sizes[self._row])
        return explain(asked.prepared, self.scenario, self.arrangement, self.precision, size)

    def launch(self) -> str:
        """The commands of the first worker of each role, and what they are not told as comments; to
        be read before they are run."""
        prepared, chosen = self._question.prepared, (self.arrangement, self.precision)
        return launch_command(prepared, self.scenario, *chosen, self.batch)

    def deploy(self, kind: str) -> dict[str, str]:
        """Files that start it, by their names: ``sh``, ``compose``, ``slurm``, ``dynamo``,
        ``llmisvc``, ``llm-d`` or ``lws``. Raises `rooftop.Error` for what a kind cannot hold."""
        from engine.plan.deploy.files import deploy_row
        from engine.plan.deploy.kind import load_deployment

        prepared, chosen = self._question.prepared, (self.arrangement, self.precision)
        made = deploy_row(prepared, self.scenario, *chosen, self.batch, load_deployment(kind))
        return dict(made.files)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a plan file, whole or not at all, and return where.

        An older plan is replaced, another file never. Raises `rooftop.Error`.
        """
        asked = self._question
        if asked.sizes[self._row] != self.batch:
            raise InputError(
                say(
                    "{concurrency} requests on {replicas} replicas: a plan file holds "
                    "a whole batch per replica; predict with batch=",
                    concurrency=self.concurrency,
                    replicas=self.arrangement.replicas,
                )
            )
        target = user_path(os.fspath(path))
        save_plan(target, asked.prepared, self.scenario, asked.swept, asked.table, self._row)
        return target

    def __repr__(self) -> str:
        asked = self._question
        return candidate_text(asked.prepared, self.scenario, asked.table, self._row)


class Candidates(Sequence[Plan]):
    """Plans that index like a table: ``candidates[0]``, ``candidates[:10]``, an array of places or
    a mask of numpy's; `columns` makes a data frame of them."""

    def __init__(self, question: Question, rows: IntArray) -> None:
        self._question = question
        self._rows = rows

    @property
    def scenario(self) -> Scenario:
        """What was asked."""
        return self._question.scenario

    @property
    def kind(self) -> ModelCategory:
        """What people call the model: ``language``, ``vision`` or ``encoder``."""
        return self._question.prepared.model.kind

    @property
    def notes(self) -> tuple[str, ...]:
        """What the chip or the engine cannot do as asked, and what it does instead."""
        return self._question.prepared.fallbacks

    def columns(self) -> Columns:
        """One numpy array per column, all as long as this table, in its order.

        Data frames take them as they are: ``pandas.DataFrame(plans.columns())``,
        ``polars.DataFrame(plans.columns())``. Times are in ms, memory in GiB, rates per second;
        ``…_range_percent`` is the ± of a figure. NaN where a candidate does not start.
        """
        asked = self._question
        return table_columns(asked.prepared, asked.scenario, asked.table, asked.sizes, self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Plan: ...
    @overload
    def __getitem__(self, place: slice | IntArray | BoolArray | Sequence[int]) -> Candidates: ...
    def __getitem__(
        self, place: int | slice | IntArray | BoolArray | Sequence[int]
    ) -> Plan | Candidates:
        if isinstance(place, int | np.integer):
            return Plan(self._question, int(self._rows[place]))
        return Candidates(self._question, self._rows[place])

    def __iter__(self) -> Iterator[Plan]:
        return (Plan(self._question, int(row)) for row in self._rows)

    def __repr__(self) -> str:
        asked = self._question
        return table_text(asked.prepared, asked.table, self._rows)


class Plans(Candidates):
    """Every candidate of a scenario, best first: those that meet the objectives by throughput per
    chip, then those that miss by how little, then those that do not fit."""

    @property
    def best(self) -> Plan | None:
        """The most throughput per chip that meets every objective; None where nothing does."""
        return self._plan(self._question.swept.best)

    @property
    def runner_up(self) -> Plan | None:
        """The best of another arrangement or precision."""
        return self._plan(self._question.swept.runner_up)

    @property
    def nearest(self) -> Plan | None:
        """Where nothing meets the objectives: what misses them by least."""
        return self._plan(self._question.swept.nearest)

    @property
    def meeting(self) -> Candidates:
        """Those that meet every objective."""
        return self[: int(np.count_nonzero(self._question.table.meets))]

    @property
    def sentence(self) -> str:
        """The answer: the best plan, what it delivers and what binds it; or what comes nearest."""
        asked = self._question
        return answer(asked.prepared, asked.scenario, asked.swept)

    def _plan(self, row: int | None) -> Plan | None:
        return None if row is None else Plan(self._question, row)

    def __str__(self) -> str:
        return self.sentence


def plans_of(scenario: Scenario) -> Plans:
    """Every candidate of a scenario; raises `InputError`."""
    scenario = with_best_drafts(with_chips_counted(scenario))
    prepared = prepare(scenario)
    swept = _swept(prepared, scenario)
    sizes = swept.table.batch.astype(float)
    return Plans(Question(scenario, prepared, swept.table, sizes, swept), swept.order)


def _swept(prepared: Prepared, scenario: Scenario) -> Sweep:
    swept = sweep(prepared, scenario)
    assert swept is not None, "nothing asks this sweep to stop"
    return swept


def predictions_of(scenario: Scenario, sizes: Iterable[Size]) -> Candidates:
    """Candidates of a scenario that leaves one arrangement, in the order of ``sizes``, one after
    the other for every precision; raises `InputError`."""
    if scenario.arrangement is not ArrangementKind.AGGREGATED and not scenario.pools.given:
        raise InputError(
            say(
                "arrangement {arrangement}: expected prefill and decode, the pools "
                "to predict (plan() searches for them)",
                arrangement=scenario.arrangement,
            )
        )
    prepared = prepare(scenario)
    arrangement = prepared.arrangements[-1]
    calls = (Call(scenario, arrangement, size) for size in sizes)
    each = np.array([size_per_replica(call, 0.0) for call in calls])
    scenario = with_best_drafts_at(prepared, scenario, arrangement, each)
    table, _ = asked_table(prepared, scenario, arrangement, each)
    several = np.tile(each, len(prepared.precisions))
    return Candidates(Question(scenario, prepared, table, several), np.arange(len(table)))


def with_its_framework(scenario: Scenario) -> Scenario:
    """The scenario under an engine that serves its kind of model: where nobody chose one, the
    default may not."""
    prepared = prepare(scenario)
    return replace(scenario, framework=plan_kind(prepared).engine(prepared, scenario))
