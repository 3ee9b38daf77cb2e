"""What a command is asked about: a model or a benchmark name, the first word of the line."""

import json

import pytest

from engine.cli import run


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> object:
    assert run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


ONE = ("--chip", "h200", "--tp", "2", "--chips", "2", "--batch", "8")


def test_a_model_may_be_the_first_word(capsys):
    first = asked(capsys, "predict", "qwen3-32b", *ONE)
    assert first == asked(capsys, "predict", "--model", "qwen3-32b", *ONE)


def test_two_models_are_refused(capsys):
    assert run(["predict", "qwen3-32b", "--model", "llama-3.1-8b", *ONE]) == 2
    assert "found two models, expected one" in capsys.readouterr().err


def test_a_misspelt_benchmark_name_is_no_model(capsys):
    assert run(["predict", "TPS1-Llama2-70B-S4K-01-W4A16-B16"]) == 2
    assert "field 1 (kind, column 1)" in capsys.readouterr().err


def test_memory_takes_the_same_word(capsys):
    words = ("--chip", "h200", "--tp", "2", "--chips", "2")
    first = asked(capsys, "memory", "qwen3-32b", *words)
    assert first == asked(capsys, "memory", "--model", "qwen3-32b", *words)


@pytest.mark.parametrize("model", ["resnet-50", "bert-large"])
def test_a_model_without_a_queue_is_planned_as_if_no_rate_were_said(capsys, model):
    words = ("sweep", "--model", model, "--chip", "h100", "--rows", "3")
    plain = asked(capsys, *words)["rows"]
    assert asked(capsys, *words, "--rate", "5")["rows"] == plain


def test_nothing_arrives_at_a_static_batch(capsys):
    assert run(["sweep", "qwen3-32b", "--chip", "h100", "--mode", "static", "--rate", "5"]) == 2
    assert "expected --mode continuous" in capsys.readouterr().err
