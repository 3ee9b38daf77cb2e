"""Acceptance as a person says it, on the command line and in the app alike."""

from pathlib import Path

import pytest

from engine.serve.requests import Drafts
from engine.serve.told_acceptance import told_acceptance
from engine.words.errors import InputError


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.8", (0.8, ())),
        ("80%", (0.8, ())),
        ("0", (None, ())),
        ("0.8/0.6", (None, (0.8, 0.6))),
        ("0.8, 0.6", (None, (0.8, 0.6))),
    ],
)
def test_numbers_and_lists(text: str, told: object) -> None:
    assert told_acceptance(text, 3, "acceptance") == told


def test_a_runs_log_tells_it(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("accept len: 2.5\n")
    _, kept = told_acceptance(f" {log} ", 3, "acceptance")
    assert Drafts(3, kept).accepted == pytest.approx(2.5, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "tokens", "message"),
    [
        ("no-such-file.json", 3, "no-such-file.json"),
        ("1.2", 3, "acceptance: found '1.2'"),
        ("0.5/0.6", 3, "none larger than the one before"),
        ("{log}", 0, "as many draft tokens as the run drafted"),
        ("{log}", 1, "2.50 tokens a step"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str, tokens: int, message: str) -> None:
    log = tmp_path / "server.log"
    log.write_text("accept len: 2.5\n")
    with pytest.raises(InputError, match=message):
        told_acceptance(text.format(log=log), tokens, "acceptance")
