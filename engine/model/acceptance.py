"""How many drafted tokens are kept: by position, model, method and kind of text.

The figures stand in ``profiles/acceptance/``, each row with its sources. Where a model has none
for a text, its others are scaled as the method's are; where it has none at all, its family's count,
then the method's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import accumulate
from operator import mul
from statistics import median

from engine.model.draft import DraftMethod
from engine.scenario import Text
from engine.sources.profile_files import bundled_files, read_toml

MOST_KEPT = 0.99
FALL = 0.95
"""Of the chance from one position to the next: the median of what was published."""
_STEM = re.compile(
    r"[-_](instruct|chat|it|base|hf|fp8|bf16|fp4|int4|nvfp4|mxfp4|preview|thinking|dspark|v0\.\d+|\d{4})$"
)
_MAKERS = re.compile(r"^(meta|nvidia|openai|mistralai|amd)[-_]")
_FAMILY = re.compile(r"[a-z]+(?:-oss)?")


class Basis(StrEnum):
    """Whose figures are used."""

    MODEL = "this model"
    OTHER_TEXT = "this model on other text"
    FAMILY = "models of its family"
    METHOD = "other models"
    OTHER_METHOD = "EAGLE-3, in place of this method"


SPREADS = {
    Basis.MODEL: 0.09,
    Basis.OTHER_TEXT: 0.14,
    Basis.FAMILY: 0.11,
    Basis.METHOD: 0.16,
    Basis.OTHER_METHOD: 0.16,
}
"""Relative: two of three published tokens of a step (of three drafted ones) lie so near to what is
said without these figures, their model or their family; of a model's own, the median spread where
there are at least `SEVERAL` figures. Less is not claimed."""
SEVERAL = 3
LOOKED_UP_SPREAD = 0.3
"""The same of n-grams: how much of an answer stands in its prompt differs from task to task by more
than models do (1.7 tokens of a step over Spec-Bench's six, 3.0 in edits of code)."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Share of the steps that keep the drafted token at each position, from the first.

    ``low`` and ``high`` are the least and most tokens per step that were published, at ``length``
    drafted ones (a range for figures of several); ``figures`` is their number.
    """

    model: str
    method: DraftMethod
    text: Text
    kept: tuple[float, ...]
    figures: int
    spread: float
    """Relative: two of three figures lie inside."""
    sources: tuple[str, ...]
    basis: Basis = Basis.MODEL

    def first(self, tokens: int) -> tuple[float, ...]:
        """Of as many positions, as `further` has them."""
        return further(self.kept, tokens)


def further(kept: Sequence[float], tokens: int) -> tuple[float, ...]:
    """Shares kept at as many positions; beyond the last known one, the chance that a token is kept,
    given that all before it were, falls as it usually does."""
    chances = list(_chances(kept))
    while len(chances) < tokens:
        chances.append(chances[-1] * FALL)
    return _shares(chances[:tokens])


@cache
def known_acceptances() -> tuple[Acceptance, ...]:
    """Every row of ``profiles/acceptance/``."""
    found = []
    for path in bundled_files("acceptance").values():
        found += [
            Acceptance(
                row["model"],
                DraftMethod(row["method"]),
                Text(row["text"]),
                tuple(row["kept"]),
                row["figures"],
                row["spread"],
                tuple(row["sources"]),
            )
            for row in read_toml(path)["acceptance"]
        ]
    return tuple(found)


def stem(name: str) -> str:
    """A model's name without maker, tuning, format and date: ``deepseek-r1``."""
    short = _MAKERS.sub("", name.lower().replace("__", "/").rstrip("/").rpartition("/")[2])
    while (shorter := _STEM.sub("", short)) != short:
        short = shorter
    return short


def family(name: str) -> str:
    """The first word of a model's name: ``deepseek``."""
    found = _FAMILY.match(stem(name))
    return found.group() if found else ""


@cache
def acceptance_of(name: str, method: DraftMethod, text: Text) -> Acceptance:
    """What is known of drafts by ``method`` for the model of a ``name`` on ``text``."""
    found = _known(name, method, text)
    if found.basis is Basis.MODEL and found.figures >= SEVERAL:
        return found
    least = LOOKED_UP_SPREAD if method is DraftMethod.NGRAM else SPREADS[found.basis]
    return replace(found, spread=max(found.spread, least))


def _known(name: str, method: DraftMethod, text: Text) -> Acceptance:
    rows = [one for one in known_acceptances() if one.method is method]
    if text is not Text.RANDOM:
        # What is kept of random tokens says nothing of real ones: of GLM-5.1 1.64 tokens a step of
        # three drafted ones, in part for an engine's norm (vLLM's PR 45895), 3.2 of real prompts.
        rows = [one for one in rows if one.text is not Text.RANDOM]
    if not rows:
        # Methods that nobody has published figures of are taken to be like EAGLE-3's.
        like = acceptance_of(name, DraftMethod.EAGLE3, text)
        return replace(like, method=method, basis=Basis.OTHER_METHOD)
    own = [one for one in rows if one.model == stem(name)]
    akin = [one for one in rows if family(one.model) == family(name)]
    for group, basis in ((own, Basis.MODEL), (akin, Basis.FAMILY), (rows, Basis.METHOD)):
        if group:
            exact = [one for one in group if one.text is text]
            if exact:
                return replace(_middle(exact), basis=basis)
            if basis is Basis.MODEL:
                return _carried_over(own, rows, text)
    return replace(_middle(rows), text=text, basis=Basis.METHOD)


def _middle(rows: Sequence[Acceptance]) -> Acceptance:
    """The median of several, position by position."""
    longest = max(len(one.kept) for one in rows)
    columns = zip(*(one.first(longest) for one in rows), strict=True)
    return replace(
        rows[0],
        kept=tuple(median(column) for column in columns),
        figures=sum(one.figures for one in rows),
        spread=max(_between(rows), *(one.spread for one in rows)),
        sources=tuple(dict.fromkeys(source for one in rows for source in one.sources)),
    )


def _between(rows: Sequence[Acceptance]) -> float:
    """How far several models are apart in tokens of a step, relative to their median."""
    yields = sorted(1.0 + sum(one.first(3)) for one in rows)
    middle = median(yields)
    return median(abs(one / middle - 1.0) for one in yields)


def _carried_over(own: Sequence[Acceptance], rows: Sequence[Acceptance], text: Text) -> Acceptance:
    """A model's figures on other text, changed as those of the method change with the text."""
    real = [one for one in own if one.text is not Text.RANDOM] or list(own)
    mine = _middle(real)
    there = _all_of(rows, lambda one: one.text is text)
    here = _all_of(rows, lambda one: one.text in {each.text for each in real})
    if there is None or here is None:
        return replace(mine, text=text, basis=Basis.OTHER_TEXT)
    places = len(mine.kept)
    columns = (mine.kept, there.first(places), here.first(places))
    chances = (
        _odds_changed(chance, new, old)
        for chance, new, old in zip(*map(_chances, columns), strict=True)
    )
    return replace(mine, text=text, kept=_shares(chances), basis=Basis.OTHER_TEXT)


def _odds_changed(chance: float, new: float, old: float) -> float:
    """A chance whose odds change as those of ``old`` to ``new`` do."""
    chance, new, old = (min(max(one, 1.0 - MOST_KEPT), MOST_KEPT) for one in (chance, new, old))
    odds = chance / (1.0 - chance) * (new / (1.0 - new)) / (old / (1.0 - old))
    return odds / (1.0 + odds)


def _chances(kept: Iterable[float]) -> Iterator[float]:
    """Of each position, given that all before it were kept."""
    before = 1.0
    for share in kept:
        yield share / before if before > 0 else 0.0
        before = share


def _shares(chances: Iterable[float]) -> tuple[float, ...]:
    """What `_chances` are of."""
    return tuple(accumulate(chances, mul))


def _all_of(rows: Sequence[Acceptance], wanted: Callable[[Acceptance], bool]) -> Acceptance | None:
    chosen = [one for one in rows if wanted(one)]
    return _middle(chosen) if chosen else None
