"""Parameters and FLOPs of vision models against independent counts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from engine.evidence.zoo.vision import compare_vision
from engine.model.config import hub_reference, load_architecture
from engine.model.forward.architecture import ForwardArchitecture, Image, LayerKind
from engine.model.forward.index import named_architectures
from engine.model.forward.reading import base_name, read_vision
from engine.words.errors import InputError

DATA = Path(__file__).parents[3] / "data" / "vision_facts.csv"
REFERENCE = Path(__file__).parents[5] / "shared" / "reference"
ORACLE = REFERENCE / "oracle_cv.csv"
MEASUREMENTS = REFERENCE / "measurements.csv"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def named(name: str, size: tuple[int, int] | None = None) -> ForwardArchitecture:
    return read_vision({"architecture": name}, "config.json", name, "", size)


def bundled(name: str, size: tuple[int, int] | None = None) -> ForwardArchitecture:
    architecture = load_architecture(name, resolution=size).architecture
    assert isinstance(architecture, ForwardArchitecture)
    return architecture


@pytest.mark.parametrize("row", rows(DATA), ids=lambda row: f"{row['name']}-{row['width']}")
def test_counts_match_independent_software(row: dict[str, str]) -> None:
    architecture = named(row["name"], (int(row["width"]), int(row["height"])))
    assert architecture.parameters == int(row["parameters"])
    assert architecture.flops == pytest.approx(float(row["flops"]), rel=0.01)


@pytest.mark.skipif(not ORACLE.is_file(), reason="reference data is not beside the repository")
def test_the_whole_oracle_agrees() -> None:
    comparisons = list(compare_vision(ORACLE))
    assert comparisons
    assert [one for one in comparisons if one.verdict != "matched"] == []


def test_a_table_of_counts_shows_what_differs_and_what_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "oracle_cv.csv"
    table.write_text(
        "model,input,params,flops_2xMAC\n"
        "resnet18,1x3x224x224,11689512,3628146688\n"
        "resnet18,1x3x224x224,11689513,3628146688\n"
        "resnet18,1x3x224x224,11689512,3700000000\n"
        "nobody18,1x3x224x224,1,1\n",
        encoding="utf-8",
    )
    verdicts = [one.verdict for one in compare_vision(table)]
    assert verdicts == ["matched", "differing", "differing", "refused"]


@pytest.mark.skipif(not MEASUREMENTS.is_file(), reason="reference data is not there")
def test_every_timm_name_of_the_measured_rows_is_known() -> None:
    names = {row["model"] for row in rows(MEASUREMENTS) if row["model"].startswith("timm/")}
    assert names
    assert [name for name in names if base_name(name) not in named_architectures()] == []


PROFILES = {
    "resnet-50": "resnet50",
    "mobilenet-v2": "mobilenet_v2",
    "efficientnet-b0": "efficientnet_b0",
    "vit-b-16": "vit_b_16",
    "swin-t": "swin_t",
    "convnext-t": "convnext_tiny",
    "retinanet": "retinanet_resnet50_fpn",
}


@pytest.mark.parametrize("profile", PROFILES)
def test_bundled_profile_is_the_published_model(profile: str) -> None:
    assert [(layer.kind, layer.parameters, layer.flops) for layer in bundled(profile).layers] == [
        (layer.kind, layer.parameters, layer.flops) for layer in named(PROFILES[profile]).layers
    ]


def test_matrix_shapes_give_the_flops() -> None:
    for name in PROFILES.values():
        for layer in named(name).layers:
            if layer.kind in (LayerKind.CONVOLUTION, LayerKind.LINEAR):
                product = 2 * layer.groups * layer.rows * layer.depth * layer.columns
                assert layer.flops == product, layer.name


def test_attention_has_a_group_per_head_and_window() -> None:
    first = next(x for x in named("swin_t").layers if x.kind is LayerKind.ATTENTION)
    assert (first.rows, first.columns, first.depth, first.groups) == (49, 49, 32, 3 * 64)


def test_flops_grow_with_the_image() -> None:
    small, large = bundled("resnet-50", (224, 224)), bundled("resnet-50", (448, 224))
    convolutions = [
        sum(layer.flops for layer in one.layers if layer.kind is LayerKind.CONVOLUTION)
        for one in (small, large)
    ]
    assert convolutions[1] == 2 * convolutions[0]


def test_width_and_height_are_not_confused() -> None:
    architecture = bundled("vit-b-16", (320, 160))
    assert architecture.input == Image(320, 160)
    patch = architecture.layers[0]
    assert (patch.rows, patch.depth) == (20 * 10, 768)


def test_vit_takes_whole_patches_only() -> None:
    with pytest.raises(InputError, match="225x224, expected multiples of 16, the patch"):
        bundled("vit-b-16", (225, 224))


def test_swin_pads_to_whole_windows() -> None:
    assert bundled("swin-t", (230, 230)).flops > bundled("swin-t", (224, 224)).flops


def test_unknown_name_is_refused_with_the_nearest_and_the_advice() -> None:
    with pytest.raises(InputError, match=r"'resnet51' is unknown; nearest known: resnet5.*CSV"):
        named("resnet51")


def test_pre_activation_is_version_two() -> None:
    assert (named("resnet50").version, named("resnetv2_50").version) == ("V1.5", "V2")


CONFIGS = json.loads(
    (Path(__file__).parents[3] / "data" / "vision_configs.json").read_text(encoding="utf-8")
)["models"]


@pytest.mark.parametrize("row", CONFIGS, ids=lambda row: row["config"]["architectures"][0])
def test_hub_configs_match_transformers(row: dict[str, Any]) -> None:
    size, tokens = row.get("size"), row.get("tokens", 0)
    resolution = (size[0], size[1]) if size else None
    architecture = read_vision(row["config"], "config.json", "model", "", resolution, tokens)
    assert architecture.parameters == row["parameters"]
    if row["flops"]:
        assert architecture.flops == pytest.approx(row["flops"], rel=0.01)


def test_a_model_is_found_by_the_name_that_timm_gives_it() -> None:
    architecture = bundled("ResNet152")
    assert (architecture.parameters, architecture.input) == (60_192_808, Image(224, 224))


def test_every_named_architecture_is_read_at_its_own_size() -> None:
    for name in named_architectures():
        assert named(name).parameters > 100_000, name


def test_the_organisation_before_a_name_needs_no_hub() -> None:
    assert bundled("timm/resnet18").parameters == 11_689_512
    assert hub_reference("timm/resnet18") is None
    assert hub_reference("timm/resnet18.a1_in1k") is not None
