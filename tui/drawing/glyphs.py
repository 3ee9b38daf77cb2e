"""What stands in for each glyph where the terminal shows only ASCII. One cell for one cell."""

from __future__ import annotations

from rich.cells import cell_len

_PLAIN = {
    "✓": "+",
    "✗": "x",
    "●": "*",
    "★": "*",
    "◆": "#",
    "◇": "o",
    "▲": "+",
    "▼": "-",
    "▾": "v",
    "▸": ">",
    "◂": "<",
    "›": ">",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "⇧": "^",
    "×": "x",
    "÷": "/",
    "·": "-",
    "•": "*",
    "…": "~",
    "–": "-",
    "—": "-",
    "−": "-",
    "±": "~",
    "≤": "<",
    "≥": ">",
    "≈": "~",
    "Δ": "d",
    "µ": "u",
    "▏": "|",
    "▎": "|",
    "▍": "|",
    "▌": "#",
    "▋": "#",
    "▊": "#",
    "▉": "#",
    "▇": "#",
    "█": "#",
    "▓": "#",
    "░": ".",
    "▁": "_",
    "°": "o",
    "²": "2",
    "³": "3",
    "’": "'",
    "“": '"',
    "”": '"',
    "─": "-",
    "━": "=",
    "│": "|",
    "┃": "|",
    "┊": ":",
    "└": "+",
    "┘": "+",
    "┌": "+",
    "┐": "+",
    "├": "|",
    "┤": "|",
    "┬": "+",
    "┴": "+",
    "┼": "+",
}
_BRAILLE = range(0x2801, 0x2900)


def in_ascii(text: str) -> str:
    """``text`` in ASCII, as wide as before; what has no likeness becomes ``?``."""
    if text.isascii():
        return text
    return "".join(one if one.isascii() else _likeness(one) for one in text)


def _likeness(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    if ord(character) in _BRAILLE:
        # A single dot is a point of a cloud or of a dotted line.
        return "." if (ord(character) - 0x2800).bit_count() == 1 else "*"
    if character.isspace() or ord(character) == 0x2800:
        return " "
    return "?" * cell_len(character)
