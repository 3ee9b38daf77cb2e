"""Text from files is data: this is the one place that makes it safe to show."""

from __future__ import annotations

import unicodedata

_LIMIT = 4096
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, limit: int = _LIMIT) -> str:
    """``text`` without control, bidirectional and zero-width characters, at most ``limit`` long.

    Tabs and line breaks become spaces; anything else that a terminal could act on becomes
    U+FFFD, so that a reader sees that something was there.
    """
    if text.isprintable() and len(text) <= limit:
        return text
    shown = []
    for character in text[:limit]:
        if character in "\t\n\r":
            shown.append(" ")
        elif unicodedata.category(character) in _UNSAFE:
            shown.append("\N{REPLACEMENT CHARACTER}")
        else:
            shown.append(character)
    return "".join(shown) + ("…" if len(text) > limit else "")
