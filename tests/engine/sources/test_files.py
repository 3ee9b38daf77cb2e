"""Files are written whole or not at all: modes, links, what a killed save leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.sources import files
from engine.sources.files import refuse_other, write_text
from engine.words.errors import InputError

ROOT = Path(__file__).parents[3]
LEFTOVER = ".rooftop-0123abcd.tmp"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


# --- modes and links -------------------------------------------------------------------------


@pytest.mark.parametrize("private", [0o600, 0o640, 0o400])
def test_a_file_that_is_replaced_keeps_its_mode(private: int):
    Path("p").write_text("old")
    Path("p").chmod(private)
    write_text(Path("p"), "new")
    assert (mode("p"), Path("p").read_text()) == (private, "new")


def test_a_new_file_has_the_mode_of_the_umask():
    before = os.umask(0o027)
    try:
        write_text(Path("p"), "new")
    finally:
        os.umask(before)
    assert mode("p") == 0o640


def test_a_link_to_itself_is_refused_and_stays():
    os.symlink("loop", "loop")
    with pytest.raises(InputError, match=r"loop: is a link to itself.*; nothing was changed"):
        write_text(Path("loop"), "new")
    assert os.readlink("loop") == "loop"


def test_two_links_to_each_other_are_refused():
    os.symlink("b", "a")
    os.symlink("a", "b")
    with pytest.raises(InputError, match="is a link to itself"):
        write_text(Path("a"), "new")


def test_a_link_keeps_pointing_where_it_did():
    os.symlink("there", "link")
    write_text(Path("link"), "new")
    assert os.readlink("link") == "there"
    assert Path("there").read_text() == "new"


def test_a_name_that_cannot_be_is_one_line():
    with pytest.raises(InputError, match="nothing was changed"):
        write_text(Path("a\0b"), "new")


@pytest.mark.parametrize("length", [255, 100])
def test_the_longest_names_can_be_written(length: int):
    write_text(Path("a" * length), "new")
    assert Path("a" * length).read_text() == "new"


# --- what is said of a failure ---------------------------------------------------------------


def test_a_folder_that_cannot_be_read_can_be_written_to(monkeypatch):
    real = os.open

    def closed(path, flags, *rest, **named):
        if flags & os.O_DIRECTORY:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", closed)
    write_text(Path("p"), "new")
    assert Path("p").read_text() == "new"


def test_a_disk_that_does_not_confirm_is_said_so_after_the_change(monkeypatch):
    real = os.fsync

    def failing(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(5, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(InputError, match="was written, but the disk does not confirm") as caught:
        write_text(Path("p"), "new")
    assert "nothing was changed" not in str(caught.value)
    assert Path("p").read_text() == "new"


def test_only_what_is_known_is_replaced():
    Path("p").write_text("mine")
    with pytest.raises(InputError, match=r"something else in it.*older plan; nothing was changed"):
        refuse_other(Path("p"), lambda path: False, "plan")
    refuse_other(Path("p"), lambda path: True, "plan")
    refuse_other(Path("new"), lambda path: False, "plan")


# --- what a killed save leaves ---------------------------------------------------------------


def test_the_next_save_removes_what_a_killed_one_left():
    Path(LEFTOVER).write_text("half")
    write_text(Path("p"), "new")
    assert os.listdir() == ["p"]


@pytest.mark.parametrize("name", [".rooftop-xyz.tmp", ".p.abcd1234.tmp", "rooftop-0123abcd.tmp"])
def test_files_of_others_stay(name: str):
    Path(name).write_text("theirs")
    write_text(Path("p"), "new")
    assert sorted(os.listdir()) == sorted([name, "p"])


def test_a_link_of_that_name_is_not_followed():
    Path("precious").write_text("mine")
    os.symlink("precious", LEFTOVER)
    write_text(Path("p"), "new")
    assert Path("precious").read_text() == "mine"


def test_a_save_that_is_under_way_is_left_alone():
    with files._temporary(Path()) as (_, temporary):
        write_text(Path("p"), "new")
        assert Path(temporary).exists()
    assert os.listdir() == ["p"]


SAVING = """
import os, sys, time
from pathlib import Path
from engine.cli.streams import guarded
from engine.sources import files

def replace(*_):
    print("saving", flush=True)
    time.sleep(30)

os.replace = replace
sys.exit(guarded(lambda: files.write_text(Path("p"), "new") or 0))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_save_that_is_ended_leaves_nothing(number: signal.Signals):
    Path("p").write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None and process.stdout.readline() == b"saving\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (128 + number, b"")
    assert os.listdir() == ["p"]
    assert Path("p").read_text() == "old"


def test_a_save_that_is_killed_leaves_what_the_next_one_removes():
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None and process.stdout.readline() == b"saving\n"
    process.kill()
    process.communicate(timeout=30)
    assert len(os.listdir()) == 1
    write_text(Path("p"), "new")
    assert os.listdir() == ["p"]
