"""Fit what is kept of drafts on random prompts, one share per model, and what a draft costs each
engine, to published runs with speculative decoding.

    python -m tests.accuracy.random_drafts speculative.csv --configs FOLDER [--write] [--folds]

``--write`` puts the shares into ``profiles/acceptance/random.toml``; microseconds of a pass by
engine and chip generation, and of its sequences by engine, are printed for the engines' profiles
(``draft_generation_us``, ``draft_sequence_us``). ``--folds`` predicts each (model, chip) pair by
what is fitted without it, and each whole model by costs fitted without it and the share that its
kin keep, and writes these errors to ``profiles/accuracy/drafts.toml``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.reader import read_measurements
from engine.model.acceptance import family, stem
from engine.scenario import Text
from engine.sources.files import write_text
from profiles import ROOT
from tests.accuracy.acceptance import table_text
from tests.accuracy.draft_responses import (
    Responses,
    delay_key,
    engine_of,
    method,
    responses_of,
    shares,
)

CHANCES = tuple(round(0.4 + 0.01 * step, 2) for step in range(57))
DELAYS_US = (0, 25, 50, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000)
EACH_US = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
ROUNDS = 8
PENALTIES = {"delays": 1e-5, "each": 3e-4}
"""What a microsecond has to lower the mean error by: rows of one model on one engine cannot tell
what is kept of its drafts from what they cost."""
USUAL_CHANCE, USUAL_DELAY_US, USUAL_EACH_US = 0.76, 200.0, 5.0
"""Where a fit begins, and what is taken of what it has not seen."""
CROWDING = 0.3
"""A (model, chip) pair of n rows counts as n^(1−CROWDING): as in `tests.accuracy.measured`."""
HEADING = """\
# Share of the steps that keep the drafted token at each position on random prompts, fitted to the
# TPOT of published runs, one per model, by `python -m tests.accuracy.random_drafts`. What is kept
# of random tokens says nothing of real requests. Two of three runs were within `spread`.

"""
ERRORS_HEADING = """\
# Relative errors of TPOT with drafts on published runs, by tests/accuracy/random_drafts.py: of all
# by what was fitted to all, of (model, chip) pairs by what was fitted without the pair, of whole
# models by costs fitted without the model and the share that its kin keep.

"""


@dataclass
class Guess:
    """A first chance per model, and microseconds of a drafting pass per engine and generation and
    of each of its sequences per engine."""

    chances: dict[Hashable, float] = field(default_factory=dict)
    delays: dict[Hashable, float] = field(default_factory=dict)
    each: dict[Hashable, float] = field(default_factory=dict)


class Fit:
    """Rows with their responses and what each of them depends on."""

    def __init__(self, rows: Sequence[Measurement], responses: Responses) -> None:
        self.responses = responses
        self.models = [stem(row.model) for row in rows]
        self.delays = [delay_key(row) for row in rows]
        self.engines = [engine_of(row) for row in rows]
        self.pairs = [(row.model, row.chip) for row in rows]
        counts = Counter(self.pairs)
        self.weights = np.array([counts[pair] ** -CROWDING for pair in self.pairs])

    def errors(self, guess: Guess, places: np.ndarray) -> np.ndarray:
        """log(predicted/measured) of some rows."""

        def column(table: dict[Hashable, float], keys: Sequence[Hashable], usual: float) -> Any:
            return np.array([table.get(keys[place], usual) for place in places])

        return self.responses.rows(places).errors(
            column(guess.chances, self.models, USUAL_CHANCE),
            column(guess.delays, self.delays, USUAL_DELAY_US),
            column(guess.each, self.engines, USUAL_EACH_US),
        )

    def fitted(self, places: np.ndarray) -> Guess:
        """Models and engines in turn, each by the weighted mean absolute error of its rows."""
        guess = Guess()
        for _ in range(ROUNDS):
            for table, keys, values, penalty in (
                (guess.chances, self.models, CHANCES, 0.0),
                (guess.delays, self.delays, DELAYS_US, PENALTIES["delays"]),
                (guess.each, self.engines, EACH_US, PENALTIES["each"]),
            ):
                for key in sorted({keys[place] for place in places}):
                    mine = np.array([place for place in places if keys[place] == key])
                    table[key] = self._best(guess, table, key, values, mine, penalty)
        return guess

    def _best(
        self,
        guess: Guess,
        table: dict[Hashable, float],
        key: Hashable,
        values: Sequence[float],
        mine: np.ndarray,
        penalty: float,
    ) -> float:
        def error(value: float) -> float:
            table[key] = value
            off = np.abs(self.errors(guess, mine))
            return float(np.average(off, weights=self.weights[mine])) + penalty * value

        return float(min(values, key=error))

    def left_out(self, keys: Sequence[Hashable]) -> np.ndarray:
        """Errors of all rows, each by what was fitted without the rows of its key; a model that no
        other row tells of keeps what its kin do."""
        found = np.full(len(keys), np.nan)
        everything = np.arange(len(keys))
        for key in sorted(set(keys), key=str):
            mine = np.array([one == key for one in keys])
            guess = self.fitted(everything[~mine])
            for model in {self.models[place] for place in everything[mine]} - set(guess.chances):
                guess.chances[model] = chance_of_kin(guess, model)
            found[mine] = self.errors(guess, everything[mine])
        return found


def chance_of_kin(guess: Guess, model: str) -> float:
    """What models of its family keep, else those that draft alike, else all: as
    `engine.model.acceptance` chooses."""
    others = guess.chances.items()
    groups = (
        [chance for name, chance in others if family(str(name)) == family(model)],
        [chance for name, chance in others if method(str(name)) is method(model)],
        [chance for _, chance in others],
    )
    return float(np.median(next(group for group in groups if group)))


def as_rows(guess: Guess, counts: dict[str, int], spreads: dict[str, float]) -> list[dict]:
    """As the profile has them."""
    return [
        {
            "model": model,
            "method": method(str(model)).value,
            "text": Text.RANDOM.value,
            "kept": list(shares(chance)),
            "figures": counts[str(model)],
            "spread": spreads[str(model)],
            "sources": ["InferenceX runs with speculative decoding (SemiAnalysisAI/InferenceX)"],
        }
        for model, chance in sorted(guess.chances.items(), key=str)
    ]


def summary(name: str, logs: np.ndarray) -> dict[str, Any]:
    """Figures of a column of errors."""
    sizes = np.abs(np.expm1(logs))
    return {
        "by": name,
        "rows": len(sizes),
        "median": round(float(np.median(sizes)), 5),
        "mean": round(float(np.mean(sizes)), 5),
        "bias": round(float(np.median(np.expm1(logs))), 5),
        "within_20": round(float(np.mean(sizes <= 0.2)), 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("--configs", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folds", action="store_true")
    arguments = parser.parse_args()
    rows = read_measurements(arguments.table)
    fit = Fit(rows, responses_of(rows, arguments.configs))
    everything = np.arange(len(rows))
    guess = fit.fitted(everything)
    off = fit.errors(guess, everything)
    print(f"\n{guess}")
    names = np.array(fit.models)
    for model in sorted(set(fit.models)):
        print(f"{model:24} {summary('all', off[names == model])}")
    errors = [summary("all", off)]
    if arguments.folds:
        errors += [
            summary("pairs", fit.left_out(fit.pairs)),
            summary("models", fit.left_out(fit.models)),
        ]
        text = ERRORS_HEADING + tomli_w.dumps({"error": errors})
        write_text(ROOT / "accuracy" / "drafts.toml", text)
    for one in errors:
        print(one)
    if arguments.write:
        sizes = np.abs(np.expm1(off))
        spreads = {m: round(float(np.quantile(sizes[names == m], 2 / 3)), 3) for m in set(names)}
        text = HEADING + "\n".join(map(table_text, as_rows(guess, Counter(fit.models), spreads)))
        (ROOT / "acceptance" / "random.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
