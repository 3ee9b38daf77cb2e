"""The input that published models ran on: a resolution of images, tokens of a sequence."""

from __future__ import annotations

import pytest

from engine.evidence.measured.forward_names import measured_model
from engine.model.config import load_architecture
from engine.model.forward.architecture import ForwardArchitecture, Image, Text


@pytest.mark.parametrize(
    ("name", "resolution", "size"),
    [
        ("BERT-Large SQuAD (seq<=384)", None, Text(178)),
        ("BERT-Large SQuAD (seq<=384), 99.9% accuracy", None, Text(178)),
        ("ResNet50 v1.5", None, Image(224, 224)),
        ("timm/resnet50", (160, 160), Image(160, 160)),
    ],
)
def test_a_published_name_means_an_input(
    name: str, resolution: tuple[int, int] | None, size: Image | Text
):
    named = measured_model(name, resolution)
    found = load_architecture(named.reference, resolution=named.resolution, sequence=named.tokens)
    assert isinstance(found.architecture, ForwardArchitecture)
    assert found.architecture.input == size
