"""What runs with drafts say of how many were kept: files of clients, logs of servers."""

import json
from pathlib import Path

import pytest

from engine.model.measured_drafts import read_drafted
from engine.words.errors import InputError

WINDOW = (
    "SpecDecoding metrics: Mean acceptance length: 2.00, Accepted throughput: 3.9 tokens/s, "
    "Drafted throughput: 5.7 tokens/s, Accepted: 10 tokens, Drafted: {drafted} tokens, "
    "Per-position acceptance rate: {shares}, Avg Draft acceptance rate: 50.0%\n"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "run"
    path.write_text(text)
    return path


def test_a_clients_file_tells_shares_by_position(tmp_path: Path) -> None:
    run = {"completed": 8, "spec_decode_per_position_acceptance_rates": [0.8, 0.6, 0.3]}
    found = read_drafted(written(tmp_path, json.dumps(run)))
    assert found.kept == pytest.approx((0.8, 0.6, 0.3))


def test_windows_of_a_servers_log_are_averaged(tmp_path: Path) -> None:
    log = WINDOW.format(drafted=20, shares="0.8, 0.6") + WINDOW.format(
        drafted=20, shares="0.6, 0.2"
    )
    found = read_drafted(written(tmp_path, log))
    assert found.kept == pytest.approx((0.7, 0.4))


def test_idle_windows_say_nothing(tmp_path: Path) -> None:
    log = WINDOW.format(drafted=0, shares="0.0, 0.0") + WINDOW.format(drafted=9, shares="0.9, 0.5")
    assert read_drafted(written(tmp_path, log)).kept == pytest.approx((0.9, 0.5))


def test_sglang_tells_tokens_of_a_step(tmp_path: Path) -> None:
    log = "Decode batch, accept len: 2.5, accept rate: 0.5\nDecode batch, accept len: 3.5, x\n"
    found = read_drafted(written(tmp_path, log))
    assert (found.kept, found.per_step) == ((), pytest.approx(3.0))


def test_no_share_is_larger_than_the_one_before(tmp_path: Path) -> None:
    run = {"spec_decode_per_position_acceptance_rates": [0.5, 0.501]}
    assert read_drafted(written(tmp_path, json.dumps(run))).kept == (0.5, 0.5)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no acceptance of drafts found"):
        read_drafted(written(tmp_path, "hello"))
