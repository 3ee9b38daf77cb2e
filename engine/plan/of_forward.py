"""Plans of models of one forward pass: names, knobs, launch, what is known of their error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from engine.hardware.forward_runtime import forward_framework
from engine.hardware.framework_profiles import load_framework
from engine.model.forward.architecture import Image, Text
from engine.model.precision import Precision
from engine.plan.launch.process import Launch
from engine.plan.launch.remark import Gap
from engine.plan.launch.template import template_launch
from engine.plan.metrics.metric import Metric
from engine.plan.money.words import limited_money
from engine.plan.names.benchmark import EncoderName, FpsName
from engine.plan.names.model_names import fps_model
from engine.plan.nudges.nudge import Nudge, weight_nudges
from engine.plan.prepared import Prepared
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Table
from engine.scenario import Objectives, Scenario
from engine.words.messages import say
from engine.words.quantities import batch_words, duration_within, rate_within
from engine.words.units import LARGEST_INSTANCES
from engine.work.arrangement import Arrangement

_SHORT = {"images": "img", "sequences": "seq"}
"""What samples are called where there is little room."""


class ForwardPlans:
    """See `engine.plan.kinds.PlanKind`."""

    rearranges = False
    lengths: tuple[str, ...] = ()
    distinguishing: tuple[str, ...] = ("batch", "precision")

    def engine(self, prepared: Prepared, scenario: Scenario) -> str:
        """The chosen engine where it runs such models, else one of the chip's vendor."""
        return forward_framework(load_framework(scenario.framework), prepared.chip)[0].id

    def heading(self, prepared: Prepared, metric: Metric) -> str:
        """The metric's label, in what the model counts: images or sequences."""
        samples = prepared.forward_model.samples
        short = _SHORT[samples]
        label = metric.label.replace("images", samples).replace("img", short)
        return (
            label.replace("token", short)
            .replace("tok/", f"{short}/")
            .replace("M out", f"M {short}")
        )

    def subject(self, prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
        """``ResNet-50 on 2 × L40S, 2 instances each in W8A8, batch 16``."""
        several = (
            say(", {instances} instances each", instances=scenario.instances)
            if scenario.instances > 1
            else ""
        )
        return say(
            "{model} on {chips} × {chip}{several} in {precision}, {batch_words}",
            model=prepared.model.name,
            chips=table.arrangement(row).chips,
            chip=prepared.chip.name,
            several=several,
            precision=table.precision(row).name,
            batch_words=batch_words(int(table.batch[row]), table.arrangement(row).replicas),
        )

    def figures(
        self,
        prepared: Prepared,
        table: Table,
        row: int,
        objectives: Objectives,
        accuracy: Accuracy,
    ) -> str:
        """``3,120 ± 440 images/s/chip at 5.1 ± 0.8 of 10 ms per batch``."""
        speed = rate_within(table.value(row, "fps_per_chip"), accuracy.share("throughput"))
        latency = duration_within(
            table.value(row, "latency_ms"), accuracy.share("latency"), objectives.latency_ms
        )
        money = limited_money(table, row, objectives, lambda one: self.heading(prepared, one))
        told = [say("{latency} per batch", latency=latency), *(word for _, word in money)]
        return say(
            "{speed} {samples}/s/chip at {told}",
            speed=speed,
            samples=say(prepared.forward_model.samples),
            told=say(", ").join(told),
        )

    def names(
        self, prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
    ) -> list[str]:
        """Its FPS name, with the resolution or the length of a sequence."""
        model = prepared.forward_model
        who = (
            scenario.benchmark_number,
            fps_model(prepared.model.name, model.version),
            model.version or "V1",
        )
        bits = (round(precision.weights.bits), round(precision.activations.bits))
        match model.input:
            case Image(width, height):
                return [str(FpsName(*who, width, height, *bits, batch))]
            case Text(tokens):
                return [str(EncoderName(*who, tokens, *bits, batch))]

    def launch(
        self,
        prepared: Prepared,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: Precision,
        batch: int,
        version: str,
        apart: bool,
    ) -> Launch:
        """The command of one chip; a gap where none is known."""
        size, engine = prepared.forward_model.input, prepared.framework
        sizes = {name: str(value) for name, value in asdict(size).items()}
        model = prepared.model.repository or scenario.model
        fields = {"model": model, "batch": str(batch), **sizes}
        fields["instances"] = str(scenario.instances)
        text = ""
        if engine.forward is not None and isinstance(size, Image):
            text = engine.forward.launch
        elif engine.forward is not None:
            gap = say(
                "{engine}: no command known that encodes {batch} × {tokens} tokens",
                engine=engine.name,
                batch=batch,
                tokens=sizes.get("tokens", ""),
            )
            text = engine.forward.launch_text or f"# {gap}"
        chips = arrangement.chips
        one = say("{chips} chips: the command is one chip's", chips=chips)
        return template_launch(engine, text, fields, (Gap(one),) if chips > 1 else ())

    def precision_nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Other formats of the weights."""
        yield from weight_nudges(scenario, prepared)

    def nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """The size of the input, and instances."""
        match prepared.forward_model.input:
            case Image() as image:
                yield from _resolution_nudges(scenario, image)
            case Text(tokens):
                yield from _sequence_nudges(scenario, tokens)
        yield from _instance_nudges(scenario)


def _resolution_nudges(scenario: Scenario, image: Image) -> Iterator[Nudge]:
    """Images of half and double the edges."""
    for changed in (
        Image(image.width // 2, image.height // 2),
        Image(image.width * 2, image.height * 2),
    ):
        if min(changed.width, changed.height) >= 1:
            workload = replace(
                scenario.workload, image_width=changed.width, image_height=changed.height
            )
            after = replace(scenario, workload=workload)
            yield Nudge("resolution", str(image), str(changed), after)


def _sequence_nudges(scenario: Scenario, tokens: int) -> Iterator[Nudge]:
    """Sequences of half and double the length."""
    for changed in (tokens // 2, tokens * 2):
        if changed >= 1:
            workload = replace(scenario.workload, sequence_tokens=changed)
            yield Nudge("ISL", str(tokens), str(changed), replace(scenario, workload=workload))


def _instance_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Half and double the copies on a chip."""
    for instances in (scenario.instances // 2, scenario.instances * 2):
        if 1 <= instances <= LARGEST_INSTANCES:
            changed = replace(scenario, instances=instances)
            yield Nudge("instances", str(scenario.instances), str(instances), changed)
