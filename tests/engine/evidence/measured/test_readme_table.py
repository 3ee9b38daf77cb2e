"""The table of the README is written between its markers and nowhere else."""

from __future__ import annotations

from pathlib import Path

from engine.evidence.measured.record import Record, RecordedChoice, read_record
from engine.evidence.measured.table import as_markdown, choice_words, record_lines
from tests.accuracy.publish import END, START, write_readme


def test_only_the_text_between_the_markers_changes(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"# before\n{START}\nold\n{END}\nafter\n")
    write_readme(path)
    text = path.read_text()
    assert text.startswith(f"# before\n{START}\nRelative error on")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert as_markdown(record_lines(read_record())) in text


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"{START}\n{END}\n")
    write_readme(path)
    once = path.read_text()
    write_readme(path)
    assert path.read_text() == once


def test_a_missing_file_or_marker_is_no_error(tmp_path: Path, capsys) -> None:
    write_readme(tmp_path / "none.md")
    plain = tmp_path / "plain.md"
    plain.write_text("nothing here")
    write_readme(plain)
    assert plain.read_text() == "nothing here"
    assert capsys.readouterr().out.count("no table written") == 2


def test_choices_with_two_pools_among_them_have_a_sentence_of_their_own() -> None:
    choices = (
        RecordedChoice(50, 9, 0.0, 0.036, missed=0.1),
        RecordedChoice(50, 4, 0.01, 0.048, missed=0.5, pools=True),
    )
    words = choice_words(Record("2026-11-30", 1, (), choices))
    assert "3.6% in the mean under 50 ms. Where" in words
    assert "two pools are among them: 1.0% in the median, 4.8% in the mean under 50 ms." in words
    assert "90% with --certainty 50" in words
