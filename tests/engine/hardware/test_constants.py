"""Engine constants are declared once: loader, schema and list follow from the declaration."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import pytest
from pydantic import ValidationError

from engine.hardware.constants import read_part, written_part
from engine.hardware.framework import CONSTANTS, PARTS
from engine.hardware.framework_profiles import framework_ids, framework_values, load_framework
from engine.hardware.parts.costs import Costs
from engine.hardware.parts.scheduler import PrefillPasses, Scheduler
from engine.hardware.schema.framework import FrameworkFile
from engine.sources.profile_files import bundled_files
from tests.engine import builders


def test_field_names_are_all_different():
    names = [one.name for part in PARTS.values() for one in fields(part)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_constant_says_what_it_means():
    assert all(declared.says for _, declared in CONSTANTS.values())


def test_the_schema_knows_every_constant_by_its_key():
    assert CONSTANTS.keys() <= FrameworkFile.model_fields.keys()


@pytest.mark.parametrize("id", framework_ids())
def test_what_is_written_is_what_was_read(id: str):
    file = framework_values(bundled_files("frameworks")[id])
    framework = load_framework(id)
    for name, part in PARTS.items():
        again = read_part(part, written_part(getattr(framework, name)))
        assert written_part(again) == written_part(getattr(framework, name))
        known = written_part(getattr(framework, name))
        for key in known.keys() & file.keys():
            assert known[key] == pytest.approx(file[key]), key


def test_units_and_modes_are_those_of_the_declaration():
    costs = read_part(Costs, {"step_us": 250.0, "warmup_ms": 3.0})
    assert (costs.step_seconds, costs.warmup_seconds) == pytest.approx((250e-6, 3e-3))
    values = {"chunk_tokens": 512, "max_sequences": 8, "chunked_prefill": False}
    assert read_part(Scheduler, values).prefill_passes is PrefillPasses.OWN


@pytest.mark.parametrize(
    ("key", "value"), [("step_us", -1.0), ("memory_fraction", 1.5), ("opening_slowdown", 0.5)]
)
def test_the_schema_holds_the_declared_bounds(key: str, value: float):
    file = framework_values(bundled_files("frameworks")["vllm"])
    with pytest.raises(ValidationError, match=key):
        FrameworkFile.model_validate({**file, key: value})


def test_a_constant_that_is_none_is_refused_by_name():
    with pytest.raises(TypeError, match="stpe_seconds"):
        builders.framework(stpe_seconds=1.0)
