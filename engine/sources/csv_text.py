"""CSV from a file that may be anything: bounded, and refused in one line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from pathlib import Path

from engine.sources.files import open_file, refuse_other, write_text
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


def rows_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows under a header; what a row lacks is empty."""
    # Rows may differ in what is known of them.
    names = dict.fromkeys(name for row in rows for name in row)
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows as a new CSV file; raises `InputError` where there is one of that name with others."""
    text = rows_text(rows)
    header = text.partition("\n")[0]

    def is_own(there: Path) -> bool:
        with there.open(encoding="utf-8", errors="replace") as file:
            return file.readline(len(header) + 1).rstrip("\n") == header

    refuse_other(path, is_own, say("table of these columns"))
    write_text(path, text)
