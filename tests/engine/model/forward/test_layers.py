"""Our layers against tables of the real modules, layer by layer, where the tables are there."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.model.forward.architecture import LayerKind
from engine.model.forward.reading import read_vision

TABLES = Path(__file__).parents[5] / "shared" / "reference" / "cv"
PRODUCTS = frozenset({LayerKind.CONVOLUTION, LayerKind.DEPTHWISE, LayerKind.LINEAR})
JOINED = {
    "eva02_base_patch14_224": "queries, keys and values are one product here, three there",
    "swin_v2_t": "the network of position biases is folded into its result",
}
ATTENTION_MODULES = {"MultiheadAttention", "ShiftedWindowAttention", "ShiftedWindowAttentionV2"}


def first_shape(shape: Any) -> list[int]:
    while isinstance(shape[0], list):
        shape = shape[0]
    return [1, *shape] if len(shape) == 3 else list(shape)


@pytest.mark.skipif(not TABLES.is_dir(), reason="reference data is not beside the repository")
@pytest.mark.parametrize("path", sorted(TABLES.glob("*.csv")), ids=lambda path: path.stem)
def test_every_product_of_the_table_is_ours(path: Path) -> None:
    if path.stem in JOINED:
        pytest.skip(JOINED[path.stem])
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    height, width = first_shape(json.loads(rows[0]["in_shape"]))[2:]
    architecture = read_vision(
        {"architecture": path.stem}, path.stem, path.stem, resolution=(width, height)
    )
    ours = Counter(
        (layer.flops, layer.parameters, layer.input_elements, layer.output_elements)
        for layer in architecture.layers
        if layer.kind in PRODUCTS
    )
    theirs = Counter(
        (
            float(row["flops"]),
            int(row["params"]),
            int(row["in_activation_bytes_fp16"]) // 2,
            int(row["out_activation_bytes_fp16"]) // 2,
        )
        for row in rows
        if row["type"].startswith(("Conv", "StdConv", "Linear"))
    )
    assert theirs and not theirs - ours
    if not ATTENTION_MODULES & {row["type"] for row in rows}:
        assert not ours - theirs
