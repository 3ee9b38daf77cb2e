"""The config file: read once at the start, checked, never written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.words.errors import InputError
from engine.words.text import clean
from tui.drawing.themes import THEMES
from tui.keymap import Keymap, parse_keys
from tui.settings.config_file import read_config


@dataclass(frozen=True, slots=True)
class Config:
    """What a person set; None where the terminal or the last session decides."""

    theme: str | None = None
    glyphs: str | None = None
    language: str | None = None
    mouse: bool = False
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_config(path: Path) -> Config:
    """Read ``path``; a file that is not there means all defaults. Raises `InputError` with the
    file, the key, what was found and what is expected."""
    document = read_config(path)
    if document is None:
        return Config()
    try:
        return _checked(document)
    except InputError as error:
        raise InputError(f"{clean(str(path))}: {error}") from None


def _checked(document: Mapping[str, Any]) -> Config:
    # Pydantic takes longer to load than the whole app: only those who have a file pay for it.
    from typing import Literal

    from pydantic import BaseModel, ConfigDict, ValidationError

    from engine.sources.languages import languages
    from engine.sources.profile_files import first_problem

    class ConfigFile(BaseModel):
        """The file's keys."""

        model_config = ConfigDict(extra="forbid", strict=True)

        theme: Literal[*THEMES] | None = None  # type: ignore[valid-type]
        glyphs: Literal["unicode", "ascii"] | None = None
        language: Literal[*languages()] | None = None  # type: ignore[valid-type]
        mouse: bool = False
        keys: dict[str, str | list[str]] = {}

    try:
        file = ConfigFile.model_validate(document)
    except ValidationError as error:
        raise InputError(first_problem(error)) from None
    keys = parse_keys(file.keys)
    Keymap(keys)
    return Config(file.theme, file.glyphs, file.language, file.mouse, keys)
