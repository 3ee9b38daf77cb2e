"""What a candidate is started with, to be read before it is run."""

from __future__ import annotations

from typing import Any

from engine.model.precision import Precision
from engine.plan.kinds import plan_kind
from engine.plan.launch.process import Launch
from engine.plan.launch.remark import remark_lines
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.text import clean
from engine.work.arrangement import Arrangement

LONGEST_COMMAND = 1 << 16


def launch_of(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
    version: str = "",
    apart: bool = False,
) -> Launch:
    """The processes of a candidate, their gaps and notes; for a ``version`` of the engine, else the
    one its launch table was written for; ``apart`` no two workers share a node. Raises `InputError`
    for a version that it does not know."""
    kind = plan_kind(prepared)
    return kind.launch(prepared, scenario, arrangement, precision, batch, version, apart)


def launch_command(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
) -> str:
    """The commands of the first worker of each role, one a line, and the gaps and notes as
    comments."""
    return launch_text(launch_of(prepared, scenario, arrangement, precision, batch))


def launch_values(launch: Launch) -> dict[str, Any]:
    """A launch as plain values for files: the first worker of each role, and how many there are."""
    processes = [
        {
            "name": one.name,
            "workers": launch.workers(one.role),
            "node": one.node,
            "devices": list(one.devices),
            "port": one.port,
            "environment": [f"{name}={value}" for name, value in one.environment],
            "words": list(one.words),
        }
        for one in launch.distinct
    ]
    first = clean(launch.distinct[0].line, LONGEST_COMMAND) if launch.processes else ""
    return {
        "command": first,
        "model": launch.model,
        "engine": launch.engine,
        "written_for": launch.version,
        "nodes": launch.nodes,
        "gaps": list(launch.gaps),
        "notes": list(launch.notes),
        "processes": processes,
        "files": dict(launch.files),
    }


def launch_text(launch: Launch) -> str:
    """As `launch_command`, of a launch at hand."""
    remarks = [clean(f"# {line}", LONGEST_COMMAND) for line in remark_lines(launch.remarks)]
    return "\n".join([*command_lines(launch), *remarks])


def command_lines(launch: Launch) -> list[str]:
    """The commands of the first worker of each role and the files they read, without remarks."""
    several = len(launch.processes) > 1
    lines = []
    for one in launch.distinct:
        copies = launch.workers(one.role)
        times = f" ×{copies}" if copies > 1 else ""
        lines += [f"# {one.name}{times}, on node {one.node}"] if several else []
        lines.append(one.line)
    for name, text in launch.files.items():
        lines += [f"# {name}:", *(f"#   {line}" for line in text.splitlines())]
    # It is shown and pasted: a model's path may hold what a terminal acts upon.
    return [clean(line, len(line)) for line in lines]
