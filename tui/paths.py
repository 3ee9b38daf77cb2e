"""Where the app keeps its own files."""

from __future__ import annotations

from pathlib import Path


def state_folder() -> Path:
    """The folder for state; made when missing."""
    import platformdirs

    folder = Path(platformdirs.user_state_dir("rooftop"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def last_copy_file() -> Path:
    """What was copied last: many terminals keep programs from the clipboard."""
    return state_folder() / "last-copy.txt"


def session_file() -> Path:
    """The scenario of the last session, offered at the next start."""
    return state_folder() / "session.toml"
