"""Lengths that nobody chose, made to fit the model's context; chosen ones are never changed."""

from __future__ import annotations

from dataclasses import replace

from engine.plan.names.benchmark import tokens_text
from engine.scenario import USUAL_INPUT_TOKENS, USUAL_OUTPUT_TOKENS, Lengths, Scenario
from engine.serve.kinds import kind_of
from engine.serve.resolve import resolve
from engine.serve.system import System
from engine.words.messages import say


def fitted(scenario: Scenario, system: System) -> Scenario:
    """The scenario with its unchosen lengths made to fit the context of a ``system``, and without
    a rate where its model has no queue to arrive at.

    Answers keep their usual length as long as that leaves prompts half of the context.
    """
    if scenario.workload.rate and not kind_of(system.model.kind).waits:
        scenario = replace(scenario, workload=replace(scenario.workload, rate=0.0))
    workload, context = scenario.workload, system.max_context
    if workload.lengths is Lengths.CHOSEN:
        return scenario
    inputs, outputs, lengths = USUAL_INPUT_TOKENS, USUAL_OUTPUT_TOKENS, Lengths.DEFAULT
    if 1 < context < inputs + outputs:
        outputs = min(outputs, context // 2)
        inputs, lengths = min(inputs, context - outputs), Lengths.FITTED
    made = replace(workload, input_tokens=inputs, output_tokens=outputs, lengths=lengths)
    return scenario if made == workload else replace(scenario, workload=made)


def with_fitting_lengths(scenario: Scenario) -> Scenario:
    """As `fitted`, for the scenario's own model; raises `InputError`."""
    return fitted(scenario, resolve(scenario).systems[0])


def lengths_note(scenario: Scenario, system: System) -> str:
    """What was made of the lengths that nobody chose; empty where they are the usual ones."""
    workload = scenario.workload
    if workload.lengths is not Lengths.FITTED:
        return ""
    return say(
        "{tokens_text} in, {tokens_text_2} out (not chosen) fit its context of {max_context:,}",
        tokens_text=tokens_text(workload.input_tokens),
        tokens_text_2=tokens_text(workload.output_tokens),
        max_context=system.max_context,
    )
