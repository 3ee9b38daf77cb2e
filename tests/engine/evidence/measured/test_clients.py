"""What benchmark clients send, as far as a row's cells name them."""

from __future__ import annotations

import pytest

from engine.evidence.measured.calls import call_of
from engine.evidence.measured.library import Library
from engine.evidence.measured.predict import predict_rows
from tests.engine.evidence.measured.rows import make_rows

NVIDIA = {"citation": "github.com/ai-dynamo/aiconfigurator:silicon_sample.csv"}
UNIQUE = {"isl_eff": "900", "osl_eff": "180"}
"""InferenceX's mean lengths are nine tenths of the nominal ones."""


@pytest.mark.parametrize(
    ("cells", "repeats"),
    [
        ({}, False),
        (NVIDIA, True),
        ({"notes": "AIPerf, closed loop"}, True),
        ({"framework_version": "NIM (genai-perf)"}, True),
        ({"notes": "inference-perf constant rate, shared system prompts"}, True),
        ({"notes": "inference-perf constant rate"}, False),
        (NVIDIA | UNIQUE, False),
    ],
)
def test_some_clients_repeat_prompts_unless_lengths_are_drawn(tmp_path, cells, repeats):
    assert make_rows(tmp_path, cells)[0].repeats_prompts is repeats


@pytest.mark.parametrize(
    ("cells", "opens"),
    [
        ({}, False),
        ({"load": "closed-loop"}, True),
        (UNIQUE, True),
        ({"load": "closed-loop", "client": "multi-turn traces replayed, by sessions"}, False),
    ],
)
def test_a_closed_loop_opens_at_once(tmp_path, cells, opens):
    assert make_rows(tmp_path, cells)[0].opens_at_once is opens


def tpot_ms(folder, **cells: str) -> list[float]:
    """TPOT with prompts that come again, and with prompts that do not."""
    known = {"load": "closed-loop", "isl": "4000", "osl": "100", **cells}
    rows = make_rows(folder, known | NVIDIA, known)
    return [float(value) for value in predict_rows(rows).values["tpot_ms"]]


def test_of_ten_requests_for_each_slot_the_first_hundred_are_new(tmp_path):
    """At ten requests all prompts are new; the more there are, the less is prefilled."""
    few, same = tpot_ms(tmp_path, concurrency_or_batch="10")
    many, more = tpot_ms(tmp_path, concurrency_or_batch="64")
    assert few == same
    assert many < 0.7 * more


@pytest.mark.parametrize(
    ("cells", "graphs"),
    [
        ({"build_note": "eager, AscendC operators, TP4"}, False),
        ({"notes": "all prompts at once; --enforce-eager"}, False),
        ({"build_note": "graph mode by default"}, None),
        ({"notes": "eager to start"}, None),
    ],
)
def test_a_build_without_graphs_is_asked_for_as_one(tmp_path, cells, graphs):
    (row,) = make_rows(tmp_path, cells)
    assert call_of(row, Library(None)).scenario.settings.graphs is graphs


def test_an_engine_without_prefix_caching_prefills_them_again(tmp_path):
    again, new = tpot_ms(tmp_path, concurrency_or_batch="64", framework="trtllm")
    assert again == new
