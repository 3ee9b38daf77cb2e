"""Fit what is kept of drafts on random prompts, one share per model, and what a pass that drafts
costs each engine, to published runs with speculative decoding.

    python -m tests.accuracy.random_drafts speculative.csv --configs FOLDER [--write] [--folds]

``--write`` puts the shares into ``profiles/acceptance/random.toml``; microseconds of a pass by
engine and chip generation are printed, to be put into the engines' profiles (``draft_us``, and
``draft_generation_us`` beyond it). ``--folds`` predicts each model by costs fitted without
it, and by the median share of the others.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Change, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.hardware.chip_profiles import load_chip
from engine.model import acceptance as known
from engine.model.acceptance import stem
from engine.model.draft import DraftMethod
from engine.scenario import Text
from engine.serve.system import System
from profiles import ROOT
from tests.accuracy.acceptance import table_text

FALL = 0.8
"""From position to position on random prompts: DeepSeek-R1's derived tokens per step, 1.75 to 1.78
with one drafted token and 2.31 to 2.42 with three, leave 0.75 to 0.82."""
CHANCES = tuple(0.02 * step for step in range(15, 50))
DELAYS_US = (0, 25, 50, 100, 150, 200, 300, 400, 600, 800, 1000, 1400, 2000)
ROUNDS = 2
EAGLE = ("minimax-m3",)
HEADING = """\
# Share of the steps that keep the drafted token at each position on random prompts, fitted to the
# TPOT of published runs, one per model, by `python -m tests.accuracy.random_drafts`. What is kept
# of random tokens says nothing of real requests. Two of three runs were within `spread`.

"""


@dataclass
class Guess:
    """A first chance per model, and microseconds of a drafting pass per engine and generation."""

    chances: dict[str, float]
    delays: dict[str, float]


def shares(chance: float) -> tuple[float, ...]:
    """Of eight positions."""
    made, share = [], 1.0
    for _ in range(8):
        share *= chance
        made.append(round(share, 3))
        chance *= FALL
    return tuple(made)


def method(model: str) -> DraftMethod:
    return DraftMethod.EAGLE3 if model in EAGLE else DraftMethod.PREDICTION


def as_rows(guess: Guess, counts: dict[str, int], spreads: dict[str, float]) -> list[dict]:
    return [
        {
            "model": model,
            "method": method(model).value,
            "text": Text.RANDOM.value,
            "kept": list(shares(chance)),
            "figures": counts.get(model, 1),
            "spread": spreads.get(model, 0.1),
            "sources": ["InferenceX runs with speculative decoding (SemiAnalysisAI/InferenceX)"],
        }
        for model, chance in sorted(guess.chances.items())
    ]


@contextmanager
def told(guess: Guess) -> Iterator[None]:
    """The house as if the guess stood in its profiles."""
    before = known.known_acceptances
    rows = [one for one in before() if one.text is not Text.RANDOM]
    rows += [
        known.Acceptance(model, method(model), Text.RANDOM, shares(chance), 1, 0.1, ("fit",))
        for model, chance in guess.chances.items()
    ]
    known.known_acceptances = lambda: tuple(rows)  # type: ignore[assignment]
    known.acceptance_of.cache_clear()
    try:
        yield
    finally:
        known.known_acceptances = before
        known.acceptance_of.cache_clear()


def delay_key(engine: str, generation: str) -> str:
    """Profiles of former builds and other settings count as the engine."""
    return f"{re.match(r'[a-z]+', engine)[0]}/{generation}"


def errors(rows: Sequence[Measurement], guess: Guess, configs: Path) -> np.ndarray:
    """log(predicted/measured) of TPOT."""

    def change(system: System) -> System:
        key = delay_key(system.engine.id, system.chip.generation)
        delay = guess.delays.get(key, 0.0) * 1e-6
        changed = system.engine.changed(draft_seconds=delay, generation_draft_seconds={})
        return replace(system, engine=changed)

    given: Change = change
    with told(guess):
        made = predict_rows(rows, configs, change=given).values["tpot_ms"]
    return np.log(made / np.array([row.tpot_ms for row in rows]))


def fit(rows: Sequence[Measurement], configs: Path, start: Guess) -> Guess:
    """Models and engines in turn, each by the mean absolute error of its rows."""
    guess = start
    models = [stem(row.model) for row in rows]
    engines = [delay_key(row.framework, load_chip(row.chip).generation) for row in rows]

    def settle(
        table: dict[str, float], key: str, values: Sequence[float], part: Sequence[Measurement]
    ) -> None:
        def error(value: float) -> float:
            table[key] = value
            return float(np.abs(errors(part, guess, configs)).mean())

        # Coarse, then between the neighbours of the best.
        step = 4
        place = min(range(0, len(values), step), key=lambda one: error(values[one]))
        near = range(max(place - step + 1, 0), min(place + step, len(values)))
        place = min(near, key=lambda one: error(values[one]))
        table[key] = values[place]

    for _ in range(ROUNDS):
        for table, of_rows, values in (
            (guess.chances, models, CHANCES),
            (guess.delays, engines, DELAYS_US),
        ):
            for key in table:
                part = [row for row, one in zip(rows, of_rows, strict=True) if one == key]
                if part:
                    settle(table, key, values, part)
        print(guess, float(np.median(np.abs(np.expm1(errors(rows, guess, configs))))), flush=True)
    return guess


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    parser.add_argument("--configs", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folds", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="fit to one row of so many")
    arguments = parser.parse_args()
    rows = read_measurements(arguments.table)
    models = sorted({stem(row.model) for row in rows})
    engines = sorted({delay_key(row.framework, load_chip(row.chip).generation) for row in rows})

    def start() -> Guess:
        return Guess(dict.fromkeys(models, 0.76), dict.fromkeys(engines, 200.0))

    few = rows[:: arguments.every]
    guess = fit(few, arguments.configs, start())
    off = errors(rows, guess, arguments.configs)
    names = np.array([stem(row.model) for row in rows])
    for model in models:
        mine = np.expm1(off[names == model])
        print(f"{model:24} {len(mine):5} median {np.median(np.abs(mine)):.1%}")
    if arguments.folds:
        left_out = np.full(len(rows), np.nan)
        for model in models:
            others = [row for row in few if stem(row.model) != model]
            made = fit(others, arguments.configs, start())
            made.chances[model] = float(
                np.median([one for name, one in made.chances.items() if name != model])
            )
            mine = names == model
            part = [row for row in rows if stem(row.model) == model]
            left_out[mine] = errors(part, made, arguments.configs)
        print(f"whole models left out: median {np.median(np.abs(np.expm1(left_out))):.1%}")
    if arguments.write:
        counts = {model: int((names == model).sum()) for model in models}
        spreads = {
            model: round(float(np.quantile(np.abs(np.expm1(off[names == model])), 2 / 3)), 3)
            for model in models
        }
        text = HEADING + "\n".join(map(table_text, as_rows(guess, counts, spreads)))
        (ROOT / "acceptance" / "random.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
