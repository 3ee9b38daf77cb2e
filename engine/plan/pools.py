"""Pools that are worth a look: how prefill and decode workers could share the chips, best first.

Both pools are worked out once: what a prefill worker of every layout can feed, what a decode worker
of every layout can take within the limit on TPOT. The rate of any pair is at most what its slower
pool gives, so that pairs can be tried in the order of that bound until none that is left could be
the best. What is tried is then predicted whole, like any other candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from engine.model.kinds import ModelKind
from engine.plan.metrics.table import limited_of
from engine.scenario import Mode, Scenario
from engine.serve.asked import load_of, requests_of
from engine.serve.batching.disaggregated import decode_pass, prefill_pool
from engine.serve.kinds import kind_of
from engine.serve.load import Load, Open
from engine.serve.memory.account import needed_bytes
from engine.serve.predict import largest_sizes, predict
from engine.serve.requests import Requests
from engine.serve.room import Room
from engine.serve.system import System
from engine.words.arrays import BoolArray, FloatArray, IntArray, distinct
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import GIB, memory_amount
from engine.work.arrangement import Aggregated, Disaggregated, Pool, given_pool
from engine.work.layout import Layout

WORKER_COUNTS = 64
"""Numbers of decode workers that are tried of a pair of layouts; of more, evenly spread ones."""
BATCHES = 192
"""Batches of a decode worker that its frontier is read from."""
LOOKED_AT = 24
"""Of the first pairs, a few loads are predicted whole."""
LOADS = 24
SHOWN = 48
"""At least so many pairs are candidates: a table shows what else there is."""
MOST_POOLS = 256
LARGEST_DECODE_BATCH = 32768
SLACK = 1.02
"""By how much a prediction may be beyond a bound: its fixed point is closed to within this."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """Arrangements with the most tokens per second per chip that each could give, best first; those
    that cannot keep the objectives come last, with 0."""

    arrangements: tuple[Disaggregated, ...]
    most: FloatArray

    def first(self, count: int) -> tuple[Disaggregated, ...]:
        """The best of them."""
        return self.arrangements[:count]


def worthwhile_pools(system: System, scenario: Scenario) -> tuple[Disaggregated, ...]:
    """The pools among which the best is, the most promising last: all whose bound is beyond what
    one of the first is seen to give, but some of the others too. Raises `InputError` as
    `bounded_pools` does, and for static batches."""
    if scenario.workload.mode is Mode.STATIC:
        raise InputError(say("--mode static: such a batch is never handed over to other workers"))
    found = bounded_pools(system, scenario)
    reached = _reached(system, scenario, found.first(LOOKED_AT))
    count = int(np.count_nonzero(found.most > reached))
    return found.first(min(max(count, SHOWN), MOST_POOLS))[::-1]


def _reached(system: System, scenario: Scenario, pools: tuple[Disaggregated, ...]) -> float:
    """The most tokens per second per chip that any of some pools gives within the objectives at a
    few loads."""
    requests, load = requests_of(scenario, system), load_of(scenario)
    if isinstance(load, Open):
        # Whether a rate is carried is all that counts: nothing is left out for what others give.
        return 0.0
    most = np.maximum(largest_sizes(system, pools, requests, load), 1.0)
    if scenario.max_batch is not None:
        most = np.minimum(most, float(scenario.max_batch))
    sizes = np.floor(most ** np.linspace(0.0, 1.0, LOADS)[np.newaxis, :])
    if scenario.fixed_batch is not None:
        sizes = np.full((1, 1), float(scenario.fixed_batch))
    outcome = predict(system, pools, requests, load, sizes)
    good = outcome.fits
    for metric in limited_of(ModelKind.TOKENS):
        limit = metric.limit_in(scenario.objectives)
        if limit is not None and not metric.of_rates:
            good = good & (metric.ratio(metric.of(outcome, scenario.objectives), limit) <= 1.0)
    rates = np.where(good, outcome.rates["request_tokens"] / outcome.chips, 0.0)
    return float(rates.max(initial=0.0))


def bounded_pools(system: System, scenario: Scenario) -> Bounded:
    """All ways of giving the chips to two pools. Raises `InputError` where the chips or their
    memory leave a pool empty."""
    requests, load = requests_of(scenario, system), load_of(scenario)
    choice = scenario.pools
    ours, theirs = given_pool(choice.prefill, "prefill"), given_pool(choice.decode, "decode")
    layouts = _layouts(system, scenario)
    prefill = _Prefill(
        system.prefilling, layouts if ours is None else (ours.layout,), requests, load
    )
    decode = _Decode(
        system, layouts if theirs is None else (theirs.layout,), requests, load, scenario
    )
    pairs = _shared_out(scenario, prefill.layouts, decode.layouts)
    if not len(pairs):
        raise InputError(_too_few(scenario, prefill.layouts, decode.layouts))
    most = _most(scenario, requests, prefill, decode, pairs)
    order = np.argsort(-most, kind="stable")
    arrangements = tuple(
        Disaggregated(
            Pool(prefill.layouts[first], int(workers)), Pool(decode.layouts[second], int(others))
        )
        for first, second, workers, others in pairs[order]
    )
    return Bounded(arrangements, most[order])


def _layouts(system: System, scenario: Scenario) -> tuple[Layout, ...]:
    """One worker of every legal layout that leaves a chip for the other pool."""
    most = scenario.chips - 1
    if most < 1:
        raise InputError(say("--chips 1: leaves a pool empty, expected a chip for each at least"))
    arrangements = kind_of(system.model.kind).arrangements(system, most, scenario.limits)
    layouts = [one.layout for one in arrangements if isinstance(one, Aggregated)]
    return tuple(dict.fromkeys(replace(one, replicas=1) for one in layouts))


class _Prefill:
    """What one prefill worker of each layout does, of those that hold a prompt."""

    def __init__(
        self, system: System, layouts: Sequence[Layout], requests: Requests, load: Load
    ) -> None:
        room = Room(
            system, layouts, Requests(requests.input_tokens, 1.0, drafts=requests.drafts), load
        )
        self.layouts = _those(layouts, room.limit[:, 0] >= 1.0)
        if not self.layouts:
            raise InputError(
                say("prefill: no layout holds a prompt, {lacking}", lacking=_lacking(room))
            )
        drafting = requests.drafts.tokens > 0
        pool = prefill_pool(system.deployment(self.layouts, drafting), np.ones((1, 1)), requests)
        self.rate = pool.most[:, 0]
        self.ttft = pool.seconds[:, 0] + system.engine.costs.request_seconds


class _Decode:
    """What one decode worker of each layout does, of those that hold a request: ``rate`` is of
    tokens per second within the limit on TPOT, 0 where nothing is within."""

    def __init__(
        self,
        system: System,
        layouts: Sequence[Layout],
        requests: Requests,
        load: Load,
        scenario: Scenario,
    ) -> None:
        room = Room(system.decoding, layouts, requests, load)
        fitting = (room.limit >= 1.0) & room.context_fits
        self.layouts = _those(layouts, fitting[:, 0])
        if not self.layouts and bool(np.all(room.context_fits)):
            raise InputError(
                say("decode: no layout holds a request, {lacking}", lacking=_lacking(room))
            )
        limit = room.limit[fitting[:, 0]]
        if not self.layouts:
            self.layouts, limit = tuple(layouts), np.ones((len(layouts), 1))
        widest = int(min(limit.max(), LARGEST_DECODE_BATCH))
        batches = _spread(widest, BATCHES)[np.newaxis, :].astype(float)
        drafting = requests.drafts.tokens > 0
        _, tpot = decode_pass(system.deployment(self.layouts, drafting), requests, batches)
        within = batches <= limit
        if scenario.objectives.tpot_ms is not None:
            within &= tpot * 1e3 <= scenario.objectives.tpot_ms
        # Between two batches tried the rate is at most that of the larger one at the pace of the
        # smaller one.
        following = np.minimum(np.append(batches[:, 1:] - 1.0, [[widest]], axis=1), limit)
        self.rate = np.max(np.where(within, np.maximum(following, batches) / tpot, 0.0), axis=1)
        self.tpot = tpot[:, 0]


def _those(layouts: Sequence[Layout], wanted: BoolArray) -> tuple[Layout, ...]:
    return tuple(one for one, keep in zip(layouts, wanted, strict=True) if keep)


def _spread(most: int, count: int) -> IntArray:
    """Up to ``count`` whole numbers from 1 to ``most``: evenly in logarithm."""
    spread = np.geomspace(1.0, most, count) if most > count else np.arange(1, most + 1)
    return distinct(np.round(spread).astype(np.int64))


def _shared_out(
    scenario: Scenario, prefills: Sequence[Layout], decodes: Sequence[Layout]
) -> IntArray:
    """Rows of (prefill layout, decode layout, prefill workers, decode workers) that leave no room
    for another worker of either."""
    sizes, others_sizes = ([one.chips for one in side] for side in (prefills, decodes))
    # Many layouts take as many chips, and are shared out alike.
    counts = {
        pair: tuple(_workers(scenario, *pair)) for pair in product(set(sizes), set(others_sizes))
    }
    found = [
        (first, second, workers, others)
        for (first, prefill), (second, decode) in product(enumerate(sizes), enumerate(others_sizes))
        for workers, others in counts[prefill, decode]
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 4)


def _workers(scenario: Scenario, prefill: int, decode: int) -> Iterator[tuple[int, int]]:
    chips, split = scenario.chips, scenario.pools.split(scenario.chips)
    ours = given_pool(scenario.pools.prefill, "prefill")
    theirs = given_pool(scenario.pools.decode, "decode")
    if ours is not None:
        split = ours.chips, chips - ours.chips
    if theirs is not None:
        split = chips - theirs.chips, theirs.chips
    if split is not None:
        if prefill <= split[0] and decode <= split[1]:
            yield split[0] // prefill, split[1] // decode
        return
    most = (chips - prefill) // decode
    for others in _spread(most, WORKER_COUNTS) if most > 0 else ():
        left = chips - int(others) * decode
        if left % prefill < decode:
            yield left // prefill, int(others)


def _most(
    scenario: Scenario, requests: Requests, prefill: _Prefill, decode: _Decode, pairs: IntArray
) -> FloatArray:
    """The most tokens per second per chip of every pair: of its slower pool, and of no more
    requests in flight than may be tried."""
    first, second, workers, others = pairs.T
    output = float(requests.output_tokens)
    tokens = max(output - 1.0, 1.0)
    sizes = [np.array([one.chips for one in side.layouts]) for side in (prefill, decode)]
    chips = sizes[0][first] * workers + sizes[1][second] * others
    rate = np.minimum(prefill.rate[first] * workers, decode.rate[second] * others / tokens)
    alone = prefill.ttft[first] + tokens * decode.tpot[second]
    batch = scenario.fixed_batch or scenario.max_batch
    if batch is not None:
        rate = np.minimum(rate, batch / alone)
    limits = scenario.objectives
    late = np.zeros(len(pairs), dtype=bool)
    if limits.ttft_ms is not None:
        late |= prefill.ttft[first] * 1e3 > limits.ttft_ms
    if limits.e2e_ms is not None:
        late |= alone * 1e3 > limits.e2e_ms
    most: FloatArray = np.where(late, 0.0, SLACK * rate * output / chips)
    return most


def _lacking(room: Room) -> str:
    """What the layout that comes nearest lacks for one request."""
    one = np.ones((1, 1))
    needed = needed_bytes(room.usage, room.layouts, one, room.step_tokens(one))
    lacks = float(np.min(needed - room.usage.capacity_bytes))
    return say(
        "the nearest lacks {lacks} of memory per chip", lacks=memory_amount(max(lacks, 0.0) / GIB)
    )


def _too_few(scenario: Scenario, prefills: Sequence[Layout], decodes: Sequence[Layout]) -> str:
    smallest = [min(one.chips for one in side) for side in (prefills, decodes)]
    split = scenario.pools.split(scenario.chips)
    there = (
        say("{chips}", chips=scenario.chips)
        if split is None
        else say("{split} and {split_2}", split=split[0], split_2=split[1])
    )
    return say(
        "{there} chips leave a pool empty: a prefill worker takes at least "
        "{smallest}, a decode worker {smallest_2}",
        there=there,
        smallest=smallest[0],
        smallest_2=smallest[1],
    )
