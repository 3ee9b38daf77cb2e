"""Requests with images: longer prompts, the tower's pass, its memory; refused where none sees."""

from dataclasses import replace

import numpy as np
import pytest

from engine.model.config import load_architecture
from engine.scenario import Scenario, Workload
from engine.serve.asked import requests_of
from engine.serve.images import images_of, with_images
from engine.serve.load import Closed
from engine.serve.outcome import Outcome
from engine.serve.passes.run import run
from engine.serve.predict import predict
from engine.serve.resolve import resolve
from engine.serve.source import with_source
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout
from engine.work.tokens import prefill_step

SEEING = Scenario(model="qwen3-vl-8b", chip="h100_sxm", chips=1, workload=Workload(512, 128))


def asked(images: int, width: int = 1024) -> Scenario:
    workload = replace(SEEING.workload, images=images, image_width=width, image_height=width)
    return replace(SEEING, workload=workload)


def served(scenario: Scenario) -> Outcome:
    system = resolve(scenario).systems[0]
    requests = requests_of(scenario, system)
    return predict(system, (Aggregated(Layout()),), requests, Closed(), np.array([[8.0]]))


def test_images_are_tokens_of_the_prompt():
    system = resolve(asked(2)).systems[0]
    # 32 x 32 merged patches of 32 pixels, and two marks.
    assert requests_of(asked(2), system).input_tokens == 512 + 2 * 1026


def test_the_tower_does_two_operations_for_each_weight_and_patch():
    scenario = asked(1)
    system = resolve(scenario).systems[0]
    requests = requests_of(scenario, system)
    deployment, _ = with_source(system.deployment([Layout()]), system.tokens_model, requests)
    step = prefill_step(np.array([[1.0]]), deployment.layouts, requests.input_tokens)
    items = [one for one in run(deployment, [step]).items() if one.name.startswith("encoder")]
    flops = sum(float(np.asarray(one.flops).ravel()[0]) for one in items)
    patches, hidden, width, layers = 4096, 1152, 4304, 27
    weights = layers * (4 * hidden**2 + 2 * hidden * width)
    attention = layers * 4 * patches * hidden
    merger = 4 * (4608 * 4608 + 4608 * 4096) / 4
    expected = 2 * patches * (weights + merger) + patches * attention
    assert flops == pytest.approx(expected, rel=0.01)


def test_more_and_larger_images_take_longer_and_more_memory():
    few, many, large = served(asked(1)), served(asked(4)), served(asked(1, 2048))
    for more in (many, large):
        assert more.seconds["ttft"] > few.seconds["ttft"]
        assert more.memory.needed_bytes > few.memory.needed_bytes


def test_a_model_that_does_not_see_is_named():
    scenario = replace(asked(1), model="llama-3.1-8b")
    with pytest.raises(InputError, match=r"Llama-3.1-8B: found --images 1 .* no image tower"):
        resolve(scenario)


def test_every_turn_of_a_conversation_brings_its_images():
    model = load_architecture("qwen3-vl-8b").architecture
    workload = replace(asked(1).workload, turns=3)
    seen, images = with_images(workload, model)
    assert seen.input_tokens == 512 + 1026
    assert images is not None and images.count == 2.0
    assert images_of(replace(workload, images=0), model) is None
