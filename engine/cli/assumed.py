"""What a command took for granted: an answer is only as good as the question, and half of it may be
the defaults'."""

from __future__ import annotations

import argparse

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.kinds import ModelKind
from engine.plan.names.benchmark import tokens_text
from engine.scenario import Lengths, PoolChoice, Scenario
from engine.words.messages import say
from engine.words.quantities import chips_words


def assumed(
    arguments: argparse.Namespace,
    scenario: Scenario,
    *,
    kind: ModelKind,
    chip: Chip | None = None,
    framework: Framework | None = None,
    counts_chips: bool = True,
) -> str:
    """What nobody said, with the options that say it, as one line; "" where all was said.

    ``chip`` and ``framework`` are those that were taken, where there is one; ``counts_chips`` is
    False for commands that find the number of chips themselves.
    """
    parts = []
    if chip is not None and arguments.chip is None and arguments.decode_chip is None:
        parts.append(say("{chip} (--chip)", chip=chip.name))
    if counts_chips and arguments.chips is None and scenario.pools == PoolChoice():
        parts.append(say("{chips} (--chips)", chips=chips_words(scenario.chips)))
    workload = scenario.workload
    if kind is ModelKind.TOKENS and workload.lengths is not Lengths.CHOSEN:
        parts.append(
            say(
                "{input} tokens in and {output} out (--isl, --osl)",
                input=tokens_text(workload.input_tokens),
                output=tokens_text(workload.output_tokens),
            )
        )
    if framework is not None and arguments.framework is None:
        parts.append(say("{framework} (--framework)", framework=framework.name))
    if scenario.objectives.asks_nothing:
        options = "--ttft, --tpot" if kind is ModelKind.TOKENS else "--latency"
        parts.append(say("no limits ({options})", options=options))
    return say("Not said, so taken: {parts}.", parts=say(", ").join(parts)) if parts else ""


def print_assumed(line: str) -> None:
    """The line, where there is one."""
    if line:
        print(line)
