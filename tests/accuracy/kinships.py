"""What the priors of constants have in common: kernels of a family, a generation, a format, an
engine. These widths and correlations predict pairs and models left out best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.accuracy.constant import Constant

_ON_GENERATION = 0.78
"""Correlation of how far kernels of one family stray from their tables on one generation …"""
_OF_GENERATION = 0.14
"""… of which so much is common to the arithmetic of all its kernels …"""
_OF_BANDWIDTH = 0.14
"""… so much to the shares of bandwidth of all its kernels …"""
_OF_BANDWIDTHS = 0.38
"""… and so much to those of all generations."""
_OF_ALL_FLOORS = 0.93
"""Launch floors have so much in common in all …"""
_OF_FLOORS = 0.7
"""… so much of it with the family's on all generations …"""
_OF_FORMAT = 0.18
"""… and so much with those of one number format."""
_ON_ENGINE = 0.75
"""Correlation of an engine's kernels of one family on one generation …"""
_OF_ENGINE = 0.28
"""… of which so much is common to its kernels of the family on every generation."""
_OF_LAUNCHES = 0.2
"""What an engine's launch floors on a generation have in common beside that."""


def covariance(constants: Sequence[Constant]) -> np.ndarray:
    """Of the priors: what kernels have in common says something of those that no run uses."""
    kin: dict[tuple[str, ...], list[int]] = {}
    shares: dict[tuple[str, ...], float] = {}
    for place, constant in enumerate(constants):
        for key, share in _kinships(constant).items():
            kin.setdefault(key, []).append(place)
            shares[key] = share
    correlation = np.zeros((len(constants), len(constants)))
    for key, places in kin.items():
        correlation[np.ix_(places, places)] += shares[key]
    np.fill_diagonal(correlation, 1.0)
    width = np.array([constant.width for constant in constants])
    return correlation * np.outer(width, width)


def _kinships(constant: Constant) -> dict[tuple[str, ...], float]:
    """What a kernel's constant shares with others, and how much of its spread that is."""
    if constant.scope not in {"generation", "framework"} or "." not in constant.table:
        return {}
    place = constant.table.split(".")[0]
    here = (constant.scope, constant.owner, place, constant.key)
    if constant.scope == "framework":
        return _engine_kinships(constant, here)
    if constant.key == "memory":
        shared = _OF_BANDWIDTH + _OF_BANDWIDTHS
        bandwidth, bandwidths = ("bandwidth", constant.owner), ("bandwidth",)
        return {
            here: _ON_GENERATION - shared,
            bandwidth: _OF_BANDWIDTH,
            bandwidths: _OF_BANDWIDTHS,
        }
    if constant.key == "floor_us":
        format_everywhere = ("floors", constant.table.removesuffix("_weight"))
        return {
            here: _OF_ALL_FLOORS - _OF_FLOORS - _OF_FORMAT,
            ("floors", place): _OF_FLOORS,
            format_everywhere: _OF_FORMAT,
        }
    generation = ("generation", constant.owner, constant.key)
    return {here: _ON_GENERATION - _OF_GENERATION, generation: _OF_GENERATION}


def _engine_kinships(constant: Constant, here: tuple[str, ...]) -> dict[tuple[str, ...], float]:
    generation, _, kernel = constant.table.partition("/")
    everywhere = ("engine", constant.owner, kernel.split(".")[0], constant.key)
    found = {here: _ON_ENGINE - _OF_ENGINE, everywhere: _OF_ENGINE}
    if constant.key == "floor_us":
        found["launches", constant.owner, generation] = _OF_LAUNCHES
    return found
