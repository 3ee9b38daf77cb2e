"""Slower work beside the keys."""

from __future__ import annotations

import asyncio
import threading

from engine.words.errors import InputError
from tui.beside.errand import Errand


async def came(found: list[object], seconds: float = 5.0) -> None:
    """Wait until something was delivered."""
    for _ in range(int(seconds / 0.01)):
        if found:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def test_it_begins_once_nobody_asks_again():
    errand: Errand[int] = Errand(lambda error: None)
    begun: list[object] = []
    for number in range(5):
        errand.after(0.02, lambda number=number: begun.append(number))
    await came(begun)
    await asyncio.sleep(0.05)
    assert begun == [4]


async def test_what_it_finds_comes_into_the_thread_that_asked():
    errand: Errand[int] = Errand(lambda error: None)
    threads: list[object] = []
    errand.submit(lambda stop: 1, lambda found: threads.append(threading.current_thread()))
    await came(threads)
    assert threads == [threading.current_thread()]


async def test_that_it_failed_comes_there_too():
    failed: list[object] = []
    errand: Errand[int] = Errand(failed.append)

    def bad(_: object) -> int:
        raise InputError("no")

    errand.submit(bad, lambda found: None)
    await came(failed)
    assert str(failed[0]) == "no"


async def test_what_was_cancelled_neither_begins_nor_comes():
    errand: Errand[int] = Errand(lambda error: None)
    found: list[object] = []
    working = threading.Event()

    def slow(should_stop) -> int:
        working.set()
        while not should_stop():
            pass
        return 1

    errand.submit(slow, found.append)
    await asyncio.to_thread(working.wait, 5)
    errand.after(0.01, lambda: found.append("begun"))
    errand.cancel()
    await asyncio.sleep(0.1)
    assert found == []


async def test_what_goes_first_is_alone_while_it_works():
    page, sweep = (Errand[int](lambda error: None, goes_first=first) for first in (False, True))
    asked: list[object] = []
    found: list[object] = []
    working, go_on = threading.Event(), threading.Event()

    def first(_: object) -> int:
        working.set()
        go_on.wait(5)
        asked.append("first is done")
        return 1

    def other(should_stop) -> int | None:
        working.wait(5)
        stopped = should_stop()
        asked.append("other went on")
        return None if stopped else 2

    page.submit(other, found.append)
    sweep.submit(first, found.append)
    await asyncio.sleep(0.05)
    assert not asked
    go_on.set()
    await came(found)
    while len(found) < 2:
        await asyncio.sleep(0.01)
    assert asked == ["first is done", "other went on"]


async def test_what_stands_still_ends_when_it_is_cancelled():
    page, sweep = (Errand[int](lambda error: None, goes_first=first) for first in (False, True))
    working, go_on = threading.Event(), threading.Event()
    stopped: list[object] = []
    found: list[object] = []

    def first(_: object) -> int:
        working.set()
        go_on.wait(5)
        return 1

    def other(should_stop) -> None:
        working.wait(5)
        stopped.append(should_stop())

    page.submit(other, found.append)
    sweep.submit(first, found.append)
    await asyncio.sleep(0.05)
    page.cancel()
    await came(stopped)
    assert stopped == [True]
    go_on.set()
