"""The only way to a number: a system, how chips are used, requests, a load, sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.serve.kinds import kind_of
from engine.serve.load import Load
from engine.serve.outcome import Outcome
from engine.serve.requests import Requests
from engine.serve.system import System
from engine.words.arrays import FloatArray, IntArray
from engine.work.arrangement import Arrangement


def predict(
    system: System,
    arrangements: Sequence[Arrangement],
    requests: Requests,
    load: Load,
    sizes: FloatArray | IntArray,
) -> Outcome:
    """What users see of ``requests`` that come as ``load`` says.

    ``arrangements`` are of one type. ``sizes`` are sequences in flight per replica (samples of a
    batch for forward models), of shape (sizes,), (1, sizes) or (arrangements, sizes); lengths of
    requests may be columns of (arrangements, 1). Arrays of the outcome are (arrangements, sizes),
    and no row depends on its neighbours. Raises `InputError` for a chip without constants.
    """
    table = np.atleast_2d(np.asarray(sizes, dtype=float))
    return kind_of(system.model.kind).predict(system, arrangements, requests, load, table)


def largest_sizes(
    system: System, arrangements: Sequence[Arrangement], requests: Requests, load: Load
) -> FloatArray:
    """The largest size that memory holds and the scheduler admits, a column of (arrangements, 1);
    0 where nothing starts."""
    return kind_of(system.model.kind).largest(system, arrangements, requests, load)
