"""No layout that was measured is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from engine.evidence.measured.library import Library
from engine.evidence.measured.predict import calls_of, groups_of
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.record import PUBLISHED
from engine.model.architecture import Architecture
from engine.scenario import LayoutLimits
from engine.serve.kinds import kind_of
from engine.serve.system import System
from engine.work.arrangement import Arrangement, Disaggregated
from engine.work.layout import Layout


def _layouts(arrangement: Arrangement) -> tuple[Layout, ...]:
    if isinstance(arrangement, Disaggregated):
        return arrangement.prefill.layout, arrangement.decode.layout
    return (arrangement.single.layout,)


def _measured() -> Iterator[tuple[System, Layout]]:
    library = Library(None)
    calls, refused = calls_of(read_measurements(PUBLISHED), library)
    for group in groups_of(calls, refused, library):
        if isinstance(group.system.model, Architecture):
            used = chain.from_iterable(_layouts(one.arrangement) for one in group.calls)
            yield from ((group.system, layout) for layout in dict.fromkeys(used))


def test_measured_layouts_are_offered_to_who_asks_for_their_degrees():
    found = list(_measured())
    assert len(found) > 100
    for system, layout in found:
        degrees = (layout.tensor, layout.pipeline, layout.expert, layout.attention_data)
        limits = LayoutLimits(*((one,) for one in degrees))
        kind = kind_of(system.model.kind)
        assert kind.arrangements(system, layout.chips_per_replica, limits), layout.name
