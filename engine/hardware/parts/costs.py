"""What an engine's runtime spends around the kernels."""

from __future__ import annotations

from dataclasses import dataclass

from engine.hardware.constants import constant
from engine.hardware.parts.bounds import HOUR_MS, LEAST_SHARE, TEN_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the runtime spends around the kernels, in seconds."""

    step_seconds: float = constant(
        "step_us",
        "once per decode or prefill pass: scheduler, sampler, host",
        least=0,
        most=TEN_SECONDS,
    )
    sequence_seconds: float = constant(
        "sequence_us", "on each sequence of a pass", 0.0, least=0, most=TEN_SECONDS
    )
    request_seconds: float = constant(
        "request_us", "once per request before its first token", 0.0, least=0, most=60 * TEN_SECONDS
    )
    layer_seconds: float = constant(
        "layer_us",
        "launch gap per layer where graphs do not hide it",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    draft_sequence_seconds: float = constant(
        "draft_sequence_us",
        "on each sequence of a pass that drafts: the book that the host keeps of it",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    collective_seconds: float = constant(
        "collective_us",
        "launch and synchronisation of one collective beyond the fabric's own start; below 0 where "
        "a calibrated fabric starts faster than the chip's file says",
        0.0,
        least=-100,
        most=TEN_SECONDS,
    )
    prompt_layer_seconds: float = constant(
        "prompt_layer_us",
        "what the host needs per layer to launch a pass that holds prompts: such passes run "
        "without graphs, so none is shorter than this times the layers (no pass where none "
        "replays graphs; a layer with experts counts twice there)",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    spacing_seconds: float = constant(
        "spacing_us",
        "the front end hands on requests that come together one after the other, so far apart",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    warmup_seconds: float = constant(
        "warmup_ms",
        "what the first requests to a fresh server wait for kernels to be compiled and tuned",
        0.0,
        least=0,
        most=HOUR_MS,
    )
    opening_slowdown: float = constant(
        "opening_slowdown",
        "how much longer prompts take while a fresh server meets new shapes for the first time",
        1.0,
        least=1,
        most=20,
    )
    handover_passes: float = constant(
        "handover_passes",
        "passes of the decode worker until the first token of a request that was handed over goes "
        "out: it asks for room, waits for the cache and joins the batch between passes",
        0.0,
        least=0,
        most=1000,
    )
    handover_sequences: float = constant(
        "handover_sequences",
        "sequences of a decode worker at which half of these passes are waited for: one that holds "
        "few takes the next in sooner",
        0.0,
        least=0,
        most=1000,
    )
    decode_pool_pace: float = constant(
        "decode_pool_pace",
        "what a pass of a dedicated decode worker takes, as a share of the same pass elsewhere",
        1.0,
        least=LEAST_SHARE,
        most=100,
    )
    handover_seconds: float = constant(
        "handover_us",
        "what passing a request from a prefill to a decode worker takes beyond moving its cache",
        0.0,
        least=0,
        most=60 * TEN_SECONDS,
    )
