"""What a kind of deployment cannot start, each with its reason."""

from __future__ import annotations

from engine.hardware.framework_profiles import load_framework
from engine.hardware.launch_table import LaunchTable
from engine.plan.deploy.kind import DeploymentKind
from engine.plan.launch.process import PLACEHOLDER, Launch, Process, Role
from engine.sources.profile_files import FORMER, bundled_files
from engine.words.errors import InputError
from engine.words.messages import listed, say


def refuse(launch: Launch, kind: DeploymentKind) -> None:
    """Raise `InputError` where a kind cannot start what is to be launched."""
    workers = [one for one in launch.processes if one.role is not Role.ROUTER]
    if kind.runtime:
        _refuse_runtime(launch, kind)
    if kind.spans == "data":
        _refuse_spans(workers, kind)
    if kind.address:
        _refuse_pods(launch, workers, kind)
    if kind.one_model and len(set(launch.models)) > 1:
        raise InputError(
            say(
                "{kind} serves all workers from one checkpoint, expected the same for both pools: "
                "found {names}",
                kind=kind.name,
                names=listed(launch.models),
            )
        )


def _refuse_runtime(launch: Launch, kind: DeploymentKind) -> None:
    if kind.runtime not in launch.runtimes:
        raise InputError(
            say(
                "{kind} runs {known}; it has no command for {engine}, which sh, slurm and compose "
                "start",
                kind=kind.name,
                known=listed(_run_by(kind.runtime)),
                engine=launch.engine,
            )
        )
    if launch.files and not kind.holds_files:
        raise InputError(
            say(
                "{kind}: {engine} reads {names}, which this kind cannot hold",
                kind=kind.name,
                engine=launch.engine,
                names=", ".join(launch.files),
            )
        )


def _run_by(runtime: str) -> list[str]:
    """Names of the engines that a runtime has commands for, without their settings."""
    today = [id for id, path in bundled_files("frameworks").items() if path.parent.name != FORMER]
    engines = [load_framework(id) for id in today]
    names = {
        one.name.partition(",")[0]
        for one in engines
        if isinstance(one.launch, LaunchTable) and runtime in one.launch.runtimes
    }
    return sorted(names)


def _refuse_spans(workers: list[Process], kind: DeploymentKind) -> None:
    for one in workers:
        data = one.layout.attention_data
        if one.nodes > 1 and (data == 1 or data % one.nodes):
            raise InputError(
                say(
                    "{kind}: of a worker on {nodes} nodes it starts attention-data-parallel ranks, "
                    "as many on each; {layout} is started by --to lws",
                    kind=kind.name,
                    nodes=one.nodes,
                    layout=one.layout.name,
                )
            )


def _refuse_pods(launch: Launch, workers: list[Process], kind: DeploymentKind) -> None:
    for one in workers:
        ranks = [
            other for other in workers if (other.role, other.replica) == (one.role, one.replica)
        ]
        if len(ranks) < one.nodes:
            raise InputError(
                say(
                    "{kind}: {engine} starts its processes on {nodes} nodes by itself, which pods "
                    "do not let it do; slurm does",
                    kind=kind.name,
                    engine=launch.engine,
                    nodes=one.nodes,
                )
            )
        for name in {*launch.files} & {*one.words}:
            if PLACEHOLDER.search(launch.files[name]):
                raise InputError(
                    say(
                        "{kind}: {engine} reads {names} with addresses of nodes, which pods get "
                        "only when they start",
                        kind=kind.name,
                        engine=launch.engine,
                        names=name,
                    )
                )
