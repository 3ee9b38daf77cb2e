"""What of a prediction no flag says, and what the reader sees to; and why an engine would not start
at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.hardware.launch_table import LaunchLimits
from engine.plan.launch.fields import Worker, impossible_edits, worker_assumptions
from engine.plan.launch.remark import Gap, Note, Remark
from engine.plan.prepared import Prepared
from engine.scenario import Mode, Scenario
from engine.words.messages import say


def untold(fields: Mapping[str, str], told: set[str], engine: str) -> Iterator[Remark]:
    """Assumptions of one worker that none of the fields that were ``told`` says."""
    for one in worker_assumptions(fields):
        if not told & {*one.taken_by}:
            yield Gap(say("{what}: {engine} is not told", what=one.says, engine=engine))


def scenario_remarks(prepared: Prepared, scenario: Scenario) -> Iterator[Remark]:
    """What no engine can be told, and what the reader or the client has to do."""
    if scenario.workload.mode is Mode.STATIC:
        yield Note(
            say("static batches: no engine has a switch for them; the client has to send them so")
        )
    yield from _pool_notes(prepared)
    for key in impossible_edits(scenario):
        yield Gap(say("the what-if on {key}: the checkpoint cannot be run so", key=key))
    drafter = prepared.systems[0].drafter
    if scenario.draft_tokens and drafter.assumed:
        yield Note(
            say(
                "{tokens} draft tokens by {method}: no draft was named; give its "
                "checkpoint as --draft",
                tokens=scenario.draft_tokens,
                method=drafter.method.value,
            )
        )
    most = prepared.architecture.maximum_positions
    needed = scenario.workload.input_tokens + scenario.workload.output_tokens
    if most and needed > most:
        yield Gap(
            say(
                "{needed:,} tokens of one request: the model ends at {most:,}",
                needed=needed,
                most=most,
            )
        )
    if prepared.chip.devices > 1:
        yield Note(
            say(
                "one {chip} was predicted as one device; engines count {devices}, and TP "
                "is that many times as wide",
                chip=prepared.chip.name,
                devices=prepared.chip.devices,
            )
        )


def _pool_notes(prepared: Prepared) -> Iterator[Remark]:
    """On which nodes the workers of unlike pools belong."""
    for system in prepared.systems:
        prefill = system.prefilling
        if prefill.chip.id != system.chip.id:
            yield Note(
                say(
                    "prefill workers belong on nodes with {chip}, decode workers on nodes with "
                    "{other}",
                    chip=prefill.chip.name,
                    other=system.chip.name,
                )
            )


def ruled_out(limits: LaunchLimits, worker: Worker) -> set[str]:
    """Degrees that the engine has not at all, which `limit_gaps` says."""
    degrees = ("pipeline", "expert", "attention_data")
    return {
        name
        for name in degrees
        if getattr(worker.layout, name) > 1 and getattr(limits, name) == "none"
    }


def pool_limits(
    limits: LaunchLimits, prefill: Worker, decode: Worker, latent: bool, engine: str
) -> Iterator[Remark]:
    """Widths of two pools that the engine refuses together; latent caches are whole anyway."""
    wide, narrow = prefill.layout.tensor, decode.layout.tensor
    if limits.prefill_multiple and not latent and wide % narrow:
        yield Gap(
            say(
                "TP of {wide} for prefill and {narrow} for decode: {engine} takes only a "
                "multiple of the second for the first",
                wide=wide,
                narrow=narrow,
                engine=engine,
            )
        )


def limit_gaps(limits: LaunchLimits, worker: Worker, budget: int, engine: str) -> Iterator[Remark]:
    """Widths and sizes that the engine refuses, or takes for others."""
    layout = worker.layout
    for name, width, rule in (
        (say("pipeline parallelism"), layout.pipeline, limits.pipeline),
        (say("expert parallelism"), layout.expert, limits.expert),
        (say("attention-data parallelism"), layout.attention_data, limits.attention_data),
    ):
        if width > 1 and rule == "none":
            yield Gap(
                say("{what} of {width}: {engine} has none", what=name, width=width, engine=engine)
            )
        elif 1 < width < layout.ranks and rule == "all":
            yield Gap(
                say(
                    "{what} of {width}: {engine} takes 1 or all {ranks} ranks of a stage",
                    what=name,
                    width=width,
                    engine=engine,
                    ranks=layout.ranks,
                )
            )
    sequences = -(-worker.batch // layout.attention_data)
    if limits.sequences_within_budget and sequences > budget:
        yield Gap(
            say(
                "{sequences:,} sequences of one rank: {engine} refuses more than the "
                "{budget:,} tokens of a pass",
                sequences=sequences,
                engine=engine,
                budget=budget,
            )
        )


def refusals(limits: LaunchLimits, prepared: Prepared) -> Iterator[str]:
    """Why the engine does not run on the chip."""
    if limits.generations and prepared.chip.generation not in limits.generations:
        yield say(
            "{engine} does not run on {chip}; it runs on {generations}",
            engine=prepared.framework.name,
            chip=prepared.chip.name,
            generations=", ".join(limits.generations),
        )
