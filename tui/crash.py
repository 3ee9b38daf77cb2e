"""What is kept when the app itself is at fault."""

from __future__ import annotations

import traceback

from engine.words.errors import RooftopError
from engine.words.messages import say
from engine.words.text import clean


def note_crash(error: Exception) -> str:
    """Write the traceback into the state folder; one line that says what happened and where
    more is."""
    from engine.sources.files import write_text
    from tui.paths import crash_file

    name = f"internal error: {type(error).__name__}: {clean(str(error), 200)}"
    try:
        path = crash_file()
        write_text(path, "".join(traceback.format_exception(error)))
    except RooftopError:
        return say("{name}; the session is kept", name=name)
    return say(
        "{name}; the session is kept, details are in {path}", name=name, path=clean(str(path))
    )
