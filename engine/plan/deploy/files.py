"""What a saved plan is deployed with: files of one kind, of the same processes as its launch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.model.precision import Precision
from engine.plan.deploy.context import Contexts
from engine.plan.deploy.frame import render
from engine.plan.deploy.kind import DeploymentKind, load_deployment
from engine.plan.deploy.refusal import refuse
from engine.plan.launch.checkpoint import UNNAMED
from engine.plan.launch.process import Launch
from engine.plan.launch.remark import Remark
from engine.plan.launch_lines import launch_of
from engine.plan.prepared import Prepared, prepare_on
from engine.plan.saved.plan_file import PlanFile
from engine.scenario import Scenario
from engine.sources.files import write_text
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.system_errors import system_reason
from engine.words.text import clean
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Files by name, which of them are run, and the gaps and notes of their processes."""

    files: Mapping[str, str]
    executable: frozenset[str]
    remarks: tuple[Remark, ...]


def deploy(plan: PlanFile, kind_name: str, version: str = "") -> Artefacts:
    """The files of one kind of deployment for a plan; raises `InputError`."""
    kind = load_deployment(kind_name)
    choice = plan.choice
    prepared = prepare_on(plan.scenario, choice.arrangement)
    found = [one for one in prepared.precisions if choice.precision in {one.label, one.name}]
    if not found:
        known = ", ".join(one.label for one in prepared.precisions)
        raise InputError(
            say(
                "choice.precision: found {precision!r}, the scenario has {known}",
                precision=clean(choice.precision, 60),
                known=clean(known, 200),
            )
        )
    chosen = (choice.arrangement, found[0], choice.batch)
    return deploy_row(prepared, plan.scenario, *chosen, kind, version)


def deploy_row(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
    kind: DeploymentKind,
    version: str = "",
) -> Artefacts:
    """The files of a kind for one candidate; raises `InputError`, also where the engine would not
    run at all."""
    launch = launch_of(
        prepared, scenario, arrangement, precision, batch, version, bool(kind.address)
    )
    if launch.refused:
        raise InputError(say("the plan cannot be deployed: {refused}", refused=launch.refused[0]))
    if not launch.processes:
        raise InputError(say("the plan cannot be deployed: {gaps}", gaps=launch.gaps[0]))
    title = (
        f"{prepared.model.name} on {arrangement.chips} x {prepared.chip.name} as "
        f"{arrangement.name.replace('×', 'x')}, {batch * arrangement.replicas} requests in flight"
    )
    named = launch.model if launch.model not in {"", UNNAMED} else ""
    model = named or prepared.model.repository or scenario.model
    return artefacts(launch, kind, title, model)


def artefacts(launch: Launch, kind: DeploymentKind, title: str, model: str) -> Artefacts:
    """The files of a kind for a launch at hand; raises `InputError` where the kind cannot run the
    engine."""
    refuse(launch, kind)
    context = Contexts(launch, kind, title, model).whole()
    text = render(kind.frame, kind.blocks, context)
    executable = frozenset({kind.file}) if kind.executable else frozenset()
    others = {name: render(frame, kind.blocks, context) for name, frame in kind.others.items()}
    return Artefacts({kind.file: text, **others}, executable, launch.remarks)


def write_artefacts(made: Artefacts, folder: Path, *, force: bool) -> tuple[Path, ...]:
    """Write all files into ``folder``, which is made where it is not there. None is written where
    one exists, unless ``force``. Raises `InputError`."""
    paths = {name: folder / name for name in made.files}
    for path in paths.values():
        if not force and os.path.lexists(path):
            raise InputError(
                say(
                    "{path}: exists, nothing was written; --force replaces it",
                    path=clean(str(path), 160),
                )
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            say(
                "{folder}: {reason}, expected a folder",
                folder=clean(str(folder), 160),
                reason=system_reason(error),
            )
        ) from None
    for name, path in paths.items():
        write_text(path, made.files[name])
        if name in made.executable:
            path.chmod(path.stat().st_mode | 0o111)
    return tuple(paths.values())
