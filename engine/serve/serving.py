"""From seconds per pass to what a user sees: TTFT, TPOT, end-to-end latency, tokens per second.

Static batch: all prompts are prefilled together, then all sequences decode in lock step.
Continuous batching is in `engine.serve.continuous`.
"""

from __future__ import annotations

from engine.scenario import Mode, Scenario
from engine.serve.continuous import serve_continuous
from engine.serve.load import Service, Traffic
from engine.serve.passes import Deployment, drafting_seconds, pass_seconds
from engine.words.arrays import FloatArray
from engine.work.tokens import prefill_step


def serve(deployment: Deployment, scenario: Scenario, batch: FloatArray) -> Service:
    """Metrics of ``batch`` (shape (1, batches) or (layouts, batches)) sequences per replica."""
    return serve_traffic(deployment, Traffic.of(scenario), batch)


def serve_traffic(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Service:
    """As `serve`, with lengths that may differ from place to place."""
    if traffic.mode is Mode.STATIC:
        return _serve_static(deployment, traffic, batch)
    return serve_continuous(deployment, traffic, batch)


def _serve_static(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Service:
    layouts = deployment.layouts
    prompts = pass_seconds(deployment, [prefill_step(batch, layouts, traffic.input_tokens)])
    # Micro-batches follow each other through the stages; the last one leaves last.
    prompts = prompts * (2.0 - 1.0 / layouts.pipeline)
    ttft = prompts + deployment.framework.costs.request_seconds
    step = pass_seconds(deployment, [traffic.decoding(layouts, batch)])
    step = step + drafting_seconds(deployment, traffic.draft_tokens, step)
    return traffic.service(batch, ttft, step / traffic.accepted)
