"""CSV from a file that may be anything: bounded, and refused in one line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from engine.sources.files import open_file
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.system_errors import system_reason
from engine.words.text import clean


@contextmanager
def open_csv(path: Path, maximum: int, expected: str) -> Iterator[TextIOWrapper]:
    """The text of a CSV file of at most ``maximum`` bytes, to read rows from inside.

    ``expected`` says what should have been there, as "a CSV file of results". What goes wrong
    while it is read, in the file, its text or its CSV, is an `InputError`.
    """
    shown = clean(str(path))
    try:
        with (
            open_file(path, maximum, expected) as file,
            TextIOWrapper(file, encoding="utf-8-sig", newline="") as stream,
        ):
            yield stream
    except OSError as error:
        raise InputError(
            say(
                "{shown}: {reason}, expected {expected}",
                shown=shown,
                reason=system_reason(error),
                expected=expected,
            )
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            say("{shown}: not UTF-8 text, expected {expected}", shown=shown, expected=expected)
        ) from None
    except csv.Error as error:
        raise InputError(
            say("{shown}: not valid CSV: {error}", shown=shown, error=clean(str(error), 100))
        ) from None
