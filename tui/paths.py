"""Where the app keeps its own files: state it writes, and the config file it only reads."""

from __future__ import annotations

import contextlib
from pathlib import Path


def config_file() -> Path:
    """The person's settings; may be missing."""
    import platformdirs

    return Path(platformdirs.user_config_dir("rooftop")) / "config.toml"


def state_folder() -> Path:
    """The folder for state; made when missing. Where it cannot be made, what uses it says so."""
    import platformdirs

    folder = Path(platformdirs.user_state_dir("rooftop"))
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def last_copy_file() -> Path:
    """What was copied last: many terminals keep programs from the clipboard."""
    return state_folder() / "last-copy.txt"


def session_file() -> Path:
    """The session that was left last, offered at the next start."""
    return state_folder() / "session.toml"


def choices_file() -> Path:
    """Columns, theme and the like as chosen in the app."""
    return state_folder() / "choices.json"


def recent_file() -> Path:
    """The plans that were saved or opened last."""
    return state_folder() / "recent-plans.json"


def past_file() -> Path:
    """Scenarios that were worked on before."""
    return state_folder() / "past-scenarios.json"


def crash_file() -> Path:
    """What went wrong when the app ended by itself."""
    return state_folder() / "crash.txt"
