"""The lines of a form: fields, and headings that rarely used ones are folded under. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from engine.scenario import Scenario
from tui.fields.field import Field


@dataclass(frozen=True, slots=True)
class Heading:
    """A group of fields; ``opened`` says whether they stand below it."""

    group: str
    fields: tuple[Field, ...]
    opened: bool

    def chosen(self, scenario: Scenario) -> tuple[tuple[str, str], ...]:
        """Labels and values of its fields that were chosen: those not as at the first start."""
        return tuple(
            (one.label, one.read(scenario))
            for one in self.fields
            if one.read(scenario) != one.read(_UNTOUCHED)
        )


FormRow = Field | Heading
_UNTOUCHED = Scenario()


def form_rows(fields: Sequence[Field], opened: Container[str]) -> Iterator[FormRow]:
    """Fields in their order, each group of them behind its heading."""
    for group, members in groupby(fields, key=lambda one: one.group):
        if not group:
            yield from members
            continue
        inside = tuple(members)
        yield Heading(group, inside, group in opened)
        if group in opened:
            yield from inside
