"""What a piece of text is, not how it looks: a theme turns roles into styles."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The part that a run of text plays on the screen."""

    PLAIN = "plain"
    DIM = "dim"
    BOLD = "bold"
    TITLE = "title"
    FOCUSED = "focused"
    RULE = "rule"
    GOOD = "good"
    BEST = "best"
    BAD = "bad"
    WARN = "warn"
    ACCENT = "accent"
    EDITED = "edited"
    CURSOR = "cursor"
    CURSOR_IDLE = "cursor_idle"
    INPUT = "input"
    BADGE_GOOD = "badge_good"
    BADGE_BAD = "badge_bad"
    BADGE_BUSY = "badge_busy"


PLAIN = Role.PLAIN
DIM = Role.DIM
BOLD = Role.BOLD
TITLE = Role.TITLE
FOCUSED = Role.FOCUSED
RULE = Role.RULE
GOOD = Role.GOOD
BEST = Role.BEST
BAD = Role.BAD
WARN = Role.WARN
ACCENT = Role.ACCENT
EDITED = Role.EDITED
CURSOR = Role.CURSOR
CURSOR_IDLE = Role.CURSOR_IDLE
INPUT = Role.INPUT
BADGE_GOOD = Role.BADGE_GOOD
BADGE_BAD = Role.BADGE_BAD
BADGE_BUSY = Role.BADGE_BUSY
