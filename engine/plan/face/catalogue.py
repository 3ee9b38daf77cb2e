"""What can be named, as Python callers meet it: names, with facts that are read when asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from engine.hardware.chip_profiles import chip_ids, load_chip
from engine.hardware.framework_profiles import framework_ids, load_framework
from engine.model.config import load_architecture
from engine.model.model_profiles import model_names
from engine.plan.face.columns import Columns, gathered
from engine.plan.face.lists import Row, chip_row, framework_row, model_row
from engine.words.errors import InputError

Loaded = TypeVar("Loaded")


class Catalogue(Mapping[str, Row]):
    """Facts by name: iterating gives names, ``catalogue[name]`` the facts of one, and `columns`
    makes a data frame of all. Any name that a scenario takes can be looked up."""

    def __init__(self, names: tuple[str, ...], row: Callable[[str], Row]) -> None:
        self._names = names
        self._row = row

    def __getitem__(self, name: str) -> Row:
        try:
            return self._row(name)
        except InputError as error:
            raise KeyError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def columns(self) -> Columns:
        """One numpy array per fact, for a data frame; facts of facts are ``peak_tflops.fp8``. A
        profile of one's own that cannot be read is left out with a warning."""
        return gathered(_flat(row) for row in self._rows())

    def _rows(self) -> Iterator[Row]:
        for name in self._names:
            try:
                yield self._row(name)
            except InputError as error:
                warnings.warn(str(error), stacklevel=4)

    def __repr__(self) -> str:
        return f"{len(self)} names: {', '.join(self._names)}"


def _flat(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            flat[name] = value
    return flat


def _read(load: Callable[[str], Loaded], row: Callable[[Loaded], Row]) -> Callable[[str], Row]:
    return lambda name: row(load(name))


def chips() -> Catalogue:
    """Every chip that has a name."""
    return Catalogue(chip_ids(), _read(load_chip, chip_row))


def models() -> Catalogue:
    """Every model that has a profile."""
    return Catalogue(model_names(), _read(load_architecture, model_row))


def engines() -> Catalogue:
    """Every engine that has a name."""
    return Catalogue(framework_ids(), _read(load_framework, framework_row))
