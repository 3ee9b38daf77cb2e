"""Nudges and their responses; effects of config keys."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from engine.plan.nudges.nudge import relatives
from engine.plan.prepared import prepare
from engine.plan.sensitivity.key_effects import edited, key_effects, tried_values
from engine.plan.sensitivity.knobs import sensitivity
from engine.plan.sensitivity.neighbours import nudges
from engine.plan.sweep import sweep
from engine.scenario import LayoutLimits, Objectives, Scenario

DENSE = Scenario(
    model="llama-3.1-8b", chip="h200_sxm", chips=1, objectives=Objectives(ttft_ms=2000, tpot_ms=50)
)


@pytest.fixture(scope="module")
def responses():
    return sensitivity(DENSE)


class TestNudges:
    def test_each_changes_exactly_what_it_says(self):
        for nudge in nudges(DENSE):
            assert nudge.scenario != DENSE
            assert nudge.before != nudge.after

    def test_no_two_are_the_same(self):
        found = [(one.knob, one.after) for one in nudges(DENSE)]
        assert len(found) == len(set(found))

    def test_limits_on_layouts_are_let_go(self):
        limited = replace(DENSE, chips=2, limits=LayoutLimits(tensor=(1,)), max_batch=8)
        knobs = {one.knob: one.after for one in nudges(limited)}
        assert knobs["TP"] == "any"
        assert knobs["max batch"] == "16"

    def test_drafts_are_a_knob(self):
        assert "draft tokens" in {one.knob for one in nudges(DENSE)}
        speculating = replace(DENSE, draft_tokens=1, acceptance=0.8)
        assert {"draft tokens", "acceptance"} <= {one.knob for one in nudges(speculating)}

    def test_the_text_is_one_where_nobody_gave_an_acceptance(self):
        assert "text" in {one.knob for one in nudges(replace(DENSE, draft_tokens=1))}

    def test_imbalance_is_for_models_with_experts(self):
        assert "EP imbalance" not in {one.knob for one in nudges(DENSE)}
        assert "EP imbalance" in {one.knob for one in nudges(Scenario())}

    def test_what_the_engine_is_told_is_a_knob(self):
        told = {"memory share", "prefill tokens", "prefill interval", "cached share"}
        experts = {"expert copies", "batch overlap"}
        dense = {one.knob for one in nudges(DENSE)}
        assert told <= dense
        assert not experts & dense
        assert told | experts <= {one.knob for one in nudges(Scenario())}

    def test_conversations_and_spreads_are_knobs(self):
        told = {"turns", "shared prefix", "ISL spread", "OSL spread", "max sequences", "certainty"}
        assert told <= {one.knob for one in nudges(DENSE)}

    def test_the_host_cache_is_one_where_requests_share_something(self):
        assert "host cache GiB" not in {one.knob for one in nudges(DENSE)}
        talking = replace(DENSE, workload=replace(DENSE.workload, turns=4, think_seconds=30.0))
        found = {(one.knob, one.before, one.after) for one in nudges(talking)}
        assert {("host cache GiB", "0", "128"), ("turns", "4", "3"), ("turns", "4", "5")} <= found
        assert {"prefix cache", "think s"} <= {knob for knob, _, _ in found}

    def test_a_rate_is_one_where_there_is_one(self):
        assert "requests/s" not in {one.knob for one in nudges(DENSE)}
        open_load = replace(DENSE, workload=replace(DENSE.workload, rate=10.0))
        steps = {one.after for one in nudges(open_load) if one.knob == "requests/s"}
        assert steps == {"9.09", "11"}

    def test_vision_models_have_images_instead_of_tokens(self):
        scenario = Scenario(
            model="resnet-50", chip="l40s", chips=1, objectives=Objectives(latency_ms=10)
        )
        found = {(one.knob, one.before, one.after) for one in nudges(scenario)}
        assert ("resolution", "224x224", "448x448") in found
        assert ("instances", "1", "2") in found
        assert not {"ISL", "KV cache", "TTFT limit"} & {knob for knob, _, _ in found}

    def test_relatives_are_of_the_same_vendor_slowest_first(self):
        chip = prepare(DENSE).chip
        found = relatives(chip)
        assert {one.vendor for one in found} == {chip.vendor}
        speeds = [one.bandwidth_bytes for one in found]
        assert speeds == sorted(speeds)


class TestSensitivity:
    def test_strongest_first(self, responses):
        strengths = [one.strength for one in responses]
        assert strengths == sorted(strengths, reverse=True)

    def test_ratios_are_of_the_swept_best(self, responses):
        one = next(r for r in responses if r.nudge.knob == "KV cache")
        before = sweep(prepare(DENSE), DENSE)
        after = sweep(prepare(one.nudge.scenario), one.nudge.scenario)
        expected = (
            after.table.metrics["tps_per_chip"][after.best]
            / before.table.metrics["tps_per_chip"][before.best]
        )
        assert one.throughput_ratio == pytest.approx(expected)
        assert one.batch == after.table.batch[after.best]

    def test_a_lost_plan_is_the_strongest(self):
        scenario = replace(DENSE, model="llama-3.1-70b", chips=2)
        first = sensitivity(scenario)[0]
        assert first.batch == 0
        assert first.strength == math.inf

    def test_progress_counts_up(self):
        seen: list[tuple[int, int]] = []
        sensitivity(DENSE, progress=lambda done, of: seen.append((done, of)))
        assert [done for done, _ in seen] == list(range(seen[0][1]))

    def test_stops_when_told(self):
        assert sensitivity(DENSE, should_stop=lambda: True) == []

    def test_no_plan_no_responses(self):
        assert sensitivity(replace(DENSE, objectives=Objectives(tpot_ms=0.01))) == []


class TestKeyEffects:
    @pytest.mark.parametrize(
        ("value", "tried"),
        [
            (8, (4, 16)),
            (1, (2,)),
            (3, (1, 6)),
            (0.5, (0.25, 1.0)),
            (True, (False,)),
            ("silu", ()),
            (0, ()),
            (None, ()),
            ([1], ()),
        ],
    )
    def test_tried_values(self, value: object, tried: tuple[object, ...]):
        assert tried_values(value) == tried

    def effects(self, key: str, value: object):
        found = sweep(prepare(DENSE), DENSE)
        table, row = found.table, found.best
        assert row is not None
        arrangement, precision = table.arrangement(row), table.precision(row)
        return key_effects(DENSE, key, value, arrangement, precision, int(table.batch[row]))

    def test_half_the_layers_is_faster_and_smaller(self):
        half, double = self.effects("num_hidden_layers", 32)
        assert half.throughput_ratio > 1.5
        assert half.memory_ratio < 0.7
        assert half.ttft_ratio < 0.7
        assert double.memory_ratio > 1.5

    def test_double_that_does_not_fit_says_so(self):
        _, double = self.effects("num_hidden_layers", 32)
        assert double.overflows
        assert math.isnan(double.throughput_ratio)

    def test_impossible_values_name_their_rule(self):
        assert not self.effects("num_attention_heads", 32)[0].refused
        assert "divisor" in self.effects("num_key_value_heads", 64)[1].refused

    def test_a_key_without_effect_is_shown_as_such(self):
        half, double = self.effects("max_position_embeddings", 131072)
        assert half.throughput_ratio == pytest.approx(1.0)
        assert double.memory_ratio == pytest.approx(1.0)

    def test_stops_when_told(self):
        found = sweep(prepare(DENSE), DENSE)
        arrangement, precision = found.table.arrangement(0), found.table.precision(0)
        stopped = key_effects(
            DENSE, "num_hidden_layers", 32, arrangement, precision, 1, should_stop=lambda: True
        )
        assert stopped is None

    def test_an_edit_replaces_the_one_before(self):
        twice = edited(edited(DENSE, "num_hidden_layers", 8), "num_hidden_layers", 16)
        assert twice.edits == (("num_hidden_layers", 16),)


@pytest.mark.parametrize(
    ("chip", "name"), [("b200_sxm", "nvfp4"), ("mi355x", "mxfp4"), ("h100_sxm", "int4")]
)
def test_four_bit_weights_come_in_the_format_of_the_chip(chip, name):
    scenario = Scenario(model="llama-3.1-8b", chip=chip, chips=1)
    tried = [one.after for one in nudges(scenario) if one.knob == "weights"]
    assert name in tried
