"""The answer as lines: its verdict first, what to serve and how fast in the middle of it. Pure."""

from __future__ import annotations

import re

from engine.words.messages import say
from tui.drawing.lines import Line, Run, cells, line, wrapped
from tui.drawing.styles import BADGE_BAD, BADGE_BUSY, BADGE_GOOD, BEST, BOLD, PLAIN, WARN, Role

BADGES = {
    "meets": (" ✓ meets ", BADGE_GOOD),
    "misses": (" ✗ misses ", BADGE_BAD),
    "busy": (" … sweeping ", BADGE_BUSY),
}
_CHOICE = r"batch [\d,]+(?: \([\d,]+ in flight\))?: [\d,.]+(?: ± [\d,.]+)?(?: prompt)? [^ ]+"


_FLEET = r"[\d,]+ replicas? \([^()]+\)"
"""At a rate the number of chips is what was sought."""


def answer_lines(sentence: str, verdict: str, width: int, height: int) -> list[Line]:
    """``sentence`` in at most ``height`` lines of ``width`` cells behind its verdict's badge (one
    of `BADGES`); the batch and its throughput stand out, at a rate the replicas."""
    badge, role = say(BADGES[verdict][0]), BADGES[verdict][1]
    found = re.search(say(_FLEET), sentence) or re.search(say(_CHOICE), sentence)
    key = (found.start(), found.end()) if found and verdict != "misses" else (0, 0)
    gap = "\N{NO-BREAK SPACE}" * cells(badge)
    rows = wrapped(f"{gap} {sentence}" if gap else sentence, width, height)
    lines: list[Line] = []
    place = 0
    for number, row in enumerate(rows):
        text = row.removeprefix(gap) if number == 0 else row
        text = text.removeprefix(" ") if number == 0 else text
        start = sentence.find(text.rstrip("…"), place)
        runs = _styled(text, key[0] - start, key[1] - start) if start >= 0 else [(text, BOLD)]
        place = max(start, place) + len(text)
        lines.append(line((badge, role), " ", *runs) if number == 0 else line(*runs))
    return lines


def problem_lines(problem: str, width: int, height: int) -> list[Line]:
    """What went wrong, in place of the answer."""
    return [line((one, WARN)) for one in wrapped(f"! {problem}", width, height)]


def _styled(text: str, start: int, end: int, role: Role = BEST) -> list[Run]:
    start, end = max(start, 0), max(min(end, len(text)), 0)
    if start >= end:
        return [(text, PLAIN)]
    parts = ((text[:start], PLAIN), (text[start:end], role), (text[end:], PLAIN))
    return [part for part in parts if part[0]]
