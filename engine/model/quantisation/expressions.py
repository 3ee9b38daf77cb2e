"""Regular expressions from files: used where they surely end in time, else refused by name."""

from __future__ import annotations

import re

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

LONGEST = 2000
MOST_REPEATS = 5
"""Unbounded repetitions in one expression: the time grows with a name's length to their number."""
_BOUNDED = re.compile(r"\{\d{1,2}(,\d{1,2})?\}")
_COUNTED = re.compile(r"\{\d*,?\d*\}")


def safe_expression(text: str) -> re.Pattern[str]:
    """``text`` compiled; raises `InputError` for one that is none, is too long, or repeats what
    repeats, which could take for ever."""
    if len(text) > LONGEST:
        raise _problem(text, f"at most {LONGEST} characters")
    if _could_take_for_ever(text):
        raise _problem(
            text, f"at most {MOST_REPEATS} repetitions (* or +), none of them inside another"
        )
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise _problem(text, f"a regular expression ({clean(str(error), 80)})") from None


def _problem(text: str, expected: str) -> InputError:
    shown = clean(repr(f"re:{text}"), 120)
    return InputError(
        say(
            "quantization_config: found {shown}, expected {expected}",
            shown=shown,
            expected=expected,
        )
    )


def _could_take_for_ever(text: str) -> bool:
    """Whether a repetition holds another one, or there are too many."""
    plain = re.sub(r"\[(?:\\.|[^\]\\])*\]|\\.", "x", text)
    plain = _BOUNDED.sub("", plain)
    repeating = [False]
    """Of each open group, the outermost first: whether a repetition is in it."""
    count, closed = 0, False
    for position, letter in enumerate(plain):
        repeats = letter in "*+" or (letter == "{" and _COUNTED.match(plain, position) is not None)
        if repeats and position and plain[position - 1] not in "*+?}":
            if closed:
                return True
            count += 1
            repeating[-1] = True
        closed = False
        if letter == "(":
            repeating.append(False)
        elif letter == ")" and len(repeating) > 1:
            closed = repeating.pop()
            repeating[-1] |= closed
    return count > MOST_REPEATS
