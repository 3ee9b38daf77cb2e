"""Inkling's tower, as transformers 5.24 builds it (instantiated without weights)."""

from __future__ import annotations

import pytest

from engine.model.dialects.towers.patches import inkling_vision, planned_scales
from engine.model.keys import Keys
from engine.words.errors import InputError


def elements(**given: object) -> int:
    values = {"temporal_patch_size": 2, "patch_size": 40, "num_channels": 3, **given}
    keys = Keys(values, "config.json", "inkling_vision", {})
    return inkling_vision(keys, keys, 512)


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ({"num_hidden_layers": 1}, 4_915_712),
        ({"num_hidden_layers": 3}, 7_482_560),
        ({"n_layers": 4}, 29_670_400),
        ({"num_hidden_layers": 5}, 29_999_296),
        ({"num_hidden_layers": 7, "temporal_patch_size": 4}, 24_248_418_508),
        ({"num_hidden_layers": 4, "temporal_patch_size": 4, "patch_size": 42}, 41_794_304),
        (
            {"n_layers": 3, "temporal_patch_size": 8, "patch_size": 28, "n_channels": 1}
            | {"num_channels": 1},
            4_263_808,
        ),
    ],
)
def test_the_tower_counts_as_its_class(given: dict[str, int], counted: int) -> None:
    assert elements(**given) == counted


def test_a_patch_is_folded_by_its_prime_factors() -> None:
    sides = [scale.height for scale in planned_scales(2, 40, 4, 3)]
    assert sides == [1, 5, 10, 40, 40]


def test_another_tower_is_refused() -> None:
    with pytest.raises(InputError, match="vision_encoder_type is 'linear', expected one of hmlp"):
        elements(n_layers=1, vision_encoder_type="linear")
