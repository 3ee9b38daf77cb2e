"""How the app looks and which keys it takes: the command line goes before the config file, the
config file before what was chosen in the app last, and that before what the terminal suggests."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field

from engine.sources.languages import environment_language, is_ascii
from engine.words.messages import ENGLISH
from tui.drawing.themes import default_theme
from tui.keymap import Keymap
from tui.session.choices import Choices, load_choices


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is settled before the first paint."""

    theme: str = "dark"
    ascii_only: bool = False
    language: str = ENGLISH
    mouse: bool = False
    keymap: Keymap = field(default_factory=Keymap)
    choices: Choices = field(default_factory=Choices)


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The settings for this start; raises `InputError` when the config file is wrong."""
    from tui.paths import config_file
    from tui.settings.config import load_config
    from tui.terminal.checks import unicode_output

    config, choices = load_config(config_file()), load_choices()
    # NO_COLOR is the wish of this very start; a choice of another day does not overrule it.
    chosen = None if os.environ.get("NO_COLOR") else choices.theme
    theme = arguments.theme or config.theme or chosen or default_theme()
    glyphs = "ascii" if arguments.ascii or not unicode_output() else None
    glyphs = glyphs or config.glyphs or choices.glyphs or "unicode"
    language = arguments.language or config.language or choices.language or environment_language()
    return Settings(
        theme=theme,
        ascii_only=glyphs == "ascii",
        language=language if glyphs != "ascii" or is_ascii(language) else ENGLISH,
        mouse=arguments.mouse or config.mouse,
        keymap=Keymap(config.keys),
        choices=choices,
    )
