"""Traces: every public form is read, and what is wrong is one line with the row."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.sources.traces import json_rows, read
from engine.sources.traces.read import read_trace
from engine.words.errors import InputError

AZURE_2023 = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2023-11-16 18:17:03.9799600,4808,10\n"
    "2023-11-16 18:17:05.4799600,110,27\n"
)
AZURE_2024 = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2024-05-10 00:00:00+00:00,4808,10\n"
    "2024-05-10 00:00:01.500000+00:00,110,27\n"
)
BURSTGPT = (
    "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
    "5,ChatGPT,4808,10,4818,Conversation log\n"
    "6,GPT-4,417,0,417,API log\n"
    "6.5,GPT-4,110,27,137,API log\n"
)
MOONCAKE = (
    '{"timestamp": 27000, "input_length": 4808, "output_length": 10, "hash_ids": '
    "[7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}\n"
    '{"timestamp": 28500, "input_length": 110, "output_length": 27, "hash_ids": [7]}\n'
)
QWEN_BAILIAN = (
    '{"chat_id": 159, "parent_chat_id": -1, "timestamp": 61.0, "input_length": 4808, '
    f'"output_length": 10, "type": "text", "turn": 1, "hash_ids": {list(range(301))}}}\n'
    '{"chat_id": 160, "parent_chat_id": 159, "timestamp": 62.5, "input_length": 110, '
    '"output_length": 27, "type": "text", "turn": 2, "hash_ids": [0, 1, 2, 3, 4, 5, 6]}\n'
)
OWN = (
    '[{"arrival": 1, "input": 4808, "output": 10},\n {"arrival": 2.5, "input": 110, "output": 27}]'
)


def _written(folder: Path, text: str) -> Path:
    path = folder / "trace"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [AZURE_2023, AZURE_2024, BURSTGPT, MOONCAKE, QWEN_BAILIAN, OWN])
def test_public_forms(tmp_path: Path, text: str) -> None:
    trace = read_trace(_written(tmp_path, text))
    assert trace.input_tokens.tolist() == [4808, 110]
    assert trace.output_tokens.tolist() == [10, 27]
    assert trace.arrival_seconds is not None
    assert trace.arrival_seconds.tolist() == pytest.approx([0, 1.5])
    assert trace.rate == pytest.approx(1 / 1.5)


def test_rows_without_an_answer_are_left_out_and_counted(tmp_path: Path) -> None:
    assert read_trace(_written(tmp_path, BURSTGPT)).left_out == 1


def test_equal_hashes_are_equal_blocks(tmp_path: Path) -> None:
    blocks = read_trace(_written(tmp_path, MOONCAKE)).blocks
    assert blocks is not None
    assert blocks.of(0).tolist() == list(range(10))
    assert blocks.of(1).tolist() == [0]


@pytest.mark.parametrize(("text", "tokens"), [(MOONCAKE, 512), (QWEN_BAILIAN, 16)])
def test_blocks_are_as_long_as_the_prompts_say(tmp_path: Path, text: str, tokens: int) -> None:
    blocks = read_trace(_written(tmp_path, text)).blocks
    assert blocks is not None and blocks.tokens == tokens


def test_a_packed_trace_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl.gz"
    path.write_bytes(gzip.compress(MOONCAKE.encode(), mtime=0))
    assert read_trace(path).input_tokens.tolist() == [4808, 110]


@pytest.mark.parametrize(
    "packed", [gzip.compress(MOONCAKE.encode(), mtime=0)[:-12], b"\x1f\x8bnot"]
)
def test_a_broken_package_is_one_line(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "trace.jsonl.gz"
    path.write_bytes(packed)
    with pytest.raises(InputError, match="broken gzip"):
        read_trace(path)


def test_what_a_package_holds_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trace.csv.gz"
    path.write_bytes(gzip.compress(b"arrival,input,output\n" + b"1,2,3\n" * 1000))
    monkeypatch.setattr(read, "MAXIMUM_BYTES", 1000)
    with pytest.raises(InputError, match="1,000 bytes unpacked"):
        read_trace(path)


def test_every_answer_of_a_conversation_is_a_request(tmp_path: Path) -> None:
    talk = (
        '[{"conversations": [{"from": "human", "value": "12345678"}, '
        '{"from": "gpt", "value": "1234"}, {"from": "human", "value": "1234"}, '
        '{"from": "gpt", "value": "12345"}]}]'
    )
    trace = read_trace(_written(tmp_path, talk))
    assert trace.is_estimate
    assert trace.input_tokens.tolist() == [2, 4]
    assert trace.output_tokens.tolist() == [1, 2]
    assert trace.arrival_seconds is None


@pytest.mark.parametrize(
    ("talk", "inputs", "outputs"),
    [
        # Turns that say how many tokens they are.
        (
            '{"conversations": [{"from": "human", "value": "x", "num_tokens": 30}, '
            '{"from": "gpt", "num_tokens": 7}, {"from": "human", "tokens": 5}, '
            '{"from": "gpt", "token_count": 9}]}',
            [30, 42],
            [7, 9],
        ),
        # What a server told of its answer holds its template, too.
        (
            '{"messages": [{"role": "user", "content": "x", "tokens": 3}, {"role": "assistant", '
            '"content": "y", "usage": {"prompt_tokens": 12, "completion_tokens": 4}}, '
            '{"role": "user", "tokens": 2}, {"role": "assistant", "tokens": 6}]}',
            [12, 18],
            [4, 6],
        ),
        # A whole record as one request.
        (
            '{"messages": [{"role": "user", "content": "x"}], "input_tokens": 8, '
            '"output_tokens": 3}',
            [8],
            [3],
        ),
        ('{"prompt": "x", "usage": {"prompt_tokens": 8, "completion_tokens": 3}}', [8], [3]),
    ],
)
def test_tokens_that_are_told_are_not_guessed(
    tmp_path: Path, talk: str, inputs: list[int], outputs: list[int]
) -> None:
    trace = read_trace(_written(tmp_path, talk))
    assert not trace.is_estimate
    assert trace.input_tokens.tolist() == inputs
    assert trace.output_tokens.tolist() == outputs


def test_one_turn_of_text_makes_a_conversation_a_guess(tmp_path: Path) -> None:
    talk = '{"messages": [{"role": "user", "content": "1234"}, {"role": "assistant", "tokens": 5}]}'
    trace = read_trace(_written(tmp_path, talk))
    assert trace.is_estimate
    assert (trace.input_tokens.tolist(), trace.output_tokens.tolist()) == ([1], [5])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "row 1: found nothing"),
        (
            '{"messages": [{"role": "assistant", "tokens": -3}]}',
            "row 1: tokens: found '-3', expected a whole number",
        ),
        ("arrival,input,output\n", "found no requests"),
        ("arrival,input\n1,2\n", "row 1: found arrival, input"),
        ("arrival,input,output\n2,5,5\n1,5,5\n", "row 3: arrives 1 s before"),
        ("arrival,input,output\nnan,5,5\n", "row 2: arrival: found 'nan'"),
        ("arrival,input,output\n1,-5,5\n", "row 2: input: found '-5'"),
        ("arrival,input,output\n1,5\n", "row 2: found 2 fields"),
        ('{"arrival": 1, "input": 2, "output": 3}\n{"arrival": 1e999}\n', "row 2"),
        ('{"input": Infinity, "output": 3}\n', "row 1: input: found 'inf'"),
        ('{"input": 1, "output": 3}\n{"input": 1, "output": 3, "arrival": 1}\n', "row 2: some"),
        ('[{"input": 1, "output": 3}', "row 2: broken JSON"),
        ("[" * 5000, "nested too deeply"),
        ("{" + '"a":{' * 3000, "row 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_trace(_written(tmp_path, text))


def test_a_list_is_read_across_its_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "PIECE", 7)
    assert read_trace(_written(tmp_path, OWN)).input_tokens.tolist() == [4808, 110]


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = _written(tmp_path, AZURE_2023)
    read_trace(path, lambda done, whole: told.append((done, whole)))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


@settings(max_examples=5, deadline=None)
@given(shape=some.floats(0.3, 3.0))
def test_burstiness_is_the_shape_of_the_gaps(
    tmp_path_factory: pytest.TempPathFactory, shape: float
) -> None:
    gaps = np.random.default_rng(1).gamma(shape, 1.0, 20_000)
    lines = [f"{time:.6f},10,10" for time in np.cumsum(gaps)]
    path = _written(tmp_path_factory.mktemp("trace"), "arrival,input,output\n" + "\n".join(lines))
    assert read_trace(path).burstiness == pytest.approx(shape, rel=0.1)
