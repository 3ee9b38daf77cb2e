"""Images of requests: what they add to prompts, and what their tower holds while it reads them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.model.architecture import Architecture
from engine.model.forward.architecture import ForwardArchitecture
from engine.scenario import USUAL_IMAGE, Workload
from engine.serve.requests import Images
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.tokens import LayoutArrays

STATES = 6.0
"""Widths of the tower that a patch takes at once: residual, normed input, queries, keys, values and
the result of attention."""


def images_of(
    workload: Workload, architecture: Architecture | ForwardArchitecture
) -> Images | None:
    """The images of one turn of a request; raises `InputError` for a model that sees none."""
    if not workload.images or not isinstance(architecture, Architecture):
        return None
    tower = architecture.images
    if tower is None:
        described = say("a tower whose images are not described")
        raise InputError(
            say(
                "{architecture}: found --images {images} and {found}, "
                "expected a model that sees (as qwen3-vl-8b) or --images 0",
                architecture=architecture.name,
                images=workload.images,
                found=described if architecture.tower_parameters else say("no image tower"),
            )
        )
    width, height = workload.resolution or USUAL_IMAGE
    return Images(float(workload.images), tower.rule.seen(width, height))


def with_images(
    workload: Workload, architecture: Architecture | ForwardArchitecture
) -> tuple[Workload, Images | None]:
    """The workload with its images' tokens among those of its prompts, and the images of a prompt;
    in a conversation those of half of its turns on average. Lengths spread as the text's do."""
    images = images_of(workload, architecture)
    if images is None:
        return workload, None
    tokens = workload.input_tokens + round(images.tokens)
    spread = workload.input_spread * workload.input_tokens / tokens
    seen = replace(workload, input_tokens=tokens, input_spread=spread)
    return seen, replace(images, count=images.count * 0.5 * (workload.turns + 1))


LARGEST_SIDE = 1 << 14
"""Pixels of a side that every rule of sizes shrinks to its most."""


def largest_images(architecture: Architecture) -> Images:
    """One image of the most patches that the model's processor makes of any."""
    tower = architecture.images
    assert tower is not None
    return Images(1.0, tower.rule.seen(LARGEST_SIDE, LARGEST_SIDE))


def image_bytes(
    architecture: Architecture, images: Images, pass_tokens: float, layouts: LayoutArrays
) -> FloatArray:
    """Bytes per chip of a pass's images, a column of (layouts, 1)."""
    kept, passing = tower_bytes(architecture, images, pass_tokens, layouts)
    return kept + passing


def tower_bytes(
    architecture: Architecture, images: Images, pass_tokens: float, layouts: LayoutArrays
) -> tuple[float, FloatArray]:
    """Bytes per chip of a pass's images in 16 bits: what comes out, until the prompt is read; and
    a column of (layouts, 1): the tower's widest results, which ranks divide, and its states. A
    pass holds as many images as its tokens allow, at least one."""
    tower = architecture.images
    assert tower is not None
    seen = images.seen
    together = max(pass_tokens // seen.tokens, 1.0)
    patches = together * seen.pieces * seen.patches
    states = STATES * tower.hidden_size + np.asarray(tower.widest) / layouts.tensor
    passing: FloatArray = 2.0 * patches * states
    return 2.0 * together * seen.features * architecture.hidden_size, passing
