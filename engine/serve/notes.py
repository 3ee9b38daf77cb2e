"""What is said beside a scenario's figures: what has no effect, what they do not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.hardware.framework import Framework
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel
from engine.model.kinds import ModelKind
from engine.scenario import USUAL_IMAGE, Mode, Scenario
from engine.serve.asked import undrafted_requests
from engine.serve.images import images_of
from engine.serve.lengths import share_beyond
from engine.words.messages import say
from engine.words.text import clean

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture


def model_notes(model: LoadedModel) -> list[str]:
    """What figures of a model do not hold."""
    architecture = model.architecture
    if not isinstance(architecture, Architecture):
        return []
    notes = []
    if architecture.uncounted:
        left_out = ", ".join(clean(name, 60) for name in architecture.uncounted)
        notes.append(say("Memory does not count {left_out} of the checkpoint", left_out=left_out))
    return notes


def cache_note(scenario: Scenario, kind: ModelKind, framework: Framework) -> str:
    """Why a cached share of the prompts changes nothing, where it does not."""
    workload = scenario.workload
    cached = workload.cached or workload.shared_prefix_tokens or workload.turns > 1
    if not cached or kind is not ModelKind.TOKENS:
        return ""
    if scenario.workload.mode is Mode.STATIC:
        return say("A static batch prefills all prompts, the cached share has no effect")
    if not framework.scheduler.prefix_caching:
        return say(
            "{framework} without prefix caching prefills all prompts, cached or not",
            framework=framework.name,
        )
    return ""


def image_note(scenario: Scenario, architecture: Architecture | ForwardArchitecture) -> str:
    """What an image is to the model, and what of its way no figure holds."""
    images = images_of(scenario.workload, architecture)
    if images is None:
        return ""
    width, height = scenario.workload.resolution or USUAL_IMAGE
    return say(
        "An image of {size} is {tokens:,} tokens of a prompt; figures with images were not "
        "measured, and hold no time of reading files and resizing",
        size=f"{width}x{height}",
        tokens=images.seen.tokens,
    )


LEAST_SHARE = 5e-4
"""Of the requests, from which on it is said that they are longer than the context."""


def refused_note(
    scenario: Scenario, architecture: Architecture | ForwardArchitecture, context: int | None
) -> str:
    """That some of the requests are longer than the ``context``, where lengths are spread."""
    workload = scenario.workload
    spread = workload.input_spread or workload.output_spread
    if not context or not spread or architecture.kind is not ModelKind.TOKENS:
        return ""
    # The last token needs no place.
    share = share_beyond(undrafted_requests(scenario, architecture), context + 1.0)
    if share < LEAST_SHARE:
        return ""
    return say(
        "About {share:.1%} of requests of such lengths are longer than the context of {context:,} "
        "tokens: engines refuse them, these figures count them",
        share=share,
        context=context,
    )


def context_note(scenario: Scenario, architecture: Architecture | ForwardArchitecture) -> str:
    """That a context is longer than the model was made for: engines start so only when told to,
    and published runs have done it."""
    asked, own = scenario.settings.max_context, architecture.maximum_positions
    if not asked or not own or asked <= own:
        return ""
    return say(
        "A context of {asked:,} is more than the {own:,} tokens that the model says it has",
        asked=asked,
        own=own,
    )
