"""One kind of thing that can be picked from a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.scenario import Scenario
from engine.words.errors import RooftopError
from tui.fuzzy import score


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of thing that can be picked. ``words`` name it after ``:``; ``current`` says which
    is in force, ``values`` which there are, ``facts`` what is known of one. ``typed`` says whether
    what was typed is meant as it stands, though nothing of that name is listed; ``alias`` which
    value a short name stands for."""

    id: str
    title: str
    words: tuple[str, ...]
    current: Callable[[Scenario], str]
    values: Callable[[Scenario], Sequence[str]]
    facts: Callable[[Scenario, str], str]
    typed: Callable[[str], bool]
    alias: Callable[[str], str] = lambda text: ""
    several: bool = False
    """Whether several can be marked, to be put side by side."""

    def told(self, scenario: Scenario, value: str) -> str:
        """The facts of a value; what is wrong with one that cannot be read."""
        try:
            return self.facts(scenario, value)
        except (RooftopError, OSError) as error:
            return str(error)

    def found(self, scenario: Scenario, text: str) -> list[str]:
        """The values that answer what was typed, best first; in their own order while nothing is
        typed."""
        if not text.strip():
            return list(self.values(scenario))
        meant = self.alias(text.strip())
        scored = ((score(text, value), value) for value in self.values(scenario))
        kept = [(value, points) for points, value in scored if points is not None]
        ranked = sorted(kept, key=lambda one: (one[0] != meant, one[1]))
        return [value for value, _ in ranked]

    def meant(self, text: str, under_cursor: str | None) -> str:
        """What enter takes: the value under the cursor, or what was typed as it stands."""
        if under_cursor is None or self.typed(text.strip()):
            return text.strip() or (under_cursor or "")
        return under_cursor
