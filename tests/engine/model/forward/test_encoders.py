"""Encoders of text: counted in sequences of one length."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import load_architecture
from engine.model.described.forward import as_json, as_text
from engine.model.forward.architecture import ForwardArchitecture, LayerKind, Text
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


def read(tokens: int = 128, **changes: Any) -> ForwardArchitecture:
    return read_vision({**BASE, **changes}, "config.json", "encoder", sequence=tokens)


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({"architectures": ["BertModel"]}, 109_482_240),
        ({"architectures": ["BertForMaskedLM"]}, 109_514_298),
        ({"architectures": ["BertLMHeadModel"]}, 109_514_298),
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
    assert isinstance(architecture, ForwardArchitecture)
    assert (architecture.samples, architecture.input) == ("sequences", Text(384))
    assert architecture.parameters == 334_094_338
    projections = 24 * 12 * 1024**2 * 384 * 2
    attention = 24 * 4 * 384 * 384 * 1024
    assert architecture.flops == projections + attention + 2 * 384 * 1024 * 2


def test_attention_grows_with_the_square_of_the_length() -> None:
    short, long = (
        sum(x.flops for x in read(length).layers if x.kind is LayerKind.ATTENTION)
        for length in (128, 256)
    )
    assert long == 4 * short


def test_without_a_length_all_positions_are_taken_and_said() -> None:
    architecture = read(0)
    assert architecture.input == Text(512)
    assert any("sequence length 512" in item for item in architecture.assumptions)


def test_longer_than_the_positions_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read(513)
    assert str(caught.value) == (
        "config.json: sequence length: found 513, expected at most 512, "
        "the positions that max_position_embeddings 512 leaves"
    )


def test_a_file_s_own_length_is_held_to_the_positions() -> None:
    with pytest.raises(InputError, match="sequence_length is 600, expected at most 512"):
        read(0, sequence_length=600)
    assert read(100, sequence_length=600).input == Text(100)


def test_the_length_asked_for_goes_before_the_file_s() -> None:
    assert read(0, sequence_length=384).input == Text(384)
    assert read(64, sequence_length=384).input == Text(64)


@pytest.mark.parametrize("size", [(224, 224), (384, 1)])
def test_an_image_size_is_refused_with_the_option_that_is_meant(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"expected none for a text encoder; .* --isl$"):
        load_architecture("bert-large", resolution=size)


def test_a_length_says_nothing_about_an_image() -> None:
    plain, told = (load_architecture("resnet-50", sequence=tokens) for tokens in (0, 384))
    assert plain == told


def test_people_call_it_an_encoder() -> None:
    named = {load_architecture(one).kind.noun for one in ("bert-large", "resnet-50", "gpt-j-6b")}
    assert named == {"text encoder", "vision model", "language model"}


def test_its_description_says_tokens_and_no_edges() -> None:
    model = load_architecture("bert-large", sequence=128)
    assert isinstance(model.architecture, ForwardArchitecture)
    document = as_json(model, model.architecture)
    assert (document["kind"], document["tokens"], document["samples"]) == (
        *("encoder", 128, "sequences"),
    )
    assert not {"width", "height"} & set(document)
    assert "sequence of 128 tokens" in as_text(model, model.architecture)


def test_roberta_keeps_two_positions_back() -> None:
    with pytest.raises(InputError, match=r"at most 512.* max_position_embeddings 514 leaves"):
        read(513, **ROBERTA)


def test_an_unknown_head_is_refused() -> None:
    with pytest.raises(InputError, match="BertForMultipleChoice"):
        read(architectures=["BertForMultipleChoice"])


def test_a_class_that_generates_is_read_as_one_pass_and_says_so() -> None:
    """13,546,682 as transformers counts the class defaults of ELECTRA."""
    sizes = {"embedding_size": 128, "hidden_size": 256, "num_attention_heads": 4}
    causal = read(
        **sizes, model_type="electra", intermediate_size=1024, architectures=["ElectraForCausalLM"]
    )
    assert causal.parameters == 13_546_682
    assert any("as an encoder runs" in note for note in causal.assumptions)
