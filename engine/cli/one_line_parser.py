"""Argument errors in one line and help by cells, in the language that is spoken."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from engine.cli.streams import LONGEST_LINE, tell
from engine.sources.languages import languages
from engine.words.cells import wrapped
from engine.words.messages import say
from engine.words.text import clean, closest

_LONGEST_WORDS = 80
"""How much of what was typed a complaint repeats."""


class Formatter(argparse.HelpFormatter):
    """Help broken by cells: Chinese has no spaces, and its characters take two."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + one for one in self._split_lines(text, width - len(indent)))


class OneLineParser(argparse.ArgumentParser):
    """Argument errors in one line, exit code 2; help in the language that is spoken."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(formatter_class=Formatter, **keywords)
        codes = " or ".join(languages())
        self.add_argument(
            "--language", choices=languages(), metavar="L", help=f"language of all words: {codes}"
        )

    def format_help(self) -> str:
        """Help, every word of it a message."""
        for action in self._actions:
            for one in (action, *getattr(action, "_choices_actions", ())):
                one.help = _help(one.help) if one.help else one.help
        for group in self._action_groups:
            group.title = say(group.title) if group.title else group.title
        self.description = say(self.description) if self.description else None
        self.epilog = say(self.epilog) if self.epilog else None
        return super().format_help().replace("usage: ", say("usage: "), 1)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, but for ``--option=--``: argparse would hand an empty list on as its value."""
        for text in args or ():
            if text.startswith("--") and text.endswith("=--"):
                self.error(f"argument {text[:-3]}: expected a value")
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            shown = clean(" ".join(rest), _LONGEST_WORDS)
            self.error(f"unrecognized arguments: {shown}{self._nearest(rest)}")
        return found, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is none of the choices in so few words that they are seen behind it."""
        wrong = action.choices is not None and value not in action.choices
        shown = clean(value, _LONGEST_WORDS) if wrong and isinstance(value, str) else value
        super()._check_value(action, shown)

    def _nearest(self, rest: list[str]) -> str:
        """The options that are spelt like those that are none, in words."""
        asked = next((one.partition("=")[0] for one in rest if one.startswith("--")), "")
        near = closest(asked, self._option_string_actions, 3, 0.7) if asked else []
        return say("; nearest: {near}", near=", ".join(near)) if near else ""

    def error(self, message: str) -> NoReturn:
        """Print ``message`` and stop."""
        message = clean(_told(message), LONGEST_LINE)
        tell(say("{program}: {message}; see {program} --help", program=self.prog, message=message))
        raise SystemExit(2)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version: argparse itself would not say that they could not be written."""
        (file or sys.stdout).write(message)


def _help(text: str) -> str:
    """Help in the language that is spoken; that of a limit names its metric first."""
    whole = say(text)
    name, colon, rest = text.partition(": ")
    return whole if whole != text or not colon else f"{say(name)}: {say(rest)}"


_COMPLAINTS = (
    "unrecognized arguments: ",
    "the following arguments are required: ",
    "expected one argument",
    "expected at least one argument",
    "expected a value",
    "invalid choice: ",
    " (choose from ",
    "not allowed with argument ",
    "one of the arguments ",
    " is required",
    "argument ",
)
"""What argparse complains of, as it words it."""


def _told(message: str) -> str:
    """A complaint of argparse in the language that is spoken."""
    for one in _COMPLAINTS:
        message = message.replace(one, say(one))
    return message
