"""Benchmark names are read from both ends, written back the same, and refused by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.plan.names.benchmark import EncoderName, FpsName, FtlName, TpsName, name_fields
from engine.plan.names.model_names import model_and_size
from engine.plan.names.parse import parse_name
from engine.words.errors import InputError


def test_tps_example():
    assert parse_name("TPS001-Llama2-70B-S4K-01-W4A16-B16") == TpsName(
        1, "Llama2", "70B", 4096, 1, 4, 16, 16
    )


def test_ftl_example():
    assert parse_name("FTL001-Llama2-70B-S4K-W4A16-B1") == FtlName(
        1, "Llama2", "70B", 4096, 4, 16, 1
    )


def test_fps_example():
    assert parse_name("FPS001-Resnet50-V2-R224x224-W8A8-B4") == FpsName(
        1, "Resnet50", "V2", 224, 224, 8, 8, 4
    )


def test_an_encoder_s_name_has_a_length_in_the_place_of_a_resolution():
    name = parse_name("FPS001-BERT-Large-V1-S384-W8A8-B4")
    assert name == EncoderName(1, "BERT-Large", "V1", 384, 8, 8, 4)
    assert (name_fields(name)["kind"], name_fields(name)["input_tokens"]) == ("FPS", 384)


def test_model_names_hold_dashes_and_dots():
    name = parse_name("TPS042-Qwen2.5-VL-x-72B-S1500-0256-W8A8-B3")
    assert isinstance(name, TpsName)
    assert (name.model, name.size, name.input_tokens) == ("Qwen2.5-VL-x", "72B", 1500)


def test_letter_o_is_read_and_zero_is_written():
    name = parse_name("TPS001-Llama2-70B-S4K-O1K-W4A16-B16")
    assert str(name) == "TPS001-Llama2-70B-S4K-01K-W4A16-B16"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("XYZ001-Llama2-70B-S4K-01-W4A16-B16", "kind"),
        ("TPS1-Llama2-70B-S4K-01-W4A16-B16", "kind"),
        ("TPS001-Llama2-70B-4K-01-W4A16-B16", "input"),
        ("TPS001-Llama2-70B-S4K-11-W4A16-B16", "output"),
        ("TPS001-Llama2-70B-S4K-01-W4-B16", "precision"),
        ("TPS001-Llama2-70B-S4K-01-W4A16-16", "batch"),
        ("TPS001-Llama2-70B-S0-01-W4A16-B16", "input"),
        ("TPS001-Llama2--S4K-01-W4A16-B16", "size"),
        ("FPS001-Resnet50-V2-224x224-W8A8-B4", "resolution"),
        ("FPS001-BERT-V1-S0-W8A8-B4", "input"),
        ("FPS001-BERT-V1-S384x1-W8A8-B4", "input"),
        ("TPS001-Llama2-S4K-01-W4A16-B16", "fields"),
        ("", "kind"),
    ],
)
def test_errors_name_the_field(text: str, field: str):
    with pytest.raises(InputError, match=field):
        parse_name(text)


def test_errors_give_the_column():
    with pytest.raises(InputError, match="column 26"):
        parse_name("TPS001-Llama2-70B-S4K-01-Wx-B16")


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str):
    try:
        parse_name(text)
    except InputError as error:
        assert "\n" not in str(error)


WORDS = st.from_regex(r"[A-Za-z0-9._]{1,12}(-[A-Za-z0-9._]{1,8}){0,3}", fullmatch=True)
SIZES = st.from_regex(r"[A-Za-z0-9.]{1,8}", fullmatch=True)
TOKENS = st.integers(1, 10_000_000)
BITS = st.sampled_from([2, 3, 4, 6, 8, 16, 32])


@given(st.integers(0, 999), WORDS, SIZES, TOKENS, TOKENS, BITS, BITS, st.integers(1, 99_999))
def test_tps_names_round_trip(number, model, size, inputs, outputs, weights, acts, batch):
    name = TpsName(number, model, size, inputs, outputs, weights, acts, batch)
    assert parse_name(str(name)) == name


@given(st.integers(0, 999), WORDS, SIZES, TOKENS, BITS, BITS, st.integers(1, 99_999))
def test_ftl_names_round_trip(number, model, size, inputs, weights, acts, batch):
    name = FtlName(number, model, size, inputs, weights, acts, batch)
    assert parse_name(str(name)) == name


@given(st.integers(0, 999), WORDS, SIZES, st.integers(1, 9999), st.integers(1, 9999), BITS, BITS)
def test_fps_names_round_trip(number, model, version, width, height, weights, acts):
    name = FpsName(number, model, version, width, height, weights, acts, 4)
    assert parse_name(str(name)) == name


@given(st.integers(0, 999), WORDS, SIZES, TOKENS, BITS, BITS)
def test_encoders_names_round_trip(number, model, version, tokens, weights, acts):
    name = EncoderName(number, model, version, tokens, weights, acts, 4)
    assert parse_name(str(name)) == name


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("DeepSeek-V3", 671_026_404_352, ("DeepSeek-V3", "671B")),
        ("Llama-2-70b", 68_976_648_192, ("Llama2", "70B")),
        ("Mixtral-8x7B", 46_702_792_704, ("Mixtral", "8x7B")),
        ("gpt2", 124_439_808, ("gpt2", "124M")),
        ("Phi", 2_779_683_840, ("Phi", "2.8B")),
    ],
)
def test_name_and_size(name: str, parameters: int, expected: tuple[str, str]):
    assert model_and_size(name, parameters) == expected
