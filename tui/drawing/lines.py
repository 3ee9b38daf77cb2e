"""Lines of styled text, measured in terminal cells. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from engine.words.cells import pieces
from engine.words.text import clean
from tui.drawing.styles import PLAIN, Role

Run = tuple[str, Role]
Line = tuple[Run, ...]


def line(*runs: Run | str) -> Line:
    """A line of runs; bare strings are plain."""
    return tuple((run, PLAIN) if isinstance(run, str) else run for run in runs)


def cells(text: str) -> int:
    """Cells that ``text`` takes; plain ASCII needs no table."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(runs: Iterable[Run]) -> int:
    """Cells that ``runs`` take."""
    return sum(cells(text) for text, _ in runs)


def fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells, cut with an ellipsis when it is longer. For words
    only: numbers are dropped whole, never cut."""
    size = cells(text)
    if size <= width:
        return text + " " * (width - size)
    if width <= 1:
        return "…"[:width]
    return set_cell_size(text, width - 1) + "…"


def right(text: str, width: int) -> str:
    """``text`` at the right end of ``width`` cells, whole."""
    return " " * (width - cells(text)) + text


def joined(parts: Sequence[str], width: int, separator: str = " · ") -> str:
    """The first ``parts`` that fit whole in ``width`` cells; a first one that does not is cut."""
    parts = [part for part in parts if part]
    text = ""
    for part in parts:
        longer = text + separator + part if text else part
        if cells(longer) > width:
            break
        text = longer
    if not text and parts and width > 0:
        return fit(parts[0], width)
    return text


def padded(runs: Sequence[Run], width: int) -> Line:
    """``runs`` in exactly ``width`` cells: cut at the end or filled with spaces. Every line passes
    here on its way to the terminal, so that nothing but text gets through."""
    left = width
    kept: list[Run] = []
    for text, style in runs:
        if not text.isprintable():
            text = clean(text)
        size = cells(text)
        if size > left:
            kept.append((fit(text, left), style))
            left = 0
            break
        kept.append((text, style))
        left -= size
    if left > 0:
        kept.append((" " * left, PLAIN))
    return tuple(kept)


def wrapped(text: str, width: int, most: int) -> list[str]:
    """``text`` broken at spaces into at most ``most`` lines of ``width`` cells; text without
    spaces (Chinese) breaks anywhere."""
    lines: list[str] = []
    current = ""
    for word in pieces(text):
        candidate = current + word
        if cell_len(candidate.rstrip()) > width and current:
            lines.append(current.rstrip())
            current = word.lstrip()
        else:
            current = candidate
    if current.strip():
        lines.append(current.rstrip())
    if len(lines) > most:
        lines = [*lines[: most - 1], _first_words(" ".join(lines[most - 1 :]), width)]
    return lines


def _first_words(text: str, width: int) -> str:
    """The words of ``text`` that fit before an ellipsis: no number is cut in the middle."""
    kept = ""
    for word in pieces(text):
        if cell_len((kept + word).rstrip()) > width - 2:
            break
        kept += word
    return kept.rstrip() + " …" if kept.strip() else fit(text, width).rstrip()
