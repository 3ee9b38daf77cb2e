"""Engines' argument parsers from their recorded options (``tests/data/engine_options``)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "data" / "engine_options"


@dataclass(frozen=True)
class Option:
    """One option: its names, the kind of its value, its choices."""

    names: tuple[str, ...]
    kind: str
    choices: tuple[str, ...]

    @property
    def most(self) -> int:
        """How many values it takes at most."""
        if self.kind in {"flag", "toggle"}:
            return 0
        return 1000 if self.kind in {"list", "repeated"} else 1

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
    """Values by option, and what the engine's parser would refuse; words before the first option
    are the command and what it is given by place."""
    known, values, problems = options(engine), {}, []
    # What stands before the engine's own words: a launcher, an interpreter and its module.
    place = words.index("trtllm-serve") if "trtllm-serve" in words else 0
    place = words.index("-m") + 2 if "-m" in words else place
    while place < len(words) and not _is_option(words[place]):
        place += 1
    while place < len(words):
        word, place = words[place], place + 1
        option = known.get(word)
        if option is None:
            problems.append(f"{word}: no such option" if _is_option(word) else f"{word}: no place")
            continue
        taken = []
        while place < len(words) and not _is_option(words[place]) and len(taken) < option.most:
            taken.append(words[place])
            place += 1
        if not taken and option.most and option.kind != "optional":
            problems.append(f"{word}: no value")
        problems += [problem for one in taken if (problem := option.problem(one))]
        if option.names[0] in values and option.kind != "repeated":
            problems.append(f"{word}: given twice")
        values[option.names[0]] = "no" if word.startswith("--no-") else " ".join(taken)
    return values, problems


def file_problems(engine: str, values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """What in a file an engine would not know, by the keys that are recorded of it."""
    known = options(engine)
    for key, value in values.items():
        path = f"{above}{key}"
        option = known.get(path)
        if value is None:
            if option is None or option.kind != "absent":
                yield f"{path}: null where something is expected"
        elif option is not None and option.kind != "absent":
            if option.kind == "open":
                continue
            if not isinstance(value, _FILE_TYPES[option.kind]) or (
                isinstance(value, bool) and option.kind != "bool"
            ):
                yield f"{path}: {value!r} is no {option.kind}"
            elif option.choices and str(value) not in option.choices:
                yield f"{path}: {value} is none of its choices"
        elif isinstance(value, dict):
            yield from file_problems(engine, value, f"{path}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for one in value:
                yield from file_problems(engine, one, f"{path}.")
        else:
            yield f"{path}: no such key"


_FILE_TYPES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "text": (str, int),
    "list": (list,),
}


def _is_option(word: str) -> bool:
    return bool(re.match(r"--?[a-zA-Z]", word))
