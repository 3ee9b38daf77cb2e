"""Fit what is kept of drafts on random prompts, one share per model, and what a draft costs each
engine, to published runs with speculative decoding.

    python -m tests.accuracy.random_drafts speculative.csv --configs FOLDER [--write] [--folds]

``--write`` puts the shares into ``profiles/acceptance/random.toml``, and microseconds of a pass by
engine and chip generation, and of its sequences by engine, into the engines' profiles
(``draft_generation_us``, ``draft_sequence_us``). ``--folds`` predicts each (model, chip) pair by
what is fitted without it, and each whole model by costs fitted without it and the acceptance that
the product then says, and writes these errors, and those of today's profiles, to
``profiles/accuracy/drafts.toml``: run it so once the costs stand in the profiles.
"""

from __future__ import annotations

import argparse
import tomllib
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.record import DRAFTS
from engine.evidence.measured.report import groups
from engine.model.acceptance import acceptance_of, stem
from engine.scenario import Text
from engine.sources.files import write_text
from profiles import ROOT
from tests.accuracy.acceptance import table_text
from tests.accuracy.draft_responses import (
    Responses,
    chance_like,
    delay_key,
    engine_of,
    method,
    responses_of,
    shares,
    told,
)
from tests.accuracy.toml_patch import patch

CHANCES = tuple(round(0.4 + 0.01 * step, 2) for step in range(57))
DELAYS_US = (0, 25, 50, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000)
EACH_US = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
ROUNDS = 8
PENALTIES = {"delays": 3e-5, "each": 3e-4}
"""What a microsecond has to lower the mean error by: rows of one model on one engine cannot tell
what is kept of its drafts from what they cost. These predict whole models left out best."""
USUAL_CHANCE, USUAL_DELAY_US, USUAL_EACH_US = 0.76, 0.0, 0.0
"""Where a fit begins. What it has not seen costs nothing, as in an engine's profile."""
CROWDING = 0.3
"""A (model, chip) pair of n rows counts as n^(1−CROWDING): as in `tests.accuracy.measured`."""
HEADING = """\
# Share of the steps that keep the drafted token at each position on random prompts, fitted to the
# TPOT of published runs, one per model, by `python -m tests.accuracy.random_drafts`. What is kept
# of random tokens says nothing of real requests. Two of three runs were within `spread`.

"""
ERRORS_HEADING = """\
# Relative errors on published runs with drafts, by tests/accuracy/random_drafts.py, as in
# errors.toml; of pairs by acceptance and costs of drafts fitted without the pair, of whole models
# by costs fitted without the model and the acceptance that the product then says.

"""


@dataclass
class Guess:
    """A first chance per model, and microseconds of a drafting pass per engine and generation and
    of each of its sequences per engine."""

    chances: dict[str, float] = field(default_factory=dict)
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

    def errors(
        self, guess: Guess, places: np.ndarray, chances: np.ndarray | None = None
    ) -> np.ndarray:
        """log(predicted/measured) of some rows, with ``chances`` of each where they are given."""

        def column(table: dict[Hashable, float], keys: Sequence[Hashable], usual: float) -> Any:
            return np.array([table.get(keys[place], usual) for place in places])

        if chances is None:
            chances = column(guess.chances, self.models, USUAL_CHANCE)
        return self.responses.rows(places).errors(
            chances,
            column(guess.delays, self.delays, USUAL_DELAY_US),
            column(guess.each, self.engines, USUAL_EACH_US),
        )

    def chances(self, guess: Guess, places: np.ndarray) -> np.ndarray:
        """Of some rows; a model that the guess does not know keeps what the house would say."""
        tokens = self.responses.tokens
        with told(guess.chances):
            return np.array(
                [
                    guess.chances.get(model) or chance_unseen(model, int(tokens[place]))
                    for place in places
                    for model in (self.models[place],)
                ]
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
        """Errors of all rows, each by what was fitted without the rows of its key."""
        found = np.full(len(keys), np.nan)
        everything = np.arange(len(keys))
        for key in sorted(set(keys), key=str):
            mine = np.array([one == key for one in keys])
            guess = self.fitted(everything[~mine])
            places = everything[mine]
            found[mine] = self.errors(guess, places, self.chances(guess, places))
        return found


def chance_unseen(model: str, tokens: int) -> float:
    """What `engine.model.acceptance` says of a model on random prompts, for so many drafted tokens:
    its published figures on other text, changed as those of other models do; else its family's."""
    found = acceptance_of(model, method(model), Text.RANDOM)
    return chance_like(found.first(tokens), tokens)


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


def write_costs(guess: Guess, folder: Path) -> None:
    """What drafts cost, into the profiles of the engines in ``folder``; where nothing was found to
    cost anything, nothing is said."""
    for engine in sorted(map(str, guess.each)):
        path = folder / f"{engine}.toml"
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        table, key = "draft_generation_us", "draft_sequence_us"
        costs = {
            generation: guess.delays[place]
            for place in sorted(map(str, guess.delays))
            for owner, _, generation in [place.partition("/")]
            if owner == engine and (guess.delays[place] or generation in written.get(table, {}))
        }
        if costs:
            patch(path, table, {name: f"{us:g}" for name, us in costs.items()})
        if guess.each[engine] or key in written:
            patch(path, "", {key: f"{guess.each[engine]:g}"})


def summary(logs: np.ndarray) -> dict[str, float]:
    """Median and mean of a column of errors."""
    sizes = np.abs(np.expm1(logs))
    return {
        "median": round(float(np.median(sizes)), 5),
        "mean": round(float(np.mean(sizes)), 5),
    }


def recorded(
    rows: Sequence[Measurement], predictions: Predictions, held: Mapping[str, np.ndarray]
) -> list[dict[str, Any]]:
    """As the record of errors has them: of today's profiles, and of TPOT those ``held`` out."""
    errors = []
    for one in groups(rows, predictions):
        if one.by != "kind" or not one.covered:
            continue
        values = one.as_json()
        error = {"kind": "drafted"} | {key: values[key] for key in ("metric", "rows", "covered")}
        error |= {"median": values["median_ape"], "mean": values["mape"]}
        error |= {key: values[key] for key in ("bias", "within_20")}
        for name, logs in held.items() if one.metric == "tpot_ms" else ():
            error |= {f"{name}_{key}": value for key, value in summary(logs).items()}
        errors.append(error)
    return errors


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
    print(f"\n{guess}\n{summary(off)}")
    names = np.array(fit.models)
    for model in sorted(set(fit.models)):
        print(f"{model:24} {summary(off[names == model])}")
    if arguments.write:
        sizes = np.abs(np.expm1(off))
        spreads = {m: round(float(np.quantile(sizes[names == m], 2 / 3)), 3) for m in set(names)}
        text = HEADING + "\n".join(map(table_text, as_rows(guess, Counter(fit.models), spreads)))
        (ROOT / "acceptance" / "random.toml").write_text(text, encoding="utf-8")
        write_costs(guess, ROOT / "frameworks")
    if arguments.folds:
        held = {"pairs": fit.left_out(fit.pairs), "models": fit.left_out(fit.models)}
        print({name: summary(logs) for name, logs in held.items()})
        errors = recorded(rows, predict_rows(rows, arguments.configs), held)
        write_text(DRAFTS, ERRORS_HEADING + tomli_w.dumps({"error": errors}))


if __name__ == "__main__":
    main()
