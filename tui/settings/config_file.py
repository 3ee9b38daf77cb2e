"""The config file as every command reads it: without the app, whose words and widgets it names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from engine.words.errors import RooftopError

MAXIMUM_BYTES = 64 * 1024


def read_config(path: Path) -> dict[str, Any] | None:
    """What the file says, unchecked; None where there is none. Raises `InputError`."""
    if not os.path.lexists(path):
        return None
    from engine.sources.files import read_toml

    return read_toml(path, MAXIMUM_BYTES, "the settings")


def configured_language() -> str:
    """The language that the config file names, for commands; empty where there is none, or where
    the file is wrong: that is said when the app starts."""
    from engine.sources.languages import languages
    from tui.paths import config_file

    try:
        found = (read_config(config_file()) or {}).get("language")
    except RooftopError:
        return ""
    return found if isinstance(found, str) and found in languages() else ""
