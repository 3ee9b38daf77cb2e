"""How chips are used: replicas of one layout, or a pool of prefill and a pool of decode workers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from engine.scenario import LayoutLimits, PoolChoice
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.work.layout import Layout

FINEST_STEP = 32
"""Numbers of replicas are all tried up to so many, then every one that is a part more."""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """Replicas of one layout, each of which does prefill and decode."""

    layout: Layout

    @property
    def replicas(self) -> int:
        """Copies that serve independently: concurrency is batch × replicas."""
        return self.layout.replicas

    @property
    def chips(self) -> int:
        """Chips of all replicas."""
        return self.layout.chips

    @property
    def single(self) -> Aggregated:
        """The same layout with one replica: what tells arrangements of other chip counts apart."""
        return Aggregated(replace(self.layout, replicas=1))

    @property
    def layout_name(self) -> str:
        """The layout, however many replicas there are of it."""
        return self.single.name

    def with_fewer_replicas(self) -> tuple[Aggregated, ...]:
        """The same with one replica, two, and so on; of many, in steps of one part in
        `FINEST_STEP`."""
        counts = [1]
        while counts[-1] < self.replicas:
            counts.append(min(counts[-1] + max(counts[-1] // FINEST_STEP, 1), self.replicas))
        return tuple(Aggregated(replace(self.layout, replicas=count)) for count in counts)

    @property
    def name(self) -> str:
        """``TP8 EP16 DP2 ×2``."""
        return self.layout.name

    def columns(self) -> dict[str, int]:
        """The degrees, by the names that files and tables use."""
        layout = self.layout
        return {
            "tensor": layout.tensor,
            "pipeline": layout.pipeline,
            "expert": layout.expert,
            "attention_data": layout.attention_data,
            "replicas": layout.replicas,
        }


@dataclass(frozen=True, slots=True)
class Pool:
    """The workers of one role, each of ``layout`` (of one replica)."""

    layout: Layout
    workers: int

    @property
    def chips(self) -> int:
        """Chips of all workers."""
        return self.layout.chips_per_replica * self.workers

    @property
    def name(self) -> str:
        """``TP1 EP8 DP8 ×2``; one worker is left out."""
        return replace(self.layout, replicas=self.workers).name

    @property
    def spelt(self) -> str:
        """``TP1 EP8 DP8 x2``, as a `PoolChoice` has it and keyboards type it."""
        return self.name.replace("×", "x")


@dataclass(frozen=True, slots=True)
class Disaggregated:
    """Prefill and decode on separate pools; the whole is one replica."""

    prefill: Pool
    decode: Pool

    @property
    def replicas(self) -> int:
        """One: both pools together serve all requests in flight."""
        return 1

    @property
    def chips(self) -> int:
        """Chips of both pools."""
        return self.prefill.chips + self.decode.chips

    @property
    def single(self) -> Disaggregated:
        """Itself: both pools are one replica."""
        return self

    @property
    def layout_name(self) -> str:
        """Both layouts, however many workers there are of each."""
        return (
            f"P {replace(self.prefill, workers=1).name} | D {replace(self.decode, workers=1).name}"
        )

    def with_fewer_replicas(self) -> tuple[Disaggregated, ...]:
        """Itself."""
        return (self,)

    @property
    def name(self) -> str:
        """``P TP4 ×3 | D TP8 EP8``."""
        return f"P {self.prefill.name} | D {self.decode.name}"

    def columns(self) -> dict[str, int]:
        """The degrees of both pools, by the names that files and tables use."""
        pools = (("prefill", self.prefill), ("decode", self.decode))
        return {
            f"{role}_{name}": value
            for role, pool in pools
            for name, value in (
                ("tensor", pool.layout.tensor),
                ("pipeline", pool.layout.pipeline),
                ("expert", pool.layout.expert),
                ("attention_data", pool.layout.attention_data),
                ("workers", pool.workers),
            )
        }


Arrangement = Aggregated | Disaggregated


def limits_to(layout: Layout) -> LayoutLimits:
    """The limits that leave one layout, however many replicas of it."""
    return LayoutLimits(
        (layout.tensor,), (layout.pipeline,), (layout.expert,), (layout.attention_data,)
    )


def given_layout(limits: LayoutLimits, chips: int | None) -> Layout:
    """The one layout that degrees name, on ``chips`` (None: of one replica).

    TP is the chips that are left where it is not given. Raises `InputError` for several degrees,
    and for chips or ranks that do not divide.
    """
    for option, degrees in (
        ("tp", limits.tensor),
        ("pp", limits.pipeline),
        ("ep", limits.expert),
        ("dp", limits.attention_data),
    ):
        if len(degrees) > 1:
            raise InputError(
                say(
                    "--{option}: found {degrees} degrees, expected the one used",
                    option=option,
                    degrees=len(degrees),
                )
            )
    pipeline = (*limits.pipeline, 1)[0]
    attention = (*limits.attention_data, 1)[0]
    left = max((chips or 1) // (pipeline * attention), 1)
    tensor = (*limits.tensor, left)[0]
    expert = (*limits.expert, 1)[0]
    used = tensor * pipeline * attention
    if chips is not None and chips % used:
        raise InputError(
            say(
                "--chips {chips}: expected a multiple of the {used} that one copy uses",
                chips=chips,
                used=used,
            )
        )
    if (tensor * attention) % expert:
        raise InputError(
            say(
                "--ep {expert}: expected a divisor of {tensor} ranks",
                expert=expert,
                tensor=tensor * attention,
            )
        )
    return Layout(tensor, pipeline, expert, attention, (chips or used) // used)


_DEGREES = {"TP": "tensor", "PP": "pipeline", "EP": "expert", "DP": "attention_data"}
_WORD = r"(TP|PP|EP|DP)(\d{1,5})"
_WORKERS = r"[x×](\d{1,5})"


def parse_pool(text: str, what: str) -> Pool:
    """``TP1 EP8 DP8 x2`` as a pool; raises `InputError` naming ``what`` and the bad word."""
    degrees: dict[str, int] = {}
    workers = 1
    # The count may stand close to the degrees, as in TP4x2.
    for word in re.sub(r"(?<=\d)(?=[x×])", " ", text, flags=re.IGNORECASE).split():
        if found := re.fullmatch(_WORD, word, re.IGNORECASE | re.ASCII):
            degrees[_DEGREES[found[1].upper()]] = int(found[2])
        elif found := re.fullmatch(_WORKERS, word, re.IGNORECASE | re.ASCII):
            workers = int(found[1])
        else:
            raise InputError(
                say(
                    "{what}: found {word!r}, expected degrees and workers as TP1 EP8 DP8 x2",
                    what=what,
                    word=clean(word, 40),
                )
            )
    layout = Layout(**degrees)
    if 0 in degrees.values() or workers < 1:
        raise InputError(
            say(
                "{what}: found a 0 in {text!r}, expected numbers from 1",
                what=what,
                text=clean(text, 60),
            )
        )
    if layout.ranks % layout.expert:
        raise InputError(
            say(
                "{what}: EP{expert} does not divide the {ranks} ranks of "
                "TP{tensor} DP{attention_data}",
                what=what,
                expert=layout.expert,
                ranks=layout.ranks,
                tensor=layout.tensor,
                attention_data=layout.attention_data,
            )
        )
    return Pool(layout, workers)


def given_pool(text: str, role: str) -> Pool | None:
    """The pool that is spelt out; None where it is left to the search. Raises `InputError`."""
    return parse_pool(text, f"--{role}") if text else None


def given_pools(choice: PoolChoice) -> Disaggregated | None:
    """Both pools where both are spelt out; None where one is left to the search. Raises
    `InputError` for words that are none of a pool."""
    prefill = given_pool(choice.prefill, "prefill")
    decode = given_pool(choice.decode, "decode")
    if prefill is None or decode is None:
        return None
    return Disaggregated(prefill, decode)
