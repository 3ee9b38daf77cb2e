"""Plans that were saved or opened last, wherever they lie; kept in the state folder."""

from __future__ import annotations

import json
from pathlib import Path

MOST = 20
MAXIMUM_BYTES = 64 * 1024


def recent_plans() -> tuple[str, ...]:
    """Whole paths, the newest first; nothing where the file is missing or is not what we wrote."""
    from engine.sources.files import read_text
    from engine.words.errors import RooftopError
    from tui.paths import recent_file

    try:
        values = json.loads(read_text(recent_file(), MAXIMUM_BYTES, "recent plans"))
    except (RooftopError, ValueError, RecursionError):
        return ()
    found = values if isinstance(values, list) else []
    return tuple(one for one in found if isinstance(one, str))[:MOST]


def remember_plan(path: Path) -> None:
    """Put a plan first; a full disk is not worth a complaint here."""
    from engine.sources.files import write_text
    from engine.words.errors import RooftopError
    from tui.paths import recent_file

    here = str(path.absolute())
    kept = [here, *(one for one in recent_plans() if one != here)][:MOST]
    try:
        write_text(recent_file(), json.dumps(kept, indent=1) + "\n")
    except (RooftopError, OSError):
        return
