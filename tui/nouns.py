"""What can be picked from a list: chips, models, engines, saved plans, precisions, each with a line
of facts. Lists are cheap; facts are read for the lines that are drawn."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.fuzzy import score

if TYPE_CHECKING:
    from tui.session.past import Past

MOST_PLANS = 500
"""Files of a folder that are looked at."""
RATE = "rate"
"""The scenario's own requests per second, among files that say others."""
PRECISIONS = ("W16A16", "W8A16", "W8A8", "W4A16", "W4A8", "W4A4")


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


# --- chips ------------------------------------------------------------------------------------


def _chips(scenario: Scenario) -> Sequence[str]:
    from engine.hardware.chip_profiles import chip_ids

    return chip_ids()


def _chip_facts(scenario: Scenario, value: str) -> str:
    from engine.hardware.chip_profiles import load_chip
    from engine.plan.face.lists import chip_row, runs_told
    from engine.plan.money.prices import load_prices

    row = chip_row(load_chip(value))
    peaks = row["peak_tflops"]
    fastest = ", ".join(f"{name} {peaks[name]:,.0f}" for name in ("bf16", "fp8") if name in peaks)
    measured = (
        say("measured: {runs}", runs=runs_told(row))
        if row["runs"] != "none"
        else say(row["constants"])
    )
    price = load_prices(scenario.prices).of(value)
    dollars = say("${price:g}/h · ", price=price) if math.isfinite(price) else ""
    return dollars + say(
        "{memory_gib:,.0f} GiB · {bandwidth_gbs:,.0f} GB/s · {measured} · {fastest} "
        "TFLOP/s · {name}",
        memory_gib=row["memory_gib"],
        bandwidth_gbs=row["bandwidth_gbs"],
        fastest=fastest,
        measured=measured,
        name=row["name"],
    )


def _chip_of_alias(text: str) -> str:
    from engine.hardware.chip_profiles import chip_aliases

    return chip_aliases().get(text.lower(), "")


def _current_chip(scenario: Scenario) -> str:
    return _chip_of_alias(scenario.chip) or scenario.chip


def _several(text: str) -> bool:
    """Only what is listed can be meant, one or several; ``any`` is every one."""
    return "," in text or text == "any"


# --- models -----------------------------------------------------------------------------------


def _models(scenario: Scenario) -> Sequence[str]:
    from engine.model.model_profiles import model_names

    return model_names()


def _model_facts(scenario: Scenario, value: str) -> str:
    from engine.model.architecture import Architecture
    from engine.model.config import load_architecture
    from tui.drawing.format import count

    model = load_architecture(value)
    architecture = model.architecture
    if not isinstance(architecture, Architecture):
        return say(
            "{parameters:,.1f} M parameters · {kind}",
            parameters=architecture.parameters / 1e6,
            kind=say(model.kind),
        )
    total, active = architecture.total_parameters / 1e9, architecture.active_parameters / 1e9
    sparse = say(" ({active:.3g} B active)", active=active) if active < 0.99 * total else ""
    size = f"{total:,.0f}" if total >= 1000 else f"{total:.3g}"
    context = say(" · context {count}", count=count(architecture.maximum_positions))
    context = context if architecture.maximum_positions else ""
    return say(
        "{size} B{sparse}{context} · {precision}",
        size=size,
        sparse=sparse,
        context=context,
        precision=model.precision.name,
    )


def _is_model_reference(text: str) -> bool:
    """Whether a model is named by a path, a hub id or a benchmark name."""
    from engine.model.config.find import is_path
    from engine.plan.names.parse import is_benchmark_name

    return bool(text) and ("/" in text or is_path(text) or is_benchmark_name(text))


# --- engines ----------------------------------------------------------------------------------


def _engines(scenario: Scenario) -> Sequence[str]:
    from engine.hardware.framework_profiles import framework_ids

    return framework_ids()


def _engine_facts(scenario: Scenario, value: str) -> str:
    from engine.hardware.framework_profiles import load_framework
    from engine.plan.face.lists import framework_row

    row = framework_row(load_framework(value))
    return say(
        "{name} {version} · constants {constants}",
        name=row["name"],
        version=row["version"],
        constants=say(row["constants"]),
    )


# --- plans ------------------------------------------------------------------------------------


def _plans(scenario: Scenario) -> Sequence[str]:
    """Plan files of the folder, the newest first, then those saved or opened last elsewhere."""
    from tui.session.recent import recent_plans

    found: list[tuple[float, str]] = []
    with contextlib.suppress(OSError):
        for entry in list(os.scandir("."))[:MOST_PLANS]:
            if entry.name.endswith(".toml") and entry.is_file():
                found.append((-entry.stat().st_mtime, entry.name))
    here = Path.cwd()
    elsewhere = [one for one in recent_plans() if Path(one).parent != here]
    names = [*(name for _, name in sorted(found)), *map(_short, elsewhere)]
    return [*(name for name in names if _answer(name)), *_past(scenario)]


def _past(scenario: Scenario) -> dict[str, Past]:
    """Scenarios that were worked on before, by their names; the one in force is none of them."""
    from engine.plan.saved.plan_file import scenario_document
    from tui.session.past import past_scenarios

    now = scenario_document(scenario)
    return {one.name: one for one in past_scenarios() if one.document != now}


def _short(path: str) -> str:
    """A path with ``~`` for the home folder."""
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(f"{home}{os.sep}") else path


def _answer(name: str) -> str:
    """What a plan answers; nothing of a file that is no plan."""
    from engine.plan.saved.plan_file import MAXIMUM_BYTES
    from engine.sources.files import read_toml, user_path
    from engine.words.text import clean

    with contextlib.suppress(RooftopError):
        document = read_toml(user_path(name), MAXIMUM_BYTES, "a plan")
        if "schema_version" in document:
            return clean(str(document.get("answer", say("no answer"))), 400)
    return ""


def _plan_facts(scenario: Scenario, value: str) -> str:
    from engine.sources.files import user_path

    past = _past(scenario).get(value)
    if past is not None:
        return say("{saved_at} · a scenario, not saved as a plan", saved_at=past.saved_at)
    day = time.strftime("%d %b %H:%M", time.localtime(user_path(value).stat().st_mtime))
    return f"{day} · {_answer(value).removeprefix('Serve ')}"


def _is_plan_path(text: str) -> bool:
    from engine.sources.files import user_path

    return bool(text) and (text.endswith(".toml") or "/" in text or user_path(text).is_file())


# --- precisions -------------------------------------------------------------------------------


def _precision_facts(scenario: Scenario, value: str) -> str:
    from engine.hardware.chip_profiles import load_chip
    from engine.plan.names.named_scenario import formats_of

    chip = load_chip(scenario.chip)
    precision = formats_of(value, chip)
    computes = precision.activations.compute
    rate = chip.peak_flops.get(computes)
    speed = (
        say("{computes} at {rate:,.0f} TFLOP/s", computes=computes, rate=rate / 1e12)
        if rate
        else say("no {computes} on this chip", computes=computes)
    )
    return say(
        "{speed} · weights {weights}, activations {activations}",
        speed=speed,
        weights=precision.weights.name,
        activations=precision.activations.name,
    )


def _current_precision(scenario: Scenario) -> str:
    from engine.plan.prepared import prepare

    with contextlib.suppress(RooftopError):
        return prepare(scenario).precisions[0].name
    return ""


def _is_precision(text: str) -> bool:
    from engine.model.precision import parse_precision

    if "," in text:
        return True
    with contextlib.suppress(RooftopError):
        return bool(text) and parse_precision(text) is not None
    return False


# --- kinds of deployment ----------------------------------------------------------------------


def _deployments(scenario: Scenario) -> Sequence[str]:
    from engine.plan.deploy.kind import deployment_ids

    return deployment_ids()


def _deployment_facts(scenario: Scenario, value: str) -> str:
    from engine.plan.deploy.kind import load_deployment

    kind = load_deployment(value)
    return f"{kind.name} · {kind.file}"


# --- fleets -----------------------------------------------------------------------------------


def _fleets(scenario: Scenario) -> Sequence[str]:
    """The rate, then days, traces and stocks of the folder, the newest first."""
    found: list[tuple[float, str]] = []
    with contextlib.suppress(OSError):
        for entry in list(os.scandir("."))[:MOST_PLANS]:
            if entry.name.endswith((".csv", ".jsonl", ".toml")) and entry.is_file():
                found.append((-entry.stat().st_mtime, entry.name))
    names = (name for _, name in sorted(found))
    return [RATE, *(one for one in names if not one.endswith(".toml") or _is_stock(one))]


def _is_stock(name: str) -> bool:
    from engine.plan.stock import EXPECTED, MAXIMUM_BYTES
    from engine.sources.files import read_toml, user_path

    with contextlib.suppress(RooftopError):
        return "loads" in read_toml(user_path(name), MAXIMUM_BYTES, EXPECTED)
    return False


def _is_fleet_path(text: str) -> bool:
    return bool(text) and ("/" in text or "." in text or is_of_chips(text))


def is_of_chips(text: str) -> bool:
    """Whether a fleet is asked for on several chips, as ``h100,h200``."""
    return "," in text and "/" not in text and "." not in text


def _fleet_facts(scenario: Scenario, value: str) -> str:
    from engine.sources.files import user_path

    if value == RATE:
        rate = scenario.workload.rate
        words = say("chips of every layout that carry {rate:g} requests/s", rate=rate)
        return words if rate else say("needs requests per second: :rate 12")
    if value.endswith(".toml"):
        from engine.plan.stock import read_stock

        stock = read_stock(user_path(value), scenario)
        named = ", ".join(f"{count} × {chip}" for chip, count in stock.chips.items())
        return say("{loads} loads on {named}", loads=len(stock.loads), named=named)
    return say("a day or a trace, {size:,} KiB", size=user_path(value).stat().st_size // 1024)


NOUNS: tuple[Noun, ...] = (
    Noun(
        "chip",
        "chip",
        ("chip",),
        _current_chip,
        _chips,
        _chip_facts,
        _several,
        _chip_of_alias,
        True,
    ),
    Noun(
        "model", "model", ("model",), lambda s: s.model, _models, _model_facts, _is_model_reference
    ),
    Noun(
        "engine",
        "engine",
        ("engine", "framework"),
        lambda s: s.framework,
        _engines,
        _engine_facts,
        _several,
        several=True,
    ),
    Noun(
        "open",
        "plan or past scenario",
        ("plan", "open", "past", "scenario"),
        lambda s: "",
        _plans,
        _plan_facts,
        _is_plan_path,
    ),
    Noun(
        "precision",
        "precision",
        ("precision",),
        _current_precision,
        lambda s: PRECISIONS,
        _precision_facts,
        _is_precision,
        several=True,
    ),
    Noun(
        "deploy",
        "deployment",
        ("deploy", "deployment"),
        lambda s: "",
        _deployments,
        _deployment_facts,
        lambda text: False,
    ),
    Noun(
        "fleet",
        "fleet: the rate, a day, a trace or a stock",
        ("fleet", "day", "stock"),
        lambda s: "",
        _fleets,
        _fleet_facts,
        _is_fleet_path,
    ),
)
"""Each taken by the command of its id."""
BY_ID = {noun.id: noun for noun in NOUNS}
BY_WORD = {word: noun for noun in NOUNS for word in noun.words}


def choice_noun(
    id: str, label: str, read: Callable[[Scenario], str], choices: Callable[[], tuple[str, ...]]
) -> Noun:
    """A field of a form that has choices, as something to pick."""

    def is_meant(text: str) -> bool:
        return bool(text) and text not in choices() and any(one.isdigit() for one in text)

    def no_facts(scenario: Scenario, value: str) -> str:
        return ""

    return Noun(id, label, (), read, partial(_of_field, choices), no_facts, is_meant)


def _of_field(choices: Callable[[], tuple[str, ...]], scenario: Scenario) -> Sequence[str]:
    return choices()
