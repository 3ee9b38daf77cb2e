"""Measured rows in groups that are predicted at once, and what the predictions are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.evidence.measured.cells import KINDS
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import (
    PERCENTILES,
    calls_of,
    groups_of,
    percentiles,
    published,
)
from engine.evidence.measured.predict import Group as Asked
from engine.evidence.measured.reader import read_measurements
from engine.serve.system import System

NOISE = {"ttft_ms": 0.08, "tpot_ms": 0.043, "e2el_ms": 0.085, "output_tps_per_chip": 0.11}
"""Relative error of a metric that counts as one: what it weighs against priors and other metrics.
Chosen where pairs, models and months left out are predicted best: rows of a pair differ by more,
but by what builds and settings nobody published."""
SAYING = {"ttft_ms": 0.32}
"""What a row's value counts where it says less of the constants than others: many a mean
first-token time holds seconds that a fresh server still compiles."""
CROWDING = 0.3
"""A (model, chip) pair of n rows counts as n^(1−CROWDING): many rows of one run say less."""


@dataclass(frozen=True, slots=True)
class Target:
    """One metric of one group: which of its rows have it, what was measured, how much it counts."""

    metric: str
    places: np.ndarray
    logs: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one kind, system and load; ``asked`` are their calls."""

    asked: Asked
    rows: tuple[Measurement, ...]
    targets: tuple[Target, ...]

    @property
    def system(self) -> System:
        """What served, as the profiles have it now."""
        return self.asked.system

    def kernels(self) -> set[str]:
        """Kernel classes that the rows' passes use."""
        inventory = self.system.inventory
        names = {"elementwise.bf16"}
        for gemm in (*inventory.gemms, inventory.head):
            names |= {gemm.kernel, gemm.decode_kernel}
        names |= {bank.kernel for bank in inventory.banks}
        for mixing in inventory.mixings:
            names |= {mixing.prefill_kernel, mixing.decode_kernel}
            if mixing.index_constants is not None:
                names.add("sparse_index.bf16")
        return names

    @property
    def month(self) -> str | None:
        """The month that most of its rows were measured in; None where none says."""
        days = [row.day for row in self.rows if row.day is not None]
        months = Counter(f"{day:%Y-%m}" for day in days)
        return months.most_common(1)[0][0] if months else None

    @property
    def pair(self) -> tuple[str, str]:
        """What is kept back together."""
        return self.rows[0].model, self.rows[0].chip

    def predict(self, system: System) -> dict[str, np.ndarray]:
        """All metrics of the rows under ``system``'s constants."""
        return published(self.asked.outcome(system), self.asked.load, self.rows)

    def predict_all(self, system: System) -> dict[str, np.ndarray]:
        """The same, and percentiles, NaN where there are none: no fit sees those."""
        outcome = self.asked.outcome(system)
        nothing = dict.fromkeys(PERCENTILES, np.full(len(self.rows), np.nan))
        return published(outcome, self.asked.load, self.rows) | nothing | percentiles(outcome)

    def residuals(self, system: System) -> np.ndarray:
        """Logarithmic errors in units of the noise, one per measured value."""
        found = self.predict(system)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = [
                (np.log(found[t.metric][t.places]) - t.logs) / NOISE[t.metric] for t in self.targets
            ]
        together = np.concatenate(parts)
        return np.where(np.isfinite(together), together, 0.0)

    @property
    def weights(self) -> np.ndarray:
        """Weight of every residual."""
        return np.concatenate([target.weights for target in self.targets])


def load_groups(path: Path, configs: Path | None = None) -> list[Group]:
    """Groups of all language rows of a CSV that can be predicted."""
    rows = [row for row in read_measurements(path) if row.kind != "cv"]
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if not row.problem:
            counts[row.model, row.chip] = counts.get((row.model, row.chip), 0) + 1
    library, found = Library(configs), []
    for kind in KINDS:
        mine = [row for row in rows if row.kind == kind]
        for asked in groups_of(*calls_of(mine, library), library):
            chosen = tuple(mine[place] for place in asked.places)
            scale = counts[chosen[0].model, chosen[0].chip] ** -CROWDING
            targets = tuple(_targets(chosen, scale))
            if targets:
                found.append(Group(asked, chosen, targets))
    return found


def _targets(rows: Sequence[Measurement], scale: float) -> list[Target]:
    kind = rows[0].kind
    measured = {
        "ttft_ms": np.array([row.ttft_ms for row in rows]),
        "tpot_ms": np.array([row.tpot_ms for row in rows]),
        "e2el_ms": np.array([row.e2e_ms for row in rows]),
        "output_tps_per_chip": np.array([row.tps_per_chip for row in rows]),
    }
    tpot, e2e = np.isfinite(measured["tpot_ms"]), np.isfinite(measured["e2el_ms"])
    one_token = np.array([row.output_tokens <= 1 for row in rows])
    # What follows from another metric of the row is not counted twice.
    use = {
        "ttft_ms": np.isfinite(measured["ttft_ms"]),
        "tpot_ms": tpot & ~one_token,
        "e2el_ms": e2e & ~tpot,
        "output_tps_per_chip": ~tpot & ~e2e,
    }
    if kind == "offline":
        use = {"output_tps_per_chip": np.ones(len(rows), dtype=bool)}
    found = []
    for metric, chosen in use.items():
        places = np.flatnonzero(chosen & (measured[metric] > 0))
        if len(places):
            logs = np.log(measured[metric][places])
            weights = np.full(len(places), scale * SAYING.get(metric, 1.0))
            found.append(Target(metric, places, logs, weights))
    return found


Key = Callable[[Group], object]
"""What groups that are left out together have in common; None for those that never are."""
FOLDS: Mapping[str, Key] = {
    "pairs": lambda group: group.pair,
    "models": lambda group: group.rows[0].model,
    "months": lambda group: group.month,
}
"""Whole (model, chip) pairs, whole models on all chips, whole months of builds."""


def folds(groups: Sequence[Group], count: int, key: Key = FOLDS["pairs"]) -> list[set[int]]:
    """Places of groups dealt into ``count`` folds by ``key``, the largest first."""
    members: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(key(group), []).append(place)
    members.pop(None, None)
    sizes = {one: sum(len(groups[at].rows) for at in places) for one, places in members.items()}
    dealt: list[set[int]] = [set() for _ in range(min(count, len(members)))]
    for number, one in enumerate(sorted(sizes, key=lambda one: (-sizes[one], str(one)))):
        turn, at = divmod(number, len(dealt))
        dealt[at if turn % 2 == 0 else len(dealt) - 1 - at].update(members[one])
    return dealt
