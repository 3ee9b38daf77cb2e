"""The kernels and collectives of a pass with their seconds, and the engine's own around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.hardware.kernels import is_product
from engine.hardware.roofline import Message, Work, kernel_seconds
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.overlap import Order, Timed
from engine.words.arrays import FloatArray
from engine.work.tokens import (
    Step,
    gathered_messages,
    has_prompts,
    other_messages,
    other_work,
    routed_tokens,
    routed_work,
    step_messages,
    step_work,
)


def order_of_turns(deployment: Deployment, steps: Sequence[Step]) -> Order:
    """How two halves of a pass take turns. Decode passes send tokens without the chip's cores."""
    able, chip = deployment.framework.capabilities, deployment.chip
    layers = deployment.inventory.expert_layers / deployment.inventory.layer_count
    if not has_prompts(steps):
        return Order(able.decode_turns, layers, 0.0)
    return Order(able.prompt_turns, layers, able.dispatch_cores / max(chip.core_count, 1))


def one_batch(
    deployment: Deployment, steps: Sequence[Step], sending: float = 0.0
) -> Iterator[Timed]:
    """Every kernel and collective of a pass over one batch; products leave a share of the cores to
    ``sending``."""
    source, node_size = deployment.source, deployment.chip.node_size
    works = step_work(deployment.placed, steps, deployment.imbalance, source)
    messages = step_messages(deployment.placed, steps, node_size, source, deployment.imbalance)
    yield from timed(deployment, works, messages, sending)


def others_timed(
    deployment: Deployment, steps: Sequence[Step], sending: float = 0.0
) -> Iterator[Timed]:
    """What depends on all groups of a rank, but not on its tokens alone."""
    source, node_size = deployment.source, deployment.chip.node_size
    works = other_work(deployment.placed, steps, source)
    messages = other_messages(deployment.placed, steps, node_size, source, deployment.imbalance)
    yield from timed(deployment, works, messages, sending)


def routed_timed(
    deployment: Deployment, steps: Sequence[Step], sending: float = 0.0
) -> Iterator[Timed]:
    """What depends on the tokens of all ranks: experts, and how these gather tokens."""
    placed, imbalance = deployment.placed, deployment.imbalance
    if not placed.banks:
        return
    routed = routed_tokens(steps, deployment.layouts, deployment.spread)
    works = routed_work(placed, routed, imbalance, prompts=has_prompts(steps))
    yield from timed(deployment, works, gathered_messages(placed, routed), sending)


def timed(
    deployment: Deployment,
    works: Iterable[Work],
    messages: Iterable[Message],
    sending: float = 0.0,
) -> Iterator[Timed]:
    """Kernels and collectives with the seconds of all their calls. Products are told to leave the
    cores that send alone, for all of the pass (SGLang, vLLM: DeepGEMM's number of cores)."""
    chip = deployment.chip
    for work in works:
        if sending and is_product(work.kernel):
            work = replace(work, peak_flops=work.peak_flops * (1.0 - sending))
        yield work, work.calls * kernel_seconds(work, chip)
    for message in messages:
        if bool(np.any((message.times > 0) & (message.ranks > 1))):
            yield message, message.times * deployment.network.seconds(message)


def launching_seconds(deployment: Deployment, steps: Sequence[Step]) -> float:
    """What the host needs to launch a pass that holds prompts, or any where none replays graphs; 0
    for those that do. Without graphs a layer with experts takes as many launches as two."""
    eager = not deployment.framework.capabilities.replays_graphs
    if not (eager or has_prompts(steps)):
        return 0.0
    inventory = deployment.inventory
    encoder = inventory.encoder if deployment.source is not None else None
    layers = inventory.layer_count + (encoder.layer_count if encoder else 0)
    launched = layers + eager * inventory.expert_layers
    return deployment.framework.costs.prompt_layer_seconds * launched


def runtime_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """What the framework spends around a pass: per pass, per layer and per sequence sampled."""
    costs = deployment.framework.costs
    # A verifying step samples for every query; what drafts has a book of sequences only.
    every = not deployment.drafts
    sampled = (step.tokens if step.decode and every else step.sequences for step in steps)
    fixed = costs.step_seconds + costs.layer_seconds * deployment.inventory.layer_count
    return fixed + costs.sequence_seconds * sum(sampled, np.zeros(1))
