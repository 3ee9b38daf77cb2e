"""Seconds of one pass of a deployment: its kernels, its messages and what the framework adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.roofline import kernel_seconds, message_seconds
from engine.words.arrays import FloatArray
from engine.work.tokens import Inventory, LayoutArrays, Step, step_messages, step_work


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model's inventory on a chip under a framework, for several layouts at once."""

    inventory: Inventory
    chip: Chip
    framework: Framework
    layouts: LayoutArrays
    imbalance: float = 1.0


def pass_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """Seconds of one pass through all layers, collectives and the runtime's cost included."""
    chip, layouts, inventory = deployment.chip, deployment.layouts, deployment.inventory
    seconds: FloatArray = np.zeros(1)
    for work in step_work(inventory, layouts, steps, deployment.imbalance):
        seconds = seconds + work.calls * kernel_seconds(work, chip)
    for message in step_messages(inventory, layouts, steps, chip.node_size):
        if bool(np.any((message.times > 0) & (message.ranks > 1))):
            spent = message_seconds(message, chip) + np.where(
                message.ranks > 1, deployment.framework.costs.collective_seconds, 0.0
            )
            seconds = seconds + message.times * spent
    if not all(step.decode for step in steps):
        launches = deployment.framework.costs.prompt_layer_seconds * inventory.layer_count
        seconds = np.maximum(seconds, launches)
    return (seconds + runtime_seconds(deployment, steps)) * deployment.framework.pace


def runtime_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """What the framework spends around a pass: per pass, per layer and per sequence."""
    framework = deployment.framework
    sequences = sum((step.sequences for step in steps), np.zeros(1))
    fixed = (
        framework.costs.step_seconds
        + framework.costs.layer_seconds * deployment.inventory.layer_count
    )
    return fixed + framework.costs.sequence_seconds * sequences


def drafting_seconds(deployment: Deployment, draft_tokens: int, seconds: FloatArray) -> FloatArray:
    """Seconds for drafting with the model's own prediction layer, one layer per draft token."""
    return seconds * (draft_tokens / max(deployment.inventory.layer_count, 1))
