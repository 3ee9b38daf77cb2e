"""How TPOT of published runs with drafts follows what is kept of them and what a draft costs.

Each row is predicted on a coarse grid once; between its nodes the seconds of a step (TPOT times the
tokens that it yields) are taken to be linear, so that a fit and all of its folds need no more
predictions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import predict_rows
from engine.hardware.chip_profiles import load_chip
from engine.model import acceptance as known
from engine.model.acceptance import stem
from engine.model.draft import DraftMethod
from engine.scenario import Text
from engine.serve.system import System

FALL = 0.8
"""From position to position on random prompts: DeepSeek-R1's derived tokens per step, 1.75 to 1.78
with one drafted token and 2.31 to 2.42 with three, leave 0.75 to 0.82."""
POSITIONS = 8
EAGLE = ("minimax-m3",)
CHANCE_NODES = np.array([0.4, 0.7, 0.96])
DELAY_NODES_US = np.array([0.0, 400.0, 2000.0])
EACH_NODES_US = np.array([0.0, 10.0, 40.0])
"""Microseconds around a pass that drafts, and on each of its sequences."""


def shares(chance: float) -> tuple[float, ...]:
    """Kept at each position, when ``chance`` of the first tokens are."""
    made, share = [], 1.0
    for _ in range(POSITIONS):
        share *= chance
        made.append(round(share, 3))
        chance *= FALL
    return tuple(made)


def method(model: str) -> DraftMethod:
    """What drafted for a model in these runs."""
    return DraftMethod.EAGLE3 if model in EAGLE else DraftMethod.PREDICTION


def engine_of(row: Measurement) -> str:
    """Profiles of former builds and other settings count as the engine."""
    found = re.match(r"[a-z]+", row.framework)
    assert found is not None
    return found[0]


def delay_key(row: Measurement) -> str:
    """What a pass costs depends on: ``sglang/hopper``."""
    return f"{engine_of(row)}/{load_chip(row.chip).generation}"


def yields(tokens: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Tokens of a step, of as many drafted ones."""
    powers = np.arange(1, POSITIONS + 1)
    kept = chance[:, np.newaxis] ** powers * FALL ** (powers * (powers - 1) / 2)
    made: np.ndarray = 1.0 + np.where(powers <= tokens[:, np.newaxis], kept, 0.0).sum(axis=1)
    return made


@contextmanager
def told(chances: Mapping[str, float]) -> Iterator[None]:
    """The house as if so much of these models' drafts, and of no others', were known to be kept on
    random prompts."""
    before = known.known_acceptances
    rows = [one for one in before() if one.text is not Text.RANDOM]
    rows += [
        known.Acceptance(model, method(model), Text.RANDOM, shares(chance), 1, 0.1, ("fit",))
        for model, chance in chances.items()
    ]
    known.known_acceptances = lambda: tuple(rows)  # type: ignore[assignment]
    known.acceptance_of.cache_clear()
    try:
        yield
    finally:
        known.known_acceptances = before
        known.acceptance_of.cache_clear()


def chance_like(kept: Sequence[float], tokens: int) -> float:
    """The first chance with which as many tokens are kept of ``tokens`` drafted ones."""
    chances = np.linspace(CHANCE_NODES[0], CHANCE_NODES[-1], 561)
    made = yields(np.full(len(chances), tokens), chances)
    return float(chances[np.argmin(np.abs(made - 1.0 - sum(kept[:tokens])))])


@dataclass(frozen=True)
class Responses:
    """Of every row the ``seconds`` of a step at every node (chance, delay, each), an array of
    (rows, 3, 3, 3), the ``tokens`` drafted and what was ``measured``."""

    seconds: np.ndarray
    tokens: np.ndarray
    measured: np.ndarray

    def rows(self, places: np.ndarray) -> Responses:
        """Some of the rows."""
        return Responses(self.seconds[places], self.tokens[places], self.measured[places])

    def errors(self, chance: np.ndarray, delay_us: np.ndarray, each_us: np.ndarray) -> np.ndarray:
        """log(predicted/measured) of TPOT, of one value of each kind per row."""
        found = self.seconds
        for nodes, at in (
            (CHANCE_NODES, chance),
            (DELAY_NODES_US, delay_us),
            (EACH_NODES_US, each_us),
        ):
            low = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, len(nodes) - 2)
            part = (at - nodes[low]) / (nodes[low + 1] - nodes[low])
            places = np.arange(len(at))
            shape = (-1,) + (1,) * (found.ndim - 2)
            part = part.reshape(shape)
            found = (1.0 - part) * found[places, low] + part * found[places, low + 1]
        made: np.ndarray = np.log(found / yields(self.tokens, chance) / self.measured)
        return made


def responses_of(rows: Sequence[Measurement], configs: Path) -> Responses:
    """Predicts every row at every node."""
    models = sorted({stem(row.model) for row in rows})
    tokens = np.array([row.draft_tokens for row in rows])
    shape = (len(rows), len(CHANCE_NODES), len(DELAY_NODES_US), len(EACH_NODES_US))
    seconds = np.full(shape, np.nan)
    nodes = (CHANCE_NODES, DELAY_NODES_US, EACH_NODES_US)
    for place in product(*(range(len(one)) for one in nodes)):
        chance, delay, each = (one[at] for one, at in zip(nodes, place, strict=True))

        def change(system: System, delay: float = delay, each: float = each) -> System:
            changed = system.engine.changed(
                generation_draft_seconds={system.chip.generation: delay * 1e-6},
                draft_sequence_seconds=each * 1e-6,
            )
            return replace(system, engine=changed)

        with told(dict.fromkeys(models, float(chance))):
            made = predict_rows(rows, configs, change=change).values["tpot_ms"]
        seconds[(slice(None), *place)] = made * yields(tokens, np.full(len(rows), chance))
        print(f"\r{place}", end="", flush=True)
    return Responses(seconds, tokens, np.array([row.tpot_ms for row in rows]))
