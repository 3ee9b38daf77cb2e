"""Engines' argument parsers from their recorded options (``tests/data/engine_options``)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "data" / "engine_options"


@dataclass(frozen=True)
class Option:
    """One option: its names, the kind of its value, its choices."""

    names: tuple[str, ...]
    kind: str
    choices: tuple[str, ...]

    def problem(self, value: str) -> str:
        """What is wrong with a value; empty where nothing is."""
        if self.choices and value not in self.choices:
            return f"{self.names[0]}: {value} is none of its choices"
        try:
            {"int": int, "float": float, "json": json.loads}.get(self.kind, str)(value)
        except ValueError:
            return f"{self.names[0]}: {value} is no {self.kind}"
        return ""


@cache
def options(engine: str) -> dict[str, Option]:
    """Every option of an engine by each of its names."""
    found = {}
    for line in (FOLDER / f"{engine}.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        names, kind, *choices = line.split(" ", 2)
        option = Option(tuple(names.split(",")), kind, tuple("".join(choices).split("|")))
        option = Option(option.names, kind, tuple(one for one in option.choices if one))
        found |= dict.fromkeys(option.names, option)
        if kind == "toggle":
            found |= {f"--no-{name[2:]}": option for name in option.names if name[:2] == "--"}
    return found


def parse(engine: str, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Values by option, and what the engine's parser would refuse, positional words aside."""
    known, values, problems = options(engine), {}, []
    # What stands before the engine's own words: a launcher, an interpreter and its module.
    place = words.index("trtllm-serve") if "trtllm-serve" in words else 0
    place = words.index("-m") + 2 if "-m" in words else place
    while place < len(words):
        word, place = words[place], place + 1
        if not re.match(r"--?[a-zA-Z]", word):
            continue
        option = known.get(word)
        if option is None:
            problems.append(f"{word}: no such option")
            continue
        value = ""
        if option.kind not in {"flag", "toggle"}:
            if place == len(words) or re.match(r"--?[a-zA-Z]", words[place]):
                problems.append(f"{word}: no value")
                continue
            value, place = words[place], place + 1
            problems += [problem] if (problem := option.problem(value)) else []
        if option.names[0] in values:
            problems.append(f"{word}: given twice")
        values[option.names[0]] = "no" if word.startswith("--no-") else value
    return values, problems
