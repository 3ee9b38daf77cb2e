"""An explanation in lines: what to change, time by operator, memory, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.plan.metrics.table import BY_ID
from engine.words.messages import listed, say
from engine.words.quantities import GIB, duration
from tui.drawing.bars import bar
from tui.drawing.format import gibibytes, milliseconds, share
from tui.drawing.lines import Line, Run, cells, fit, joined, line, wrapped
from tui.drawing.styles import ACCENT, BOLD, DIM, PLAIN, TITLE, WARN

if TYPE_CHECKING:
    from engine.plan.why.explanation import Explanation, OperatorTime
    from engine.plan.why.remedies import Advice
    from engine.serve.memory.account import PoolMemory
    from engine.serve.startup import Startup


SIDE_BY_SIDE = 66
"""From this width both phases stand beside each other."""
_LETTERS = {"compute": "C", "memory": "M", "link": "L", "launch": "·"}
_PHASES = {"decode": "decode step", "prefill": "prefill pass", "batch": "one batch"}
_LEAST_SHARE = 0.01
_LONGEST_TITLE = 21
"""Cells of ``decode step 12,345 ms``."""
_BESIDE = 18
"""Cells of a phase beside another: bound, time, share."""
_LEGEND = " C compute M memory L link · launch"


def why_lines(
    found: Explanation,
    advice: Advice | None,
    width: int,
    *,
    stale: bool = False,
    reserved: int = 0,
) -> list[Line]:
    """The whole explanation in ``width`` cells; ``stale`` advice is that of another row. Lines
    ``reserved`` for advice stay free while there is none."""
    lines = advice_lines(advice, width, stale)
    lines += [line()] * (reserved - len(lines))
    lines += _pool_lines(found, width)
    lines += _part_lines(found, width) + _drafting_lines(found, width)
    phases = [name for name in ("decode", "prefill", "batch") if _rows(found, name)]
    if len(phases) == 2 and width >= SIDE_BY_SIDE:
        lines += _beside_lines(found, width)
    else:
        for phase in phases:
            lines += _phase_lines(found, phase, width)
    lines.append(line((fit(say(_LEGEND), width), DIM)))
    for table in found.memory_tables:
        lines += _memory_lines(table, width) + _startup_lines(found.startup(table.pool), width)
    return lines + _limit_lines(found, width)


def advice_lines(advice: Advice | None, width: int, stale: bool) -> list[Line]:
    """What the row misses, and what would do."""
    from engine.plan.why.advice import advice_sentence

    if advice is None or (advice.shortfall is None and advice.batch_limit is None):
        return []
    words = wrapped(advice_sentence(advice), width - 1, 6)
    styles = (DIM, DIM) if stale else (WARN, PLAIN)
    return [line((f" {one}", styles[min(place, 1)])) for place, one in enumerate(words)]


def _pool_lines(found: Explanation, width: int) -> list[Line]:
    """Which of two pools is the slower one."""
    if not found.pool:
        return []
    words = {
        "prefill": say("prefill pool binds: prompts wait longer for it than they are computed"),
        "decode": say("decode pool binds: prompts wait little"),
    }[found.pool]
    return [line((f" {one}", WARN)) for one in wrapped(words, width - 1, 2)]


def _part_lines(found: Explanation, width: int) -> list[Line]:
    """What each latency is made of, where it is more than one thing."""
    lines: list[Line] = []
    for metric, parts in found.parts.items():
        total = sum(one.seconds for one in parts)
        told = [one for one in parts if one.seconds >= _LEAST_SHARE * total]
        if len(told) > 1:
            made = listed([f"{say(one.name)} {duration(one.seconds * 1e3)}" for one in told])
            words = say(
                "{metric} {total}: {made}",
                metric=say(BY_ID[metric].short),
                total=duration(total * 1e3),
                made=made,
            )
            lines += [line((f" {one}", PLAIN)) for one in wrapped(words, width - 1, 3)]
    return lines


def _drafting_lines(found: Explanation, width: int) -> list[Line]:
    """What drafts, and what it brings beside none."""
    if found.drafting is None:
        return []
    told = found.drafting.sentence, found.drafting.note
    words = [one for text in told for one in wrapped(text, width - 1, 4)]
    return [line((say("drafts"), TITLE)), *(line((f" {one}", PLAIN)) for one in words)]


# --- time by operator -------------------------------------------------------------------------


def _rows(found: Explanation, phase: str) -> list[OperatorTime]:
    return [row for row in found.operators if row.phase == phase]


def _part(seconds: float, total: float) -> float:
    """Share of a phase's time; nothing of a phase in which nothing is done."""
    return seconds / total if total else 0.0


def _seconds(found: Explanation, phase: str) -> float:
    return sum(row.seconds for row in _rows(found, phase))


def _phase_title(found: Explanation, phase: str, width: int) -> str:
    """The phase and its time."""
    return fit(f"{say(_PHASES[phase])} {milliseconds(_seconds(found, phase) * 1e3)} ms", width)


def utilisation(found: Explanation, phase: str) -> str:
    """How busy the chip is in a phase: ``MFU 31% MBU 60%``."""
    made = next(one for one in found.passes if one.phase == phase)
    return f"MFU {share(made.mfu)} MBU {share(made.mbu)}"


def _short(name: str) -> str:
    return say(name.removeprefix("self_attn.").removeprefix("mlp."))


def _phase_head(found: Explanation, phase: str, width: int) -> list[Line]:
    """The phase with its time and how busy the chip is, in two lines where one is too short."""
    busy = utilisation(found, phase)
    room = width - cells(busy) - 1
    if room < _LONGEST_TITLE:
        return [line((_phase_title(found, phase, width), TITLE)), line((f" {busy}", BOLD))]
    return [line((_phase_title(found, phase, room), TITLE), (f" {busy}", BOLD))]


def _phase_lines(found: Explanation, phase: str, width: int) -> list[Line]:
    """One phase: an operator a line, the slowest first; small ones together."""
    rows = sorted(_rows(found, phase), key=lambda row: -row.seconds)
    total = _seconds(found, phase)
    label = max(min(width - 26, 24), 10)
    lines = _phase_head(found, phase, width)
    shown = [row for row in rows if row.seconds >= _LEAST_SHARE * total]
    for row in shown:
        part = _part(row.seconds, total)
        runs: tuple[Run, ...] = (
            (f" {_LETTERS.get(row.bound, '?')} {fit(_short(row.name), label)}", PLAIN),
            (f"{milliseconds(row.seconds * 1e3):>8} ", BOLD),
            (f"{share(part):>4} ", DIM),
            (bar(part, width - label - 18), ACCENT),
        )
        lines.append(runs)
    rest = total - sum(row.seconds for row in shown)
    if len(shown) < len(rows):
        words = fit(say("{rows} smaller ones", rows=len(rows) - len(shown)), label)
        lines.append(
            line((f"   {words}{milliseconds(rest * 1e3):>8} {share(_part(rest, total)):>4}", DIM))
        )
    return lines


def _beside_lines(found: Explanation, width: int) -> list[Line]:
    """Decode and prefill beside each other: an operator a line with its bound in each."""
    totals = {phase: _seconds(found, phase) for phase in ("decode", "prefill")}
    table: dict[str, dict[str, OperatorTime]] = {}
    for row in found.operators:
        table.setdefault(row.name, {})[row.phase] = row
    label = max(min(width - 2 * _BESIDE - 10, 26), 12)
    room = (width - label - 2 * _BESIDE - 2) // 2
    column = _BESIDE + room
    lines = [
        line((" " * (label + 1), PLAIN), *((fit(text, column), TITLE) for text in titles))
        for titles in (
            [_phase_title(found, phase, column - 1) for phase in totals],
            [utilisation(found, phase) for phase in totals],
        )
    ]
    names = sorted(table, key=lambda name: -_largest_share(table[name], totals))
    shown = [name for name in names if _largest_share(table[name], totals) >= _LEAST_SHARE]
    for name in shown:
        runs: list[Run] = [(f" {fit(_short(name), label - 1)} ", PLAIN)]
        for phase, total in totals.items():
            runs += _cell(table[name].get(phase), total, room)
        lines.append(tuple(runs))
    if len(shown) < len(names):
        lines.append(line((say(" and {names} below 1 %", names=len(names) - len(shown)), DIM)))
    return lines


def _largest_share(rows: dict[str, OperatorTime], totals: dict[str, float]) -> float:
    return max(_part(row.seconds, totals[phase]) for phase, row in rows.items())


def _cell(row: OperatorTime | None, total: float, room: int) -> list[Run]:
    if row is None:
        return [(" " * (_BESIDE + room), PLAIN)]
    part = _part(row.seconds, total)
    return [
        (f"{_LETTERS.get(row.bound, '?')} ", DIM),
        (f"{milliseconds(row.seconds * 1e3):>8} ", BOLD),
        (f"{share(part):>4}  ", DIM),
        (bar(part, room).ljust(room + 1), ACCENT),
    ]


# --- memory and limits ------------------------------------------------------------------------


def _memory_lines(found: PoolMemory, width: int) -> list[Line]:
    """Every use of the memory against what the framework may take, and what is left."""
    capacity = found.capacity_bytes
    used = sum(item.bytes for item in found.items)
    head = say(
        "memory {used} of {capacity} GiB",
        used=gibibytes(used / GIB),
        capacity=gibibytes(capacity / GIB),
    )
    head = say("{pool} {memory}", pool=say(found.pool), memory=head) if found.pool else head
    label = max(min(width - 30, 20), 13)
    full = f"  {share(used / capacity)}"
    full = full if cells(head) + len(full) <= width else ""
    lines = [line((joined((head, say("per chip")), width - len(full), " "), TITLE), (full, BOLD))]
    items = [(item.name, item.bytes) for item in found.items]
    items.append(("free", capacity - used) if used <= capacity else ("lacking", used - capacity))
    for name, size in items:
        style = WARN if name == "lacking" else DIM if name == "free" else ACCENT
        runs: tuple[Run, ...] = (
            (f" {fit(say(name), label)}", PLAIN),
            (f"{gibibytes(size / GIB):>7} ", BOLD),
            (f"{share(size / capacity):>4} ", DIM),
            (bar(size / capacity, width - label - 15), style),
        )
        lines.append(runs)
    return lines


def _startup_lines(found: Startup | None, width: int) -> list[Line]:
    """What the server prints of that memory as it starts, and what lives beside it."""
    if found is None:
        return []
    told = say(
        "at start {pool} GiB for the cache: {tokens:,} tokens, {sequences:.1f} requests of "
        "{context_tokens:,}",
        pool=gibibytes(found.pool_bytes / GIB),
        tokens=int(found.tokens),
        sequences=found.sequences,
        context_tokens=int(found.context_tokens),
    )
    beside = [f"{say(one.name)} {gibibytes(one.bytes / GIB)}" for one in found.outside]
    words = wrapped(told, width - 1, 2)
    if beside:
        words += wrapped(say("beside it: {item}", item=", ".join(beside)), width - 1, 2)
    return [line((f" {one}", DIM)) for one in words]


def _limit_lines(found: Explanation, width: int) -> list[Line]:
    """The largest batch that each limit allows alone; the smallest of them binds."""
    largest = found.largest_batch
    if not largest:
        return []
    least = min(largest.values())
    lines = [line((say("largest batch by limit"), TITLE))]
    for name, batch in largest.items():
        binds = batch == least
        label = say(name) if name == "memory" else name.upper()
        runs: tuple[Run, ...] = (
            (f" {fit(label, max(min(width - 17, 20), 8))}", PLAIN),
            (f"{batch:>7} ", BOLD),
            (say("◂ binds") if binds else "", WARN),
        )
        lines.append(runs)
    return lines
