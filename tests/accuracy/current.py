"""The constants as the profiles hold them now, as logarithms that a fit starts from."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from engine.hardware.framework_profiles import source_values
from engine.sources.profile_files import bundled_files, read_toml
from profiles import ROOT
from tests.accuracy.constant import COLLECTIVES, Constant
from tests.accuracy.constants import WIDE_RANKS, Constants

_FOLDERS = {"chip": "chips", "engine": "frameworks"}
"""Whose files hold deviations."""


def published_logs(constants: Constants) -> np.ndarray:
    """One logarithm per constant; the prior where the profiles do not hold it."""
    found = constants.prior.copy()
    for place, constant in enumerate(constants.list):
        value = _value(constants, constant)
        if value is not None and value > 0:
            found[place] = np.log(value)
    return found


def _value(constants: Constants, constant: Constant) -> float | None:
    if constant.scope in _FOLDERS:
        file = read_toml(bundled_files(_FOLDERS[constant.scope])[constant.owner])
        return _kernel(file.get("deviations", {}), constant.table, constant.key)
    if constant.scope == "framework":
        return _of_framework(constant)
    if constant.table == "clock":
        exponent: float = _generation(constant.owner)["clock"]["exponent"]
        return exponent
    if constant.table in COLLECTIVES:
        return _of_collective(constants, constant)
    return _kernel(_generation(constant.owner)["kernels"], constant.table, constant.key)


def _of_framework(constant: Constant) -> float | None:
    """A cost, or a kernel's constant as a factor on the generation's."""
    values = source_values(constant.owner)
    if not constant.table:
        cost: float | None = values.get(constant.key)
        return cost
    generation, table = constant.table.split("/")
    own = _kernel(values.get("kernels", {}), constant.table, constant.key)
    shared = _kernel(_generation(generation)["kernels"], table, constant.key)
    return own / shared if own is not None and shared else None


def _of_collective(constants: Constants, constant: Constant) -> float | None:
    """The factor on the prior's lines; of the starts of many ranks, on that of few."""
    prior = constants.priors["generations"][constant.owner][constant.table]
    now = _generation(constant.owner)[constant.table]
    wide = constant.key == "wide_alpha"
    key = "alpha_us" if wide else constant.key
    known = [ranks for ranks in prior if ranks in now and prior[ranks].get(key)]
    factors = {int(ranks): now[ranks][key] / prior[ranks][key] for ranks in known}
    few = [factor for ranks, factor in sorted(factors.items()) if ranks < WIDE_RANKS]
    many = [factor for ranks, factor in sorted(factors.items()) if ranks >= WIDE_RANKS]
    if wide:
        return many[0] / few[0] if few and many else None
    return (few or many or [None])[0]


def _kernel(kernels: dict[str, Any], table: str, key: str) -> float | None:
    value: float | None = kernels.get(table, {}).get(key)
    return value


@cache
def _generation(name: str) -> dict[str, Any]:
    return read_toml(ROOT / "chips" / "generations" / f"{name}.toml")
