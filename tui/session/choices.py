"""What was chosen in the app and is to stay so: columns, theme, glyphs, language. Kept in the state
folder; the config file stays as its owner wrote it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from engine.plan.metrics.table import METRICS

MAXIMUM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Choices:
    """None means that nobody chose."""

    theme: str | None = None
    glyphs: str | None = None
    language: str | None = None
    columns: tuple[str, ...] = ()
    """Ids of the table's columns in their order; those not named here come after them."""
    hidden: tuple[str, ...] = tuple(one.id for one in METRICS if not one.shown)
    open_groups: tuple[str, ...] = ()
    """Headings of the forms that are open."""


def load_choices() -> Choices:
    """What was chosen last; nothing when the file is missing or is not what we wrote."""
    from engine.sources.files import read_text
    from engine.words.errors import RooftopError
    from tui.paths import choices_file

    try:
        values = json.loads(read_text(choices_file(), MAXIMUM_BYTES, "choices of the app"))
    except (RooftopError, ValueError, RecursionError):
        return Choices()
    return _checked(values) if isinstance(values, dict) else Choices()


def _checked(values: dict[str, Any]) -> Choices:
    from tui.drawing.themes import THEMES

    theme, glyphs = values.get("theme"), values.get("glyphs")
    return Choices(
        theme if isinstance(theme, str) and theme in THEMES else None,
        glyphs if glyphs in ("unicode", "ascii") else None,
        _language(values.get("language")),
        _names(values.get("columns")),
        _names(values.get("hidden")) if "hidden" in values else Choices().hidden,
        _names(values.get("open_groups")),
    )


def _language(value: object) -> str | None:
    from engine.sources.languages import languages

    return value if isinstance(value, str) and value in languages() else None


def _names(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def save_choices(choices: Choices) -> None:
    """Remember ``choices``; a full disk is not worth a complaint here."""
    from engine.sources.files import write_text
    from engine.words.errors import RooftopError
    from tui.paths import choices_file

    try:
        write_text(choices_file(), json.dumps(asdict(choices), indent=1) + "\n")
    except (RooftopError, OSError):
        return
