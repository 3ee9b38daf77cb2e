"""Measured rows of vision models as cases: what ran, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.evidence.measured.calls import call_of
from engine.evidence.measured.forward_calls import offline_batches
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.reader import read_measurements
from engine.serve.call import Call
from engine.serve.forward import run_forward
from engine.serve.system import System
from engine.words.errors import InputError
from engine.work.forward.work import Inventory
from tests.accuracy.vision.constants import Constants, Values


@dataclass(frozen=True)
class Case:
    """One row and its call: its kernels, and the measured images per second of one chip.

    ``batches`` are those that an offline run chooses from, else the row's own.
    """

    row: Measurement
    call: Call
    system: System
    batches: np.ndarray
    rate: float

    @property
    def inventory(self) -> Inventory:
        """The row's kernels as the profiles have them."""
        return self.system.forward_inventory

    @property
    def framework(self) -> str:
        """The profile of what ran it."""
        return self.system.engine.id

    def residual(self, values: Values) -> float:
        """Logarithm of predicted over measured rate."""
        return float(np.log(self.predicted(values) / self.rate))

    def predicted(self, values: Values) -> float:
        """Images per second of one chip under ``values``."""
        instances = self.system.instances
        seconds = run_forward(_under(self, values), self.batches, instances).latency
        rate = float(np.max(instances * self.batches / seconds))
        busy = self.call.scenario.workload.utilisation
        return rate * values.of("server") if busy < 1.0 else rate


def _under(case: Case, values: Values) -> Inventory:
    """The case's kernels with other constants."""
    given = case.inventory
    scope = values.scope(given.chip, case.framework)
    works = tuple(
        replace(work, constants=scope.kernel(work.family, given.choice.dtype), cache=scope.cache)
        for work in given.works
    )
    return replace(given, works=works, runtime=scope.runtime(given.runtime))


def load_cases(path: Path) -> list[Case]:
    """Every vision row that is understood."""
    library, cases = Library(), []
    for row in read_measurements(path):
        if row.kind != "cv":
            continue
        try:
            call = call_of(row, library)
            system = library.system(call.scenario)
        except InputError as error:
            print(f"left out: {error}")
            continue
        batches = np.array([row.batch]) if row.batch >= 1 else offline_batches(system)
        rate = row.samples_per_second / row.chips
        if not np.isfinite(rate):
            rate = max(row.batch, 1.0) / (row.latency_ms * 1e-3)
        cases.append(Case(row, call, system, batches, rate))
    return cases


def pair_of(case: Case) -> str:
    """Model and chip: what is held out together when the chip is known."""
    return f"{case.row.model}@{case.row.chip}"


def chip_of(case: Case) -> str:
    """The chip: what is held out together when nobody has measured it."""
    return case.row.chip


def folds(cases: Iterable[Case], key: Callable[[Case], str], count: int) -> list[set[str]]:
    """The keys in ``count`` parts, the same ones every time."""
    keys = sorted({key(case) for case in cases})
    order = np.random.default_rng(0).permutation(len(keys))
    return [{keys[place] for place in order[part::count]} for part in range(count)]


def show(title: str, cases: Sequence[Case], rates: Sequence[float]) -> None:
    """Print median, mean and bias, in all and by framework."""
    errors = np.array([found / case.rate - 1.0 for case, found in zip(cases, rates, strict=True)])
    names = np.array([case.framework for case in cases])
    print(title)
    for name in ("all", *sorted(set(names))):
        mine = errors if name == "all" else errors[names == name]
        size = np.abs(mine)
        print(
            f"  {name:22s} n={len(mine):4d} median {np.median(size):6.1%}"
            f" mean {np.mean(size):6.1%} bias {np.median(mine):+6.1%}"
        )


def constants_of(cases: Iterable[Case]) -> Constants:
    """The constants that some case depends on."""
    constants = Constants()
    for case in cases:
        given = case.inventory
        scope = constants.values(constants.prior).scope(given.chip, case.framework)
        for work in given.works:
            scope.kernel(work.family, given.choice.dtype)
        scope.runtime(given.runtime)
    return constants
