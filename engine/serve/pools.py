"""Predictions of prefill and decode on pools of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.serve.batching.disaggregated import Pools, serve_disaggregated
from engine.serve.joining import joined_inside
from engine.serve.load import Closed, Load, Open
from engine.serve.memory.account import MemoryItem, PoolMemory, held_tokens
from engine.serve.outcome import Memory, Outcome, PoolRole
from engine.serve.requests import Requests
from engine.serve.room import Room
from engine.serve.source import with_source
from engine.serve.system import System
from engine.serve.tokens import at_size, outcome_of
from engine.words.arrays import BoolArray, FloatArray, Row
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Disaggregated
from engine.work.layout import Layout

REFERENCE_TOKENS = 4096.0
"""A prompt whose cache stands for what one token of it takes."""


def predict_disaggregated(
    system: System,
    arrangements: Sequence[Disaggregated],
    requests: Requests,
    load: Load,
    sizes: FloatArray,
) -> Outcome:
    """Prefill and decode apart; ``sizes`` are requests in flight over all workers, or requests per
    second. A static load is one of requests in flight, too."""
    pools = pools_of(system, arrangements, requests)
    rooms = Rooms(system, arrangements, requests, load)
    client = load.client if isinstance(load, Closed) else None
    limit = np.maximum(rooms.decode.limit, 1.0)
    inside, flow = sizes, None
    if isinstance(load, Open):
        from engine.serve.batching.pools_by_rate import serve_pools_open

        service, flow = serve_pools_open(pools, requests, load, sizes, limit)
        # Who waits for a place holds no memory.
        inside = np.maximum(flow.running, 1.0)
    else:
        service = serve_disaggregated(pools, requests, client, sizes, limit)
    outcome = outcome_of(
        arrangements,
        sizes,
        _column([one.chips for one in arrangements]),
        service,
        requests,
        np.ones_like(pools.decode_workers),
        rooms.memory(inside),
        lambda row: rooms.items(row, inside),
        flow,
    )
    assert service.prefill_binds is not None
    held_up = service.prefill_binds | (rooms.prefill.limit < 1.0)
    return replace(
        outcome,
        binding_pool=np.where(held_up, PoolRole.PREFILL, PoolRole.DECODE),
        weigh_pools=lambda row: rooms.both(row, inside),
    )


def pools_of(system: System, arrangements: Sequence[Disaggregated], requests: Requests) -> Pools:
    """Both pools of every arrangement as deployments. Raises `InputError` for an encoder-decoder:
    no engine hands over what an encoder made."""
    if system.tokens_model.encoder:
        raise InputError(
            say(
                "{tokens_model}: found an encoder-decoder, expected a decoder for "
                "prefill and decode apart",
                tokens_model=system.tokens_model.name,
            )
        )
    prefills = [one.prefill.layout for one in arrangements]
    decodes = [one.decode.layout for one in arrangements]
    prefilling, _ = with_source(
        system.prefilling.deployment(prefills, requests.drafts.tokens > 0),
        system.tokens_model,
        requests,
    )
    return Pools(
        prefilling,
        _column([one.prefill.workers for one in arrangements]),
        system.deployment(decodes, requests.drafts.tokens > 0),
        _column([one.decode.workers for one in arrangements]),
        transfer_seconds(system, arrangements, requests),
    )


class Rooms:
    """The memory of both pools; that of a decode worker is what lets requests in, as long as a
    prefill worker holds one prompt."""

    def __init__(
        self,
        system: System,
        arrangements: Sequence[Disaggregated],
        requests: Requests,
        load: Load,
    ) -> None:
        prompts = Requests(
            requests.input_tokens, 1.0, requests.cached, requests.drafts, images=requests.images
        )
        self.prefill = Room(
            system.prefilling, [one.prefill.layout for one in arrangements], prompts, load
        )
        decoding = replace(requests, images=None)
        layouts = [one.decode.layout for one in arrangements]
        self.decode = Room(system.decoding, layouts, decoding, load)
        self.prefill_workers = _column([one.prefill.workers for one in arrangements])
        self.decode_workers = _column([one.decode.workers for one in arrangements])

    @property
    def limit(self) -> FloatArray:
        """Requests in flight that are let in; 0 where a pool does not start."""
        return np.where(self._starts, self.decode.limit * self.decode_workers, 0.0)

    @property
    def _starts(self) -> BoolArray:
        starts: BoolArray = (self.prefill.limit >= 1.0) & self.decode.context_fits
        return starts

    def memory(self, sizes: FloatArray) -> Memory:
        """Memory of a chip of the pool that has less left: of a decode worker, or of a prefill
        worker where that does not hold a prompt."""
        workers, starts = self.decode_workers, self.prefill.limit >= 1.0
        decode = self.decode.memory(np.ceil(sizes / workers), workers)
        prefill = self.prefill.memory(np.ones_like(sizes), workers)
        return Memory(
            needed_bytes=np.where(starts, decode.needed_bytes, prefill.needed_bytes),
            capacity_bytes=np.where(starts, decode.capacity_bytes, prefill.capacity_bytes),
            memory_size=np.where(starts, decode.memory_size * workers, 0.0),
            scheduler_size=decode.scheduler_size * workers,
            context_fits=decode.context_fits,
            cache_tokens=decode.cache_tokens,
            cache_bytes=decode.cache_bytes,
        )

    def items(self, row: Row, sizes: FloatArray) -> tuple[MemoryItem, ...]:
        """The memory table of the pool that `memory` is of."""
        prefill, decode = self.both(row, sizes)
        return (prefill if float(self.prefill.limit[row[0], 0]) < 1.0 else decode).items

    def both(self, row: Row, sizes: FloatArray) -> tuple[PoolMemory, PoolMemory]:
        """The memory tables of both pools: a prefill worker holds one prompt."""
        place = row[0]
        held = np.ceil(at_size(sizes, row) / float(self.decode_workers[place, 0]))
        rooms = ((PoolRole.PREFILL, self.prefill, 1.0), (PoolRole.DECODE, self.decode, float(held)))
        prefill, decode = (
            PoolMemory(role.label, room.items(place, held), room.capacity_of(place))
            for role, room, held in rooms
        )
        return prefill, decode


def transfer_seconds(
    system: System, arrangements: Sequence[Disaggregated], requests: Requests
) -> FloatArray:
    """Moving a prompt's cache, found ones included: each chip of a prefill worker sends its share,
    each of a decode worker receives its own; the slower end is what it takes."""
    chips = _column([one.chips for one in arrangements])
    prefills = [one.prefill.layout for one in arrangements]
    decodes = [one.decode.layout for one in arrangements]
    near = joined_inside(system, chips)
    sent = _seconds_per_token(system.prefilling, prefills, near)
    received = _seconds_per_token(system, decodes, near)
    moved = np.maximum(sent, received) * np.asarray(requests.input_tokens, dtype=float)
    links = system.chip.scale_up, system.chip.scale_out
    start = np.where(near, links[0].alpha_seconds, links[1].alpha_seconds)
    seconds: FloatArray = start + moved
    return seconds


def _seconds_per_token(system: System, layouts: Sequence[Layout], near: BoolArray) -> FloatArray:
    reference = held_tokens(Requests(REFERENCE_TOKENS, 0.0), Closed(), system.engine)
    usage = system.footprint(layouts, reference)
    links = system.chip.scale_up, system.chip.scale_out
    up, out = (link.bandwidth_bytes * link.achieved for link in links)
    per_token = usage.sent_bytes_per_sequence / REFERENCE_TOKENS
    seconds: FloatArray = per_token / np.where(near, up, out)
    return seconds


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=float)[:, np.newaxis]
