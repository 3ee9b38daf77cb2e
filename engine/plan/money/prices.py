"""Dollars per chip and hour: from a person's own file, never from ours unless asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from engine.hardware.chip_profiles import chip_aliases, chip_ids
from engine.sources.files import read_toml, user_path
from engine.sources.profile_files import user_folder
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, closest
from profiles import ROOT

EXAMPLE = "example"
"""The name that the bundled example answers to."""
MAXIMUM_BYTES = 1 << 20
LARGEST_PRICE = 1e6
EXPECTED = "a file of prices"


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per chip and hour by chip id: when they were ``dated``, the file ``named``."""

    usd_per_chip_hour: Mapping[str, float]
    dated: str
    named: str

    def of(self, chip: str) -> float:
        """Of one chip; NaN where nobody says."""
        return self.usd_per_chip_hour.get(chip, math.nan)


NO_PRICES = Prices({}, "", "")


def own_prices_path() -> Path:
    """Where a person's own prices lie."""
    return user_folder("prices.toml")


def load_prices(text: str) -> Prices:
    """The prices that ``text`` names: a file, ``example``, or empty for the person's own, of which
    there may be none. Raises `InputError`."""
    if text == EXAMPLE:
        return _read(ROOT / "prices" / "example.toml", 0, f"--prices {EXAMPLE}")
    path = user_path(text) if text else own_prices_path()
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        if not text:
            return NO_PRICES
        changed = 0
    return _read(path, changed)


def example_note(prices: Prices) -> str:
    """That prices are the bundled example's."""
    return say("Prices are the bundled example's, of {dated}, not yours", dated=prices.dated)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, named: str = "") -> Prices:
    shown = named or clean(str(path), 160)
    values = read_toml(path, MAXIMUM_BYTES, say(EXPECTED))
    table = values.get("usd_per_chip_hour")
    if not isinstance(table, dict) or not table:
        raise InputError(
            say("{shown}: usd_per_chip_hour: expected a table of chips and dollars", shown=shown)
        )
    prices = {}
    for chip, price in table.items():
        is_number = isinstance(price, int | float) and not isinstance(price, bool)
        if not is_number or not 0 < price <= LARGEST_PRICE:
            raise InputError(
                say(
                    "{shown}: usd_per_chip_hour.{chip}: found {price}, expected dollars above 0",
                    shown=shown,
                    chip=clean(str(chip), 40),
                    price=clean(repr(price), 40),
                )
            )
        prices[_chip(shown, chip)] = float(price)
    return Prices(prices, _dated(shown, values.get("dated")), shown)


def _dated(shown: str, found: object) -> str:
    """The day of a file of prices; raises `InputError`."""
    if not found:
        raise InputError(
            say(
                "{shown}: dated: found nothing, expected the day that the prices are of",
                shown=shown,
            )
        )
    try:
        return date.fromisoformat(str(found)[:10]).isoformat()
    except ValueError:
        raise InputError(
            say(
                "{shown}: dated: found {found}, expected a day as 2026-11-30",
                shown=shown,
                found=clean(repr(found), 40),
            )
        ) from None


def _chip(shown: str, name: str) -> str:
    """The id of a chip by that or another of its names; raises `InputError`: a price that is never
    found would leave out costs without a word."""
    wanted = name.lower()
    found = chip_aliases().get(wanted, wanted)
    if found not in chip_ids():
        near = closest(wanted, chip_ids(), 3, 0.5)
        raise InputError(
            say(
                "{shown}: usd_per_chip_hour.{chip}: no such chip{near}",
                shown=shown,
                chip=clean(name, 40),
                near=say("; nearest: {near}", near=", ".join(near)) if near else "",
            )
        )
    return found
