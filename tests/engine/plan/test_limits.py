"""What a plan never holds: more sequences than the scheduler admits, more context than the model
takes; and what each setting of the engine changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan.answer import answer
from engine.plan.metrics.table import NO_MEMORY, NOTHING, TOO_LONG, TOO_MANY
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Sweep, Table
from engine.plan.search import batch_limits
from engine.plan.sweep import sweep
from engine.plan.tables import batch_table
from engine.scenario import LayoutLimits, Mode, Objectives, Scenario, Settings, Workload
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated

SMALL = Scenario(
    model="llama-3.1-8b",
    chip="h200_sxm",
    chips=1,
    workload=Workload(512, 128),
    objectives=Objectives(),
)


def told(scenario: Scenario, **values: object) -> Scenario:
    return replace(scenario, settings=replace(scenario.settings, **values))  # type: ignore[arg-type]


def asking(scenario: Scenario, **values: object) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, **values))  # type: ignore[arg-type]


def swept(scenario: Scenario) -> tuple[Prepared, Sweep]:
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None
    return prepared, found


def row_of(scenario: Scenario, batch: int) -> Table:
    prepared = prepare(scenario)
    return batch_table(
        prepared, scenario, prepared.arrangements[0], prepared.precisions[0], np.array([batch])
    )


def value(scenario: Scenario, metric: str, batch: int = 16) -> float:
    return row_of(scenario, batch).value(0, metric)


def most(scenario: Scenario) -> int:
    prepared = prepare(scenario)
    return int(batch_limits(prepared, scenario, prepared.precisions[0])[0])


class TestSequences:
    @settings(max_examples=20, deadline=None)
    @given(
        model=st.sampled_from(["llama-3.1-8b", "deepseek-v3", "gpt-oss-120b"]),
        chips=st.sampled_from([8, 16]),
        engine=st.sampled_from(["vllm", "sglang", "trtllm"]),
        mode=st.sampled_from(Mode),
        given_limit=st.sampled_from([None, 1, 7, 64]),
        prompt=st.sampled_from([16, 2000]),
    )
    def test_no_row_holds_more_per_rank_than_the_scheduler_admits(
        self, model, chips, engine, mode, given_limit, prompt
    ):
        scenario = Scenario(
            model=model,
            chip="h200_sxm",
            chips=chips,
            framework=engine,
            workload=Workload(prompt, 16, mode),
            settings=Settings(max_sequences=given_limit),
            max_batch=3000,
        )
        prepared, found = swept(scenario)
        allowed = prepared.framework.scheduler.max_sequences
        assert given_limit in (None, allowed)
        table = found.table
        ranks = np.array(
            [
                one.layout.attention_data if isinstance(one, Aggregated) else 1
                for one in table.arrangements
            ]
        )
        per_rank = table.batch / ranks[table.arrangement_index]
        assert np.all(per_rank[table.fits] <= allowed)

    def test_the_sweep_ends_at_the_setting(self):
        _, found = swept(told(SMALL, max_sequences=24))
        assert found.table.batch.max() == 24

    def test_beyond_it_the_verdict_is_the_scheduler_s(self):
        limited = told(SMALL, max_sequences=24)
        assert row_of(limited, 24).verdict(0) is NOTHING
        over = row_of(limited, 25)
        assert over.verdict(0) is TOO_MANY
        assert not over.fits[0]
        assert np.isnan(over.value(0, "tpot_ms"))

    def test_beyond_memory_the_verdict_is_memory_s(self):
        huge = told(SMALL, max_sequences=1 << 20)
        assert row_of(huge, most(huge) + 1).verdict(0) is NO_MEMORY

    def test_the_answer_says_that_the_scheduler_binds(self):
        limited = told(SMALL, max_sequences=24)
        prepared, found = swept(limited)
        sentence = answer(prepared, limited, found)
        assert "batch 24:" in sentence
        assert "the scheduler binds, it admits 24 sequences per rank (--max-sequences)" in sentence

    def test_each_rank_of_attention_dp_admits_as_many(self):
        limited = replace(
            told(SMALL, max_sequences=5),
            model="deepseek-v3",
            chips=16,
            limits=LayoutLimits(tensor=(2,), attention_data=(8,), pipeline=(1,)),
        )
        _, found = swept(limited)
        assert found.table.batch.max() == 5 * 8


class TestContext:
    """Llama 2 takes 4096 tokens; the last one is never read."""

    LONG = replace(SMALL, model="llama-2-7b", workload=Workload(4000, 97))

    def test_as_long_as_the_model_takes_is_served(self):
        assert row_of(self.LONG, 1).verdict(0) is NOTHING
        _, found = swept(self.LONG)
        assert found.best is not None

    def test_one_token_more_is_a_verdict(self):
        longer = asking(self.LONG, output_tokens=98)
        row = row_of(longer, 1)
        assert row.verdict(0) is TOO_LONG
        assert row.verdict(0).id == "context"
        assert np.isnan(row.value(0, "ttft_ms"))

    def test_the_answer_says_so(self):
        longer = asking(self.LONG, output_tokens=1000)
        prepared, found = swept(longer)
        assert found.best is None
        assert answer(prepared, longer, found) == (
            "Nothing can be served: requests of 5,000 tokens are longer than the 4,096 that "
            "Llama-2-7B takes: prompts of at most 3,096 fit (--isl); --max-context 5000 takes them "
            "all the same."
        )

    def test_an_engine_told_of_more_takes_more(self):
        longer = told(asking(self.LONG, output_tokens=1000), max_context=8192)
        _, found = swept(longer)
        assert found.best is not None

    def test_an_engine_told_of_less_takes_less(self):
        shorter = told(self.LONG, max_context=2048)
        assert row_of(shorter, 1).verdict(0) is TOO_LONG

    def test_a_batch_too_large_as_well_is_too_long_first(self):
        longer = told(asking(self.LONG, output_tokens=1000), max_sequences=4)
        assert row_of(longer, 9).verdict(0) is TOO_LONG


class TestSettings:
    def test_defaults_are_the_engine_s_own(self):
        engine = prepare(SMALL).framework
        same = told(
            SMALL,
            memory_fraction=engine.memory.memory_fraction,
            prefill_tokens=engine.scheduler.prefill_tokens,
            max_sequences=engine.scheduler.max_sequences,
            prefix_caching=engine.scheduler.prefix_caching,
        )
        assert prepare(same).framework == engine
        for metric in ("ttft_ms", "tpot_ms", "memory_gib"):
            assert value(same, metric) == value(SMALL, metric)

    def test_a_share_of_memory_is_what_the_engine_fills(self):
        half = told(SMALL, memory_fraction=0.5)
        chip = prepare(half).chip
        assert row_of(half, 1).capacity_gib[0] == pytest.approx(0.5 * chip.usable_bytes / 2**30)
        assert 0 < most(told(half, max_sequences=9999)) < most(told(SMALL, max_sequences=9999))

    def test_trtllm_s_share_is_of_what_weights_leave(self):
        engine = replace(SMALL, framework="trtllm")
        half = row_of(told(engine, memory_fraction=0.5), 1)
        chip = prepare(engine).chip
        assert half.capacity_gib[0] > 0.5 * chip.usable_bytes / 2**30

    def test_fewer_prompt_tokens_in_a_pass_leave_more_memory_and_delay_first_tokens(self):
        prompt = asking(SMALL, input_tokens=8192)
        # Enough that its activations are more than what sampling sets aside.
        small, large = (told(prompt, prefill_tokens=tokens) for tokens in (1024, 65_536))
        assert value(small, "memory_gib") < value(large, "memory_gib")
        assert value(small, "ttft_ms") > value(large, "ttft_ms")

    def test_more_prompts_found_in_the_cache_are_fewer_to_prefill(self):
        long = asking(SMALL, input_tokens=8192)
        ttft, tpot = (
            [value(asking(long, cached=share), metric) for share in (0.0, 0.5, 1.0)]
            for metric in ("ttft_ms", "tpot_ms")
        )
        assert sorted(ttft, reverse=True) == ttft
        assert sorted(tpot, reverse=True) == tpot
        assert ttft[2] < 0.8 * ttft[0]

    @pytest.mark.parametrize("engine", ["vllm", "trtllm"])
    def test_without_a_prefix_cache_nothing_is_found(self, engine: str):
        scenario = replace(asking(SMALL, input_tokens=8192, cached=0.5), framework=engine)
        off, on = (told(scenario, prefix_caching=state) for state in (False, True))
        assert value(off, "ttft_ms") == value(asking(off, cached=0.0), "ttft_ms")
        assert value(on, "ttft_ms") < value(off, "ttft_ms")

    def test_a_numbered_build_has_a_profile_of_its_own(self):
        former = prepare(told(SMALL, build="0.6")).framework
        assert former.id == "vllm-0.6"
        assert value(told(SMALL, build="0.6"), "tpot_ms") > value(SMALL, "tpot_ms")

    @pytest.mark.parametrize(
        ("build", "words"),
        [
            ("0.99", "expected a day as 2026-02-10 or one of 0.12, 0.5, 0.6"),
            ("2026-02-31", "there is no such day"),
        ],
    )
    def test_unknown_builds_are_refused(self, build: str, words: str):
        with pytest.raises(InputError, match=words):
            prepare(told(SMALL, build=build))

    def test_settings_are_told_to_a_numbered_build_too(self):
        former = prepare(told(SMALL, build="0.6", prefill_tokens=777)).framework
        assert former.scheduler.prefill_tokens == 777


class TestMemoryByTheEngineSOwnRule:
    def test_requests_in_flight_hold_their_mean_context(self):
        """They are halfway through their answers; Llama-3.1-8B has 128 KiB of cache per token, in
        pages of 16 tokens."""
        scenario = asking(SMALL, input_tokens=1600, output_tokens=3200)
        step = value(scenario, "memory_gib", 64) - value(scenario, "memory_gib", 16)
        # Activations and logits of the largest pass are set aside at start.
        assert step * 2**30 == pytest.approx(3200 * (64 - 16) * 131_072)

    def test_static_batches_hold_whole_contexts(self):
        scenario = asking(SMALL, input_tokens=1600, output_tokens=3200, mode=Mode.STATIC)
        step = value(scenario, "memory_gib", 64) - value(scenario, "memory_gib", 16)
        assert step * 2**30 == pytest.approx(4800 * (64 - 16) * 131_072)
