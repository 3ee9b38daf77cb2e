"""One line of a form: how a part of the Scenario is read, written and stepped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.model.kinds import ModelCategory, ModelKind
from engine.scenario import Scenario
from engine.words.errors import InputError

if TYPE_CHECKING:
    from engine.plan.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. ``write`` raises `InputError` in one line; ``choices`` (when given)
    are cycled with the arrow keys; ``kinds`` are the models it makes sense for."""

    id: str
    label: str
    read: Callable[[Scenario], str]
    write: Callable[[Scenario, str], Scenario]
    step: Callable[[Scenario, int], Scenario] | None = None
    choices: Callable[[], tuple[str, ...]] | None = None
    hint: str = ""
    kinds: tuple[ModelCategory, ...] = tuple(ModelCategory)
    standing: Callable[[Prepared], str] | None = None
    """What holds where nothing is chosen, as the engine, the chip or the model has it."""
    group: str = ""
    """The heading that it is folded under; nothing for what is used most."""


LANGUAGE = (ModelCategory.LANGUAGE,)
FORWARD = tuple(one for one in ModelCategory if one.kind is ModelKind.FORWARD)


def grouped(group: str, *fields: Field) -> tuple[Field, ...]:
    """``fields`` under a heading, ``group``, that opens."""
    return tuple(replace(one, group=group) for one in fields)


def cycle(field: Field, scenario: Scenario, direction: int) -> Scenario:
    """The scenario with the field's next or previous choice, or one step up or down."""
    if field.choices is not None:
        options = field.choices()
        current = field.read(scenario)
        place = options.index(current) if current in options else -direction
        for step in range(1, len(options)):
            # A choice that cannot be made (a broken profile of one's own) is not the end of them.
            with contextlib.suppress(InputError):
                return field.write(scenario, options[(place + step * direction) % len(options)])
        return scenario
    if field.step is not None:
        return field.step(scenario, direction)
    return scenario


def power_of_two_step(value: int, direction: int, most: int = 1 << 20) -> int:
    """The next power of two above or below; from any number to a round one in one step."""
    if direction > 0:
        return min(1 << value.bit_length(), most) if value < most else value
    return max(1 << ((value - 1).bit_length() - 1), 1) if value > 1 else 1


def ten_percent_step(value: float, direction: int) -> float:
    """A tenth up, or back down again, in three digits."""
    return float(f"{value * (1.1 if direction > 0 else 1 / 1.1):.3g}")


def share_step(value: float, direction: int, least: float = 0.0, step: float = 0.05) -> float:
    """The next share above or below, from ``least`` to 1."""
    return round(min(max(value + step * direction, least), 1.0), 2)


def fields_for(form: tuple[Field, ...], kind: ModelCategory) -> tuple[Field, ...]:
    """The fields of a form that make sense for a model of that ``kind``."""
    return tuple(field for field in form if kind in field.kinds)
