"""Make ``profiles/acceptance/published.toml`` from a table of published acceptances.

    python -m tests.accuracy.acceptance acceptance.csv

A row of the table is one figure: tokens per step at a number of drafted tokens, bonus included.
Those of one model, method and kind of text become shares kept by position: differences of the
medians where every length from 1 was published, else a first share that falls by a constant factor
from position to position, fitted to all of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from engine.model.acceptance import stem
from engine.model.draft import DraftMethod
from engine.scenario import Text
from profiles import ROOT

METHODS = {
    "MTP": DraftMethod.PREDICTION,
    "EAGLE-3": DraftMethod.EAGLE3,
    "EAGLE-3.1": DraftMethod.EAGLE3,
    "P-EAGLE": DraftMethod.P_EAGLE,
    "DFlash": DraftMethod.DFLASH,
    "DSpark": DraftMethod.DSPARK,
    "draft model (SpS)": DraftMethod.MODEL,
    "n-gram": DraftMethod.NGRAM,
    "n-gram (PLD)": DraftMethod.NGRAM,
}
TEXTS = (
    (Text.RANDOM, r"random"),
    (Text.AGENT, r"agent|production-like"),
    (Text.CODE, r"cod(e|ing)|humaneval|mbpp"),
    (Text.REASONING, r"gsm8k|math|aime|gpqa|reasoning|stem|c-eval"),
    (Text.DOCUMENTS, r"finance|rag|longbench|summar|extract"),
    (Text.WRITING, r"writing|roleplay|humanities|sonnet|story|prose"),
    (Text.CHAT, r"mt-bench|alpaca|general|spec-bench|qa|multilingual|topics|prompts|real requests"),
)
"""Kinds of text by what tables call their data; the first that fits counts."""
SPEC_BENCH_TOKENS = 5
"""Draft length of the chains that Spec-Bench's table does not print (its default)."""
LONGEST = 8
FALL = {DraftMethod.PREDICTION: 0.9}
"""Of the share kept from position to position, where one length alone was published."""
USUAL_FALL = 0.95
LEAST_SPREAD = 0.03


@dataclass(frozen=True)
class Figure:
    tokens: int
    per_step: float
    source: str


def figures(path: Path) -> dict[tuple[str, DraftMethod, Text], list[Figure]]:
    """Chains with a length, by model, method and text. Random prompts are left to be fitted."""
    found = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            method, text = METHODS.get(row["method"]), text_of(row["data"])
            if "relaxed" in row["note"].lower():
                continue
            if method is None or text in (None, Text.RANDOM) or row["topk"] not in ("1", ""):
                continue
            per_step = _of_all_steps(row["note"]) or _number(row["tokens_per_step"])
            tokens = _number(row["draft_tokens"])
            if row["data"].startswith("Spec-Bench"):
                tokens = SPEC_BENCH_TOKENS
            if per_step is None or tokens is None or not 1 < per_step <= tokens + 1:
                continue
            found[stem(row["model"]), method, text].append(
                Figure(int(tokens), per_step, row["source"])
            )
    return found


def text_of(data: str) -> Text | None:
    """The kind of text that a table's data are; None for what nobody can tell."""
    return next((one for one, words in TEXTS if re.search(words, data, re.IGNORECASE)), None)


def _of_all_steps(note: str) -> float | None:
    """Tokens per step where the published figure is of the steps alone that drafted something."""
    found = re.search(r"(\d+\.\d+) when steps without a match are counted", note)
    return float(found[1]) if found else None


def _number(text: str) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?", text.strip())
    if not found:
        return None
    low = float(found[1])
    return (low + float(found[2])) / 2 if found[2] else low


def kept(given: Sequence[Figure], method: DraftMethod) -> list[float]:
    """Share of the steps that keep the token at each position."""
    by_length = defaultdict(list)
    for one in given:
        by_length[one.tokens].append(one.per_step)
    middle = {length: median(values) for length, values in by_length.items()}
    first, fall = _fitted(given, method)
    longest = min(max(middle), LONGEST)
    shares: list[float] = []
    before, most = 1.0, 1.0
    for place in range(1, longest + 1):
        told = middle[place] - before if place in middle and place - 1 in {0, *middle} else 0.0
        chance = first * fall ** (place - 1)
        # A longer draft that yields less was another run: from there on the fit goes on.
        most = told if 0 < told <= most and before > 0 else most * chance
        before = middle.get(place, 0.0)
        shares.append(most)
    return [round(one, 3) for one in shares]


def _falling(first: float, fall: float, length: int) -> Iterator[float]:
    share, chance = 1.0, first
    for _ in range(length):
        share *= chance
        yield share
        chance *= fall


def _fitted(given: Sequence[Figure], method: DraftMethod) -> tuple[float, float]:
    """The first position's chance and the factor by which those after it fall."""
    lengths = {one.tokens for one in given}
    falls = [FALL.get(method, USUAL_FALL)]
    if len(lengths) > 1:
        falls = [0.5 + 0.01 * step for step in range(51)]
    chances = [0.01 * step for step in range(5, 100)]

    def error(pair: tuple[float, float]) -> float:
        shares = list(_falling(*pair, max(lengths)))
        made = [1.0 + math.fsum(shares[: one.tokens]) for one in given]
        return math.fsum(abs(math.log(a / b.per_step)) for a, b in zip(made, given, strict=True))

    return min(((chance, fall) for fall in falls for chance in chances), key=error)


def spread(given: Sequence[Figure], shares: Sequence[float]) -> float:
    """Relative: what two of three figures are within of the shares' tokens per step."""
    off = sorted(abs(one.per_step / (1.0 + sum(shares[: one.tokens])) - 1.0) for one in given)
    return round(max(off[int(len(off) * 2 / 3)] if len(off) > 1 else 0.0, LEAST_SPREAD), 3)


def shortened(sources: Iterable[str]) -> list[str]:
    """Each source once, without what names a file of many inside one repository."""
    return list(dict.fromkeys(re.sub(r"(@\w+:[^/ ]+).*", r"\1", one) for one in sources))[:6]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=Path)
    rows = []
    for (model, method, text), given in sorted(figures(parser.parse_args().table).items()):
        shares = kept(given, method)
        yields = [one.per_step for one in given]
        rows.append(
            {
                "model": model,
                "method": method.value,
                "text": text.value,
                "kept": shares,
                "figures": len(given),
                "tokens_per_step": [min(yields), max(yields)],
                "draft_tokens": [min(o.tokens for o in given), max(o.tokens for o in given)],
                "spread": spread(given, shares),
                "sources": shortened(one.source for one in given),
            }
        )
    heading = (
        "# Share of the steps that keep the drafted token at each position, from published tokens\n"
        "# per step (chains, the model's own token included), by `python -m\n"
        "# tests.accuracy.acceptance`. `tokens_per_step` is the range of the figures at\n"
        "# `draft_tokens` drafted ones; two of three of them are within `spread` of the shares.\n\n"
    )
    target = ROOT / "acceptance" / "published.toml"
    target.write_text(heading + "\n".join(map(table_text, rows)), encoding="utf-8")


def table_text(row: Mapping[str, Any]) -> str:
    """One row as TOML, a line per key."""
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in row.items())
    return "\n".join(["[[acceptance]]", *lines, ""])


if __name__ == "__main__":
    main()
