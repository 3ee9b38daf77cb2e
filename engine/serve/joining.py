"""Whether two pools can be joined: a connector, one cache format, a link between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.parts.scheduler import CacheTransfer
from engine.model.precision import Precision
from engine.serve.system import System
from engine.words.arrays import BoolArray, FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


def with_prefill(
    system: System, chip: Chip | None, engine: Framework, precision: Precision | None
) -> System:
    """The system with what its prefill pool has of its own: another chip (``engine`` as set up for
    it), another precision; the same where it has nothing."""
    same = (chip is None or chip.id == system.chip.id) and precision in {None, system.precision}
    if same:
        return system
    prefill = replace(
        system,
        chip=chip or system.chip,
        engine=engine if chip is not None else system.engine,
        precision=precision or system.precision,
    )
    return replace(system, prefill=prefill)


FAST_DOMAIN = 16
"""Chips behind one scale-up switch from which both pools sit in it and hand over inside it."""


def joined_inside(system: System, chips: FloatArray) -> BoolArray:
    """Whether pools of so many ``chips`` hand over inside one scale-up domain: of a node where they
    fit into one, of a rack-wide switch always."""
    size = system.chip.node_size
    same = system.prefilling.chip.id == system.chip.id
    inside: BoolArray = same & ((chips <= size) | (size > FAST_DOMAIN))
    return inside


def apart(system: System, chips: int) -> str:
    """Why pools of so many ``chips`` cannot be joined; empty where they can."""
    prefill, engine = system.prefilling, system.engine
    if engine.scheduler.cache_transfer is CacheTransfer.NONE:
        return say("{engine} hands no cache from one worker to another", engine=engine.name)
    ours, theirs = system.precision.kv, prefill.precision.kv
    if ours.name != theirs.name:
        return say(
            "the prefill pool keeps its cache in {theirs}, the decode pool in "
            "{ours}, and {engine} hands caches over as they are",
            theirs=theirs.name,
            ours=ours.name,
            engine=engine.name,
        )
    if prefill.chip.vendor != system.chip.vendor:
        return say(
            "no connector is known between chips of {vendor} and of "
            "{vendor_2}, whose engines lay caches out in their own ways",
            vendor=clean(prefill.chip.vendor, 40),
            vendor_2=clean(system.chip.vendor, 40),
        )
    if not joined_inside(system, np.array(chips)):
        for chip in (prefill.chip, system.chip):
            if chip.scale_out.domain <= chip.node_size:
                return say(
                    "{chip} has no link beyond its node ([scale_out] of its profile)",
                    chip=chip.name,
                )
    return ""


def refuse_apart(system: System, chips: int) -> None:
    """Raise `InputError` where the pools cannot be joined."""
    reason = apart(system, chips)
    if reason:
        raise InputError(say("prefill and decode pools cannot be joined: {reason}", reason=reason))
