"""What a terminal sends, made fit to be read as keys.

Three things keep a program from being at the mercy of what is sent to it: bytes that are no
UTF-8 become U+FFFD, escape characters inside a paste are dropped (what is pasted must not be
able to press keys), and a burst of text that no fingers type is taken as the paste that it is,
also where the terminal does not say so. And esc with a key right behind it, as quick fingers and
slow lines send them, stays two keys: Textual would read one of them, or another.
"""

from __future__ import annotations

import codecs
import re

START, END = "\x1b[200~", "\x1b[201~"
"""What a terminal puts around a paste."""
BURST = 200
"""Characters in one read that are a paste: a key held down on a slow line sends fewer."""
_BURST = re.compile(rf"[^\x00-\x1f\x7f]{{{BURST},}}")
ALONE = "[27u"
"""What makes an escape character the key and no beginning of a sequence."""
_KEY = r"[^\x1b\t\x7f\[\]OPX^_]"
"""What begins no sequence behind an escape character. Some terminals send it before a tab for
shift with that, and before the delete character for a whole word."""
_BEFORE_A_KEY = re.compile(rf"\x1b(?={_KEY})")
_BEGINS_WITH_A_KEY = re.compile(_KEY)


def keys_apart(text: str, *, escaped: bool) -> str:
    """``text`` with every esc key told from the beginning of a sequence; ``escaped`` where an
    escape character came just before it, and what it begins is not known yet."""
    found = _BEFORE_A_KEY.sub("\x1b" + ALONE, text)
    return ALONE + found if escaped and _BEGINS_WITH_A_KEY.match(text) else found


class TypedText(codecs.IncrementalDecoder):
    """Decodes what comes in pieces; markers may be cut in two."""

    def __init__(self) -> None:
        super().__init__(errors="replace")
        self._bytes = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pasting = False
        self._before = ""
        """Outside a paste the end of what was handed on, inside one what may begin its end."""

    def decode(self, data: bytes, final: bool = False) -> str:  # type: ignore[override]
        """The text of ``data``; nothing where a character or a marker is not whole yet."""
        text, found = self._bytes.decode(data, final), ""
        while text:
            part, text = self._inside(text) if self._pasting else self._outside(text)
            found += part
        return found

    def _outside(self, text: str) -> tuple[str, str]:
        """What to hand on up to the beginning of a paste, and what is left."""
        seen = self._before + text
        place = seen.find(START)
        if place < 0:
            self._before = seen[-(len(START) - 1) :]
            return _BURST.sub(lambda burst: START + burst[0] + END, text), ""
        self._pasting, cut = True, place + len(START) - len(self._before)
        self._before = ""
        return text[:cut], text[cut:]

    def _inside(self, text: str) -> tuple[str, str]:
        """What to hand on up to the end of the paste, and what is left."""
        content, end, rest = (self._before + text).partition(END)
        self._before = ""
        if end:
            self._pasting = False
            return content.replace("\x1b", "") + END, rest
        for size in range(min(len(END) - 1, len(content)), 0, -1):
            if END.startswith(content[-size:]):
                content, self._before = content[:-size], content[-size:]
                break
        return content.replace("\x1b", ""), ""
