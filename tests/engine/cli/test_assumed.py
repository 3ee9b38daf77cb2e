"""What a command took for granted."""

from __future__ import annotations

from engine.cli import run


def told(capsys, *arguments: str) -> str:
    """The line of it, "" without one."""
    run([*arguments])
    lines = capsys.readouterr().out.splitlines()
    return next((one for one in lines if one.startswith("Not said, so taken: ")), "")


def test_all_that_nobody_said_stands_there(capsys):
    line = told(capsys, "sweep", "--model", "qwen3-8b")
    for part in (
        "16 chips (--chips)",
        "4K tokens in and 1K out",
        "vLLM (--framework)",
        "no limits",
    ):
        assert part in line


def test_where_all_was_said_there_is_no_line(capsys):
    words = (
        "sweep --model qwen3-8b --chip l4 --chips 2 --isl 1K --osl 1K --framework sglang --ttft 9s"
    )
    assert told(capsys, *words.split()) == ""


def test_one_pass_has_no_lengths(capsys):
    line = told(capsys, "sweep", "--model", "resnet-50", "--chip", "t4")
    assert "tokens" not in line
    assert "--latency" in line


def test_a_layout_says_its_chips(capsys):
    assert "--chips" not in told(capsys, "predict", "--model", "qwen3-8b", "--tp", "2")


def test_a_fleet_counts_them(capsys):
    line = told(capsys, "fleet", "--model", "qwen3-8b", "--chip", "h100", "--rate", "2")
    assert "4K tokens in and 1K out" in line
    assert "--chips" not in line
