"""One pass of a toy model: its kernels and its messages by name."""

from __future__ import annotations

import numpy as np

from engine.hardware.roofline import Message, Work
from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.work.layout import Layout
from engine.work.tokens import (
    LayoutArrays,
    Placed,
    Step,
    decode_step,
    prefill_step,
    step_messages,
    step_work,
    take_inventory,
)
from tests.engine import builders


def one(values) -> float:
    return float(np.asarray(values).reshape(-1)[0])


def decode(batch: int, layout: Layout | None = None, isl: int = 100, osl: int = 2) -> Step:
    arrays = LayoutArrays.of([layout or Layout()])
    return decode_step(np.array([[float(batch)]]), arrays, isl, osl)


def prefill(batch: int, isl: int, layout: Layout | None = None) -> Step:
    return prefill_step(np.array([[float(batch)]]), LayoutArrays.of([layout or Layout()]), isl)


def work_of(
    architecture: Architecture,
    step: Step,
    layout: Layout | None = None,
    precision: Precision = builders.BF16,
    floor_seconds: float = 0.0,
    **habits: object,
) -> dict[str, Work]:
    chip = builders.chip(floor_seconds=floor_seconds)
    inventory = take_inventory(architecture, precision, chip, builders.framework(**habits))
    arrays = LayoutArrays.of([layout or Layout()])
    return {work.name: work for work in step_work(Placed(inventory, arrays), [step])}


def messages_of(
    architecture: Architecture, step: Step, layout: Layout, **habits: object
) -> dict[str, Message]:
    framework = builders.framework(**habits)
    inventory = take_inventory(architecture, builders.BF16, builders.chip(), framework)
    found = step_messages(Placed(inventory, LayoutArrays.of([layout])), [step], 8)
    return {message.name: message for message in found}
