"""Bytes of vision models: by hand, and against batches that ran."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework_profiles import load_framework
from engine.model.config import load_architecture
from engine.model.described.forward import as_json
from engine.model.forward.architecture import ForwardArchitecture
from engine.model.model_profiles import bundled_models
from engine.serve.memory.forward import ForwardFootprint, forward_memory_of, live_copies
from tests.engine.model.forward.builders import BF16, chip, convolution, framework, model


def test_a_convolution_by_hand():
    found = forward_memory_of(model(convolution()), BF16, chip(), framework(), 2, 2.0)
    assert found.weight_bytes == 2 * 2 * 576 * 128
    assert found.activation_bytes_per_image == 2 * live_copies() * 2 * (128 * 64 + 128 * 128)
    assert found.needed(np.array([3.0]))[0] == (
        found.weight_bytes + found.reserve_bytes + 3 * found.activation_bytes_per_image
    )


def test_weights_in_memory_are_those_that_the_model_is_described_with():
    models = [load_architecture(name) for name in bundled_models()]
    forward = [one for one in models if isinstance(one.architecture, ForwardArchitecture)]
    assert forward
    for one in forward:
        found = forward_memory_of(one.architecture, one.precision, chip(), framework(), 1, 2.0)
        assert as_json(one, one.architecture)["weight_bytes"] == found.weight_bytes, one.name


def test_the_largest_batch_is_the_last_that_fits():
    found = ForwardFootprint(100.0, 7.0, 20.0, 1000.0)
    most = found.largest_batch()
    assert found.needed(np.array([float(most)]))[0] <= 1000
    assert found.needed(np.array([most + 1.0]))[0] > 1000
    assert ForwardFootprint(990.0, 7.0, 20.0, 1000.0).largest_batch() == 0


@pytest.mark.parametrize(
    ("name", "side", "gpu", "batch", "ran"),
    [
        ("efficientnet_b5", 416, "rtx_5090", 768, True),
        ("efficientnet_b5", 416, "rtx_3090", 512, True),
        ("efficientnet_b5", 416, "rtx_3090", 1024, False),
        ("efficientnet_b4", 320, "rtx_3090", 768, True),
        ("efficientnet_b4", 320, "rtx_3090", 1024, False),
        ("tf_efficientnet_b7", 600, "rtx_3090", 192, True),
        ("vgg16", 224, "rtx_3090", 1024, True),
    ],
)
def test_batches_that_ran_and_did_not(name: str, side: int, gpu: str, batch: int, ran: bool):
    architecture = load_architecture(name, resolution=(side, side)).architecture
    assert isinstance(architecture, ForwardArchitecture)
    engine = load_framework("pytorch")
    found = forward_memory_of(architecture, BF16, load_chip(gpu), engine, 1, 2.0)
    assert (found.largest_batch() >= batch) is ran
