"""Plans of models of one forward pass: names, knobs, launch, what is known of their error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.hardware.chip import Provenance
from engine.hardware.forward_runtime import vision_framework
from engine.hardware.framework_profiles import load_framework
from engine.model.forward.architecture import VisionArchitecture
from engine.model.precision import Precision
from engine.plan.benchmark import FpsName, fps_model
from engine.plan.metrics import Metric
from engine.plan.nudge import Nudge, weight_nudges
from engine.plan.prepared import Prepared
from engine.plan.range_case import Case, covered
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.words.quantities import duration, rate
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
        return vision_framework(load_framework(scenario.framework), prepared.chip)[0].id

    def heading(self, prepared: Prepared, metric: Metric) -> str:
        """The metric's label, in what the model counts: images or sequences."""
        samples = prepared.vision.samples
        return metric.label.replace("images", samples).replace("img", _SHORT[samples])

    def subject(self, prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
        """``ResNet-50 on 2 × L40S, 2 instances each in W8A8, batch 16``."""
        several = f", {scenario.instances} instances each" if scenario.instances > 1 else ""
        return (
            f"{prepared.model.name} on {table.arrangement(row).chips} × {prepared.chip.name}"
            f"{several} in {table.precision(row).name}, batch {int(table.batch[row])}"
        )

    def figures(self, prepared: Prepared, table: Table, row: int) -> str:
        """``3,120 images/s/chip at 5.1 ms per batch``."""
        return (
            f"{rate(table.value(row, 'fps_per_chip'))} {prepared.vision.samples}/s/chip "
            f"at {duration(table.value(row, 'latency_ms'))} per batch"
        )

    def names(
        self, prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
    ) -> list[str]:
        """Its FPS name."""
        model = prepared.vision
        name = FpsName(
            1,
            fps_model(prepared.model.name, model.version),
            model.version or "V1",
            model.width,
            model.height,
            round(precision.weights.bits),
            round(precision.activations.bits),
            batch,
        )
        return [str(name)]

    def launch(
        self,
        prepared: Prepared,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: Precision,
        batch: int,
    ) -> tuple[str, Mapping[str, object]]:
        """The command of one chip."""
        runtime, model = prepared.framework.forward, prepared.vision
        return runtime.launch if runtime is not None else "", {
            "batch": batch,
            "width": model.width,
            "height": model.height,
            "instances": scenario.instances,
        }

    def precision_nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Other formats of the weights."""
        yield from weight_nudges(scenario, prepared)

    def nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Resolution and instances."""
        yield from _image_nudges(scenario, prepared.vision)

    def case(self, prepared: Prepared, scenario: Scenario, precision: Precision) -> Case:
        """All kernels of forward models count as fitted, all frameworks as known."""
        chip = prepared.chip
        measured = chip.id in covered()["vision_chips"]
        fitted = chip.provenance is not Provenance.DATASHEET
        badge = Provenance.FITTED if fitted else Provenance.DATASHEET
        return Case("cv", measured, True, True, Provenance.MEASURED if measured else badge)


def _image_nudges(scenario: Scenario, model: VisionArchitecture) -> Iterator[Nudge]:
    """Images of half and double the edges; half and double the instances on a chip."""
    width, height = scenario.workload.resolution or (model.width, model.height)
    for edges in ((width // 2, height // 2), (width * 2, height * 2)):
        if min(edges) >= 1:
            workload = replace(scenario.workload, image_width=edges[0], image_height=edges[1])
            before, after = f"{width}x{height}", f"{edges[0]}x{edges[1]}"
            yield Nudge("resolution", before, after, replace(scenario, workload=workload))
    for instances in (scenario.instances // 2, scenario.instances * 2):
        if 1 <= instances <= LARGEST_INSTANCES:
            changed = replace(scenario, instances=instances)
            yield Nudge("instances", str(scenario.instances), str(instances), changed)
