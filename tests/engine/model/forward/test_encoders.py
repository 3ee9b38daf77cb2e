"""Encoders of text: counted in sequences of one length."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import load_architecture
from engine.model.forward.architecture import LayerKind, VisionArchitecture
from engine.model.forward.reading import read_vision
from engine.words.errors import InputError

BASE: dict[str, Any] = {
    "model_type": "bert",
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}
ROBERTA = {
    "model_type": "roberta",
    "vocab_size": 50265,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}


def read(size: tuple[int, int] | None = (128, 1), **changes: Any) -> VisionArchitecture:
    return read_vision({**BASE, **changes}, "config.json", "encoder", "", size)


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({"architectures": ["BertModel"]}, 109_482_240),
        ({"architectures": ["BertForMaskedLM"]}, 109_514_298),
        ({"architectures": ["BertForPreTraining"]}, 110_106_428),
        ({"architectures": ["BertForSequenceClassification"], "num_labels": 3}, 109_484_547),
        ({**ROBERTA, "architectures": ["RobertaForMaskedLM"]}, 124_697_433),
        (
            {**ROBERTA, "architectures": ["RobertaForSequenceClassification"], "num_labels": 3},
            124_647_939,
        ),
    ],
)
def test_heads_have_the_parameters_transformers_counts(
    changes: dict[str, Any], parameters: int
) -> None:
    assert read(**changes).parameters == parameters


def test_bert_large_answers_questions_at_384_tokens() -> None:
    architecture = load_architecture("bert-large").architecture
    assert isinstance(architecture, VisionArchitecture)
    assert (architecture.samples, architecture.width, architecture.height) == ("sequences", 384, 1)
    assert architecture.parameters == 334_094_338
    projections = 24 * 12 * 1024**2 * 384 * 2
    attention = 24 * 4 * 384 * 384 * 1024
    assert architecture.flops == projections + attention + 2 * 384 * 1024 * 2


def test_attention_grows_with_the_square_of_the_length() -> None:
    short, long = (
        sum(x.flops for x in read((length, 1)).layers if x.kind is LayerKind.ATTENTION)
        for length in (128, 256)
    )
    assert long == 4 * short


def test_without_a_length_all_positions_are_taken_and_said() -> None:
    architecture = read(None)
    assert architecture.width == 512
    assert any("sequence length 512" in item for item in architecture.assumptions)


def test_longer_than_the_positions_is_refused() -> None:
    with pytest.raises(InputError, match="sequence length 513, expected at most 512"):
        read((513, 1))


def test_an_image_size_is_refused() -> None:
    with pytest.raises(InputError, match="expected a sequence length and 1"):
        read((224, 224))


def test_roberta_keeps_two_positions_back() -> None:
    with pytest.raises(InputError, match="at most 512"):
        read((513, 1), **ROBERTA)


def test_an_unknown_head_is_refused() -> None:
    with pytest.raises(InputError, match="BertForMultipleChoice"):
        read(architectures=["BertForMultipleChoice"])
