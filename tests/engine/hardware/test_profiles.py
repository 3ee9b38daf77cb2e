"""Every bundled profile obeys its schema; users' own come first and are refused by key."""

from __future__ import annotations

import shutil

import pytest

from engine.hardware.chip import Provenance
from engine.hardware.chip_profiles import chip_aliases, chip_ids, load_chip
from engine.hardware.framework_profiles import framework_ids, framework_values, load_framework
from engine.hardware.launch_table import LaunchTable, entries
from engine.hardware.schema.chip import ChipFile, ForwardKernelsFile, GenerationFile
from engine.hardware.schema.framework import FrameworkFile
from engine.sources.profile_files import bundled_files, read_names, read_toml
from engine.words.errors import InputError
from profiles import ROOT

GENERATIONS = sorted((ROOT / "chips" / "generations").glob("*.toml"))
VISION = sorted((ROOT / "chips" / "vision").glob("*.toml"))


@pytest.mark.parametrize("id", sorted(bundled_files("chips")))
def test_chip_files_obey_the_schema(id: str):
    file = ChipFile.model_validate(read_toml(bundled_files("chips")[id]))
    assert file.id == id
    assert file.sources


@pytest.mark.parametrize("path", VISION, ids=lambda path: path.stem)
def test_vision_constants_obey_the_schema(path):
    file = ForwardKernelsFile.model_validate(read_toml(path))
    assert file.id == path.stem
    assert path.stem == "default" or path.stem in {one.stem for one in GENERATIONS}
    assert all(kernel.source for kernel in file.kernels.values())


@pytest.mark.parametrize("path", GENERATIONS, ids=lambda path: path.stem)
def test_generation_files_obey_the_schema(path):
    file = GenerationFile.model_validate(read_toml(path))
    assert file.id == path.stem
    assert all(kernel.source for kernel in file.kernels.values())


@pytest.mark.parametrize("id", sorted(bundled_files("frameworks")))
def test_framework_files_obey_the_schema(id: str):
    file = FrameworkFile.model_validate(framework_values(bundled_files("frameworks")[id]))
    assert file.id == id
    assert file.sources


@pytest.mark.parametrize("id", chip_ids())
def test_rates_grow_as_bits_shrink(id: str):
    peaks = load_chip(id).peak_flops
    order = [peaks[name] for name in ("bf16", "fp8", "fp4") if name in peaks]
    assert order == sorted(order)


@pytest.mark.parametrize(
    "name",
    [
        "h100",
        "h200",
        "h800",
        "h20",
        "b200",
        "gb200",
        "a100",
        "l40s",
        "mi300x",
        "mi355x",
        "910b3",
        "910c",
    ],
)
def test_the_named_chips_are_there(name: str):
    chip = load_chip(name)
    assert chip.sources
    assert chip.node_size >= 1


def test_blackwell_chips_with_more_power_are_faster():
    """The B200's constants are the generation's; other generations hold no such law."""
    watts, paces = zip(
        *sorted(
            (chip.watts, chip.pace) for chip in map(load_chip, ("b200", "b300", "gb200", "gb300"))
        ),
        strict=True,
    )
    assert watts == (1000, 1100, 1200, 1400)
    assert paces[0] == 1.0
    assert sorted(paces, reverse=True) == list(paces)
    assert paces[-1] == pytest.approx((1000 / 1400) ** 0.3, rel=0.03)
    assert load_chip("h200").pace == 1.0


def test_names_are_read_as_the_whole_file_says_them():
    for path in bundled_files("chips").values():
        whole = read_toml(path)
        assert read_names(path) == {key: whole[key] for key in ("name", "aliases") if key in whole}


def test_aliases_are_unambiguous():
    assert not set(chip_aliases()) & set(chip_ids())


def test_unknown_chips_get_a_hint():
    with pytest.raises(InputError, match=r"nearest: .*h100"):
        load_chip("h1000")


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "rooftop" / "chips"
    folder.mkdir(parents=True)
    return folder


def test_a_users_chip_comes_first_and_is_shown_as_theirs(own_folder):
    shutil.copy(bundled_files("chips")["h100_sxm"], own_folder / "h100_sxm.toml")
    text = (own_folder / "h100_sxm.toml").read_text()
    (own_folder / "h100_sxm.toml").write_text(
        text.replace("bandwidth_gbs = 3350", "bandwidth_gbs = 3000")
    )
    chip = load_chip("h100_sxm")
    assert chip.bandwidth_bytes == 3000e9
    assert chip.origin.endswith("h100_sxm.toml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("memory_bytes = 85899345920", "memory_bytes = -1", "memory_bytes: found -1"),
        ('generation = "hopper"', 'generation = "hooper"', "generation: found 'hooper'"),
        ("[peak_tflops]", "[peaks]", "peak"),
        ('id = "h100_sxm"', 'id = "other"', "id: found 'other'"),
        ('name = "H100', 'name = "', "not valid TOML|name"),
    ],
)
def test_bad_user_files_are_refused_by_key(own_folder, old, new, words):
    text = bundled_files("chips")["h100_sxm"].read_text()
    assert old in text
    changed = text.replace(old, new, 1)
    if old.startswith("name"):
        changed = text.replace(old, "name = 3 #", 1)
    (own_folder / "h100_sxm.toml").write_text(changed)
    with pytest.raises(InputError, match=words) as caught:
        load_chip("h100_sxm")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("id", framework_ids())
def test_frameworks_load(id: str):
    framework = load_framework(id)
    assert 0 < framework.memory.memory_fraction <= 1
    launch = framework.launch
    if isinstance(launch, LaunchTable):
        # On its command, or in the file that this is told to read.
        assert any("{model}" in one.text for one in entries(launch))
    else:
        assert "{model}" in launch.text


@pytest.mark.parametrize(
    ("called", "meant"),
    [
        ("7900", "7900xtx"),
        ("GeForce 4090", "4090"),
        ("mi355", "mi355x"),
    ],
)
def test_an_unknown_chip_is_answered_with_what_people_call_it(called: str, meant: str):
    with pytest.raises(InputError, match=f"nearest: .*{meant}"):
        load_chip(called)


@pytest.mark.parametrize(
    "spelt", ["rtx 4090", "RTX-4090", "rtx4090", "H100 SXM", "MI300 X", "mi300x"]
)
def test_chips_are_found_however_they_are_spelt(spelt: str):
    squeezed = "".join(letter for letter in spelt.lower() if letter.isalnum())
    assert load_chip(spelt).id.replace("_", "") == squeezed


def test_chips_are_found_by_their_full_names():
    assert load_chip("GeForce RTX 4090").id == "rtx_4090"
    assert load_chip("H100 SXM5 80GB").id == "h100_sxm"


def test_engines_are_found_however_they_are_spelt():
    assert load_framework("SG Lang").id == "sglang"


def test_a_chip_says_whether_its_memory_is_what_a_driver_reported():
    measured, nominal = load_chip("h100_sxm"), load_chip("gaudi3")
    assert measured.memory_provenance is Provenance.MEASURED
    assert measured.usable_bytes < measured.memory_bytes
    assert nominal.memory_provenance is Provenance.DATASHEET
    assert nominal.usable_bytes == nominal.memory_bytes


def test_what_drivers_report_is_not_more_than_there_is_and_has_a_source():
    for name in chip_ids():
        chip = load_chip(name)
        assert chip.reported_bytes <= chip.memory_bytes, name
        assert bool(chip.reported_bytes) == bool(chip.reported_source), name
