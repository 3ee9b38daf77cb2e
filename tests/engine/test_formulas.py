"""What FORMULAS.md names is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from profiles import ROOT

TEXT = (Path(__file__).parents[2] / "engine" / "FORMULAS.md").read_text(encoding="utf-8")
FUNCTIONS = sorted(set(re.findall(r"`(engine(?:\.\w+){2,})`", TEXT)))
FILES = sorted(set(re.findall(r"`profiles/([\w/.]+)`", TEXT)))


def found(name: str) -> object:
    """What a dotted name stands for; raises `AttributeError` where nothing does."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: object = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            value = getattr(value, part)
        return value
    raise AttributeError(name)


def test_something_is_named():
    assert len(FUNCTIONS) > 40 and len(FILES) > 8


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_exist(name):
    assert found(name) is not None


@pytest.mark.parametrize("name", FILES)
def test_files_exist(name):
    assert (ROOT / name).is_file()
