"""Processes of an engine whose profile has a plain command with fields in braces."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from engine.hardware.framework import Framework
from engine.hardware.launch_table import fields_in
from engine.model.precision import Precision
from engine.plan.launch.checkpoint import checkpoint_fields, checkpoint_notes
from engine.plan.launch.fields import Worker, worker_fields
from engine.plan.launch.formats import format_gaps
from engine.plan.launch.gaps import scenario_remarks, untold
from engine.plan.launch.process import Launch, Process, Role
from engine.plan.launch.remark import Gap, Remark, distinct
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.messages import say
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.layout import Layout

_OTHER_NAMES = {
    "expert_flag": "expert",
    "attention_data_flag": "attention_data",
    "chips": "ranks",
}
"""Fields that only templates have, and what they tell."""


def token_template(
    prepared: Prepared,
    scenario: Scenario,
    text: str,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
) -> Launch:
    """One replica by a template, and what the template leaves out."""
    engine = prepared.framework
    if not isinstance(arrangement, Aggregated):
        gap = say(
            "prefill and decode pools: the command of {engine} knows none", engine=engine.name
        )
        return Launch(engine.name, engine.version, (), (Gap(gap),))
    layout = arrangement.layout
    checkpoint = checkpoint_fields(prepared, scenario)
    assumed = worker_fields(prepared, scenario, Worker(layout, batch)) | checkpoint
    fields = {**_always(layout, precision), **assumed}
    names = fields_in(text)
    told = {_OTHER_NAMES.get(name, name) for name in names}

    def remarks() -> Iterator[Remark]:
        yield from checkpoint_notes(prepared, scenario)
        if "kv_dtype" not in names or precision.kv.bits < 8:
            yield from format_gaps(prepared, precision, None, ())
        yield from untold(assumed, told, engine.name)
        if arrangement.replicas > 1:
            yield Gap(say("{count} replicas: the command starts one", count=arrangement.replicas))
        yield from scenario_remarks(prepared, scenario)

    return template_launch(engine, text, fields, distinct(remarks()), layout)


def template_launch(
    engine: Framework,
    text: str,
    fields: Mapping[str, str],
    remarks: tuple[Remark, ...] = (),
    layout: Layout | None = None,
) -> Launch:
    """The one process of a template; none where it is only a comment, which is then a gap."""
    command = text
    for name, value in fields.items():
        # Whole flags come with the space behind them, or not at all.
        word = f"{value} " if name.endswith("_flag") and value else shlex.quote(value)
        command = command.replace("{" + name + "}", word if value else "")
    if not command.strip() or command.startswith("#"):
        reason = command.lstrip("# ") or say("{engine}: no command is known", engine=engine.name)
        return Launch(engine.name, engine.version, (), (Gap(reason), *remarks))
    used = layout or Layout()
    process = Process(
        role=Role.SERVER,
        replica=0,
        node=0,
        rank=0,
        nodes=1,
        devices=(),
        device_count=used.chips_per_replica,
        port=8000,
        environment=(),
        command=tuple(_words(command)),
        arguments=(),
        placing=(),
        layout=used,
    )
    return Launch(engine.name, engine.version, (process,), remarks)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        # A quote that somebody left open: as it stands.
        return command.split()


def _always(layout: Layout, precision: Precision) -> dict[str, str]:
    """Fields that templates find a value for whatever it is."""
    return {
        "tensor": str(layout.tensor),
        "pipeline": str(layout.pipeline),
        "expert": str(layout.expert),
        "attention_data": str(layout.attention_data),
        "ranks": str(layout.ranks),
        "chips": str(layout.chips_per_replica),
        "replicas": str(layout.replicas),
        "kv_dtype": "fp8" if precision.kv.bits <= 8 else "auto",
        "expert_flag": "--enable-expert-parallel" if layout.expert > 1 else "",
        "attention_data_flag": "--enable-dp-attention" if layout.attention_data > 1 else "",
    }
