"""Traces as JSON: one record per line, or a list of records; conversations are such records too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

from engine.sources.traces.records import (
    ARRIVAL,
    HASHES,
    INPUT,
    OUTPUT,
    Rows,
    find_field,
    is_like_mooncake,
    is_milliseconds,
)
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

LARGEST_RECORD = 16 << 20
"""Characters; conversations of a whole context are about 4 MB."""
PIECE = 1 << 20
BYTES_PER_TOKEN = 4.0
"""Of text in UTF-8: tokenisers make about one token of four letters of English (OpenAI, "What are
tokens and how to count them"), and of a Chinese character of three bytes about three quarters."""
_ANSWERERS = frozenset({"gpt", "assistant", "chatgpt", "bing", "bard", "model"})
_TALKS = ("conversations", "conversation", "messages")
_TURN_TOKENS = ("numtokens", "tokens", "tokencount", "ntokens")
"""Fields of a turn that say how many tokens it is."""


class Text(Protocol):
    """What records are read from."""

    def read(self, count: int, /) -> str:
        """About so many characters; none at the end."""
        ...

    def readline(self, count: int, /) -> str:
        """A line, or so much of it."""
        ...


def read_lines(stream: Text, rows: Rows) -> bool:
    """One record per line; whether tokens had to be guessed from text."""
    guessed = False
    for number, line in enumerate(_lines(stream, rows.shown), 1):
        if line.strip():
            guessed |= _take(rows, number, _parsed(line, rows, number))
    return guessed


def read_list(stream: Text, rows: Rows) -> bool:
    """A list of records, one after the other without holding them all."""
    guessed = False
    for number, record in enumerate(_records(stream, rows), 1):
        guessed |= _take(rows, number, record)
    return guessed


def _lines(stream: Text, shown: str) -> Iterator[str]:
    number = 0
    while line := stream.readline(LARGEST_RECORD + 1):
        number += 1
        if len(line) > LARGEST_RECORD:
            raise InputError(
                say(
                    "{shown}: row {number:,}: more than {LARGEST_RECORD:,} characters",
                    shown=shown,
                    number=number,
                    LARGEST_RECORD=LARGEST_RECORD,
                )
            )
        yield line


def _parsed(text: str, rows: Rows, number: int) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise rows.error(number, say("nested too deeply")) from None
    except ValueError as error:
        reason = clean(getattr(error, "msg", "") or say("not a number"), 60)
        raise rows.error(number, say("broken JSON: {reason}", reason=reason)) from None


def _records(stream: Text, rows: Rows) -> Iterator[Any]:
    """The entries of a JSON list; raises `InputError` for a broken one."""
    decoder, number = json.JSONDecoder(), 0
    buffer = stream.read(PIECE).lstrip().removeprefix("[")
    while True:
        buffer = buffer.lstrip(" \t\r\n,")
        if buffer.startswith("]"):
            return
        try:
            record, end = decoder.raw_decode(buffer)
        except RecursionError:
            raise rows.error(number + 1, say("nested too deeply")) from None
        except ValueError:
            more = stream.read(max(PIECE, len(buffer)))
            if not more or len(buffer) > LARGEST_RECORD:
                raise rows.error(number + 1, say("broken JSON, or the list has no end")) from None
            buffer += more
            continue
        number += 1
        yield record
        buffer = buffer[end:] or stream.read(PIECE)


def _take(rows: Rows, number: int, record: Any) -> bool:
    """Take one record; whether its tokens were guessed."""
    if not isinstance(record, dict):
        raise rows.error(number, say("expected a mapping with arrival, input and output"))
    talk = next((record[one] for one in _TALKS if isinstance(record.get(one), list)), None)
    counted = _counted(record)
    if talk is not None and counted is None:
        return _take_talk(rows, number, talk)
    counts = record if counted is None else counted
    arrival, hashes = (find_field(record, wanted) for wanted in (ARRIVAL, HASHES))
    inputs, outputs = (find_field(counts, wanted) for wanted in (INPUT, OUTPUT))
    if inputs is None or outputs is None:
        found = ", ".join(clean(str(one), 30) for one in list(record)[:8]) or say("nothing")
        if inputs is None:
            wrong = say("found {found}; expected a number of input tokens", found=found)
        else:
            wrong = say("found {found}; expected a number of output tokens", found=found)
        raise rows.error(number, wrong)
    if (arrival is None) == bool(rows.arrivals) and rows.inputs:
        raise rows.error(
            number, say("some rows have a time and some have none, expected all or none")
        )
    when = None
    if arrival is not None:
        milliseconds = is_milliseconds(arrival, like_mooncake=is_like_mooncake(record))
        when = rows.time(number, arrival, record[arrival], milliseconds)
    tokens = rows.count(number, inputs, counts[inputs])
    if rows.add(number, when, tokens, rows.count(number, outputs, counts[outputs])) and hashes:
        rows.add_blocks(number, record[hashes])
    return False


def _counted(record: dict[str, Any]) -> dict[str, Any] | None:
    """What says the tokens of prompt and answer in numbers: the usage that a server told, or the
    record itself; None where neither does."""
    for one in (record.get("usage"), record):
        if isinstance(one, dict):
            names = find_field(one, INPUT), find_field(one, OUTPUT)
            if all(name is not None and _is_number(one[name]) for name in names):
                return one
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _take_talk(rows: Rows, number: int, talk: list[Any]) -> bool:
    """A conversation: every answer is a request with all that was said before as its prompt.
    Whether tokens were guessed: of turns that say how many they are none is."""
    before, guessed = 0.0, False
    for turn in talk:
        if not isinstance(turn, dict):
            raise rows.error(number, say("a turn of the conversation is no mapping"))
        answers = turn.get("from", turn.get("role")) in _ANSWERERS
        usage = _counted(turn) if answers else None
        named = find_field(turn, _TURN_TOKENS)
        if usage is not None:
            before, tokens = (
                rows.count(number, name, usage[name])
                for name in (find_field(usage, INPUT), find_field(usage, OUTPUT))
            )
        elif named is not None and turn[named] is not None:
            tokens = rows.count(number, named, turn[named])
        else:
            tokens, guessed = _tokens_of_text(turn.get("value", turn.get("content"))), True
        if answers:
            rows.add(number, None, before, tokens)
        before += tokens
    return guessed


def _tokens_of_text(text: object) -> float:
    size = len(text.encode("utf-8", "replace")) if isinstance(text, str) else 0
    return float(-(-size // BYTES_PER_TOKEN))
