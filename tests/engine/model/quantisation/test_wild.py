"""Checkpoints of public repositories, quantisation of many tools: bytes within one percent."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.model.architecture import Architecture
from engine.model.bytes import weight_bytes
from engine.model.config import load_architecture
from engine.model.matrices import Role

WILD = Path(__file__).parents[5] / "shared" / "reference" / "wild"
needs_wild = pytest.mark.skipif(not WILD.is_dir(), reason="the files from outside are not here")

RIGHT = [
    ("q-autoround-mxfp4-spin", 6180, "W4A4", "mxfp4"),
    ("q-ct-compression_config-w4a16", 5701, "W4A16", "int4"),
    ("q-mlx-both", 4608, "W4A16", "int4"),
    ("q-quark-scheme-int4", 6098, "W4A16", "int4"),
    ("x1", 5701, "W4A16", "int4"),
    ("x2", 6830, "W4A16", "int4"),
    ("x3", 6830, "W4A16", "int4"),
    ("x4", 6887, "W4A4", "fp8"),
    ("x5", 8335, "W4A16", "bf16"),
    ("x8", 335, "W4A16", "int4"),
    ("params-meta", 16061, "W16A16", "bf16"),
    ("dsinfer-671B", 673151, "W8A8", "fp8_block"),
    ("q-quark-two-entry", 518419, "W4A8", "int4"),
    ("fordebug", 594205, "W4A16", "bf16"),
]
"""Megabytes of weights, the precision's name, how attention is stored."""


@needs_wild
@pytest.mark.parametrize(("folder", "megabytes", "name", "attention"), RIGHT)
def test_bytes_and_formats_are_those_of_the_checkpoint(folder, megabytes, name, attention) -> None:
    model = load_architecture(str(WILD / folder))
    assert isinstance(model.architecture, Architecture)
    stored = weight_bytes(model.architecture, model.precision) / 1e6
    assert stored == pytest.approx(megabytes, rel=0.01)
    assert model.precision.name == name
    assert model.precision.weight_format(Role.ATTENTION).name == attention


@needs_wild
def test_sparse_weights_are_counted_and_said() -> None:
    model = load_architecture(str(WILD / "q-ct-sparse24"))
    assert isinstance(model.architecture, Architecture)
    assert weight_bytes(model.architecture, model.precision) < 5e9
    assert any("2:4 sparse" in warning for warning in model.warnings)
