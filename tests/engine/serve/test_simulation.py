"""The event simulation: what can be worked out on paper, and what must hold whatever comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.hardware.parts.scheduler import Admission, PrefillPasses
from engine.scenario import Objectives, Scenario, Workload
from engine.serve.load import Closed, Open, Static
from engine.serve.predict import predict
from engine.serve.requests import Drafts, Requests, Spread
from engine.serve.resolve import resolve
from engine.serve.simulation.cache_room import CacheRoom
from engine.serve.simulation.generate import contexts_before, drawn_trace, in_turns
from engine.serve.simulation.grid import Grid, doubling
from engine.serve.simulation.jobs import jobs_of
from engine.serve.simulation.pass_seconds import Bounds, PassSeconds
from engine.serve.simulation.prefix_cache import PrefixCache, cached_share
from engine.serve.simulation.rules import Rules
from engine.serve.simulation.serving import Served, Stopped, Teller, serve
from engine.serve.simulation.simulate import simulate
from engine.serve.simulation.site import Site
from engine.serve.system import System
from engine.sources.traces.trace import Blocks, Trace
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout

ONE = Aggregated(Layout(1))
REQUESTS = Requests(1000.0, 100.0)


@pytest.fixture(scope="module")
def system() -> System:
    workload = Workload(1000, 100)
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm", framework="vllm", workload=workload)
    return resolve(scenario).systems[0]


class Even:
    """Passes of one second, whatever they hold; of prompts and decoding sequences together."""

    shared = True

    def decode(self, sequences: float, position: float, share: float) -> float:
        return 1.0

    def prefill(self, decoding, tokens: float, keys: float, share: float) -> float:
        return 1.0


RULES = Rules(1, 100.0, 8, 1 << 20, 1.0, 1, 0, False, True, 0.0)
"""A hundred tokens of prompts in a pass, eight sequences."""


def room(tokens: float) -> CacheRoom:
    """For so many tokens, a byte each."""
    nodes = np.array([0.0, 1e6])
    return CacheRoom(tokens, 1e6, nodes, nodes)


def trace(*requests: tuple[float, float, float], blocks: Blocks | None = None) -> Trace:
    """Of (arrival, input, output)."""
    arrival, inputs, outputs = (np.array(one, dtype=float) for one in zip(*requests, strict=True))
    return Trace("test", inputs, outputs, arrival, blocks)


class Told:
    """What one worker did: times of its requests (-1: refused), and its log."""

    def __init__(self, found: Served) -> None:
        self.first, self.last = found.first.tolist(), found.last.tolist()
        self.log, self.found_tokens = found.logs[0], found.found_tokens


def site(rules: Rules = RULES, tokens: float = 1e6, seconds: object = None) -> Site:
    return Site(Layout(1), 1, seconds or Even(), rules, room(tokens))


def served(asked: Trace, rules: Rules = RULES, tokens: float = 1e6, seconds: object = None) -> Told:
    jobs = jobs_of(asked, asked.arrival_seconds, np.zeros(len(asked)), 1.0)
    return Told(serve(site(rules, tokens, seconds), jobs, 0, Teller(None, len(asked), 1)))


def test_a_prompt_longer_than_the_budget_takes_several_passes():
    told = served(trace((0, 250, 3)))
    assert (told.first, told.last) == ([3.0], [5.0])


def test_prompts_share_a_pass_as_far_as_the_budget_goes():
    told = served(trace((0, 60, 1), (0, 60, 1)))
    assert told.first == [1.0, 2.0]


def test_decoding_sequences_take_their_tokens_out_of_the_budget():
    told = served(trace((0, 10, 50), (1, 100, 1)))
    assert told.first[1] == 3.0


def test_a_request_waits_for_the_running_pass():
    told = served(trace((0, 10, 50), (5.5, 10, 1)))
    assert told.first[1] == 7.0


def test_passes_of_their_own_stop_those_that_decode():
    own = Even()
    own.shared = False
    told = served(trace((0, 10, 5), (2.5, 10, 5)), seconds=own)
    assert told.first == [1.0, 4.0]
    assert told.last[0] == 6.0
    assert max(told.log.gaps) == 2.0


TOLD = replace(RULES, interval=5, released=True)
"""A prefill interval of five passes."""


def test_a_prefill_interval_holds_prompts_back():
    told = served(trace((0, 10, 50), (1.5, 10, 1)), TOLD)
    # Passes 1 and 6 take prompts.
    assert told.first == [1.0, 6.0]


def test_a_prefill_interval_is_lifted_while_prompts_are_left():
    told = served(trace((0, 10, 50), (1.5, 250, 1)), TOLD)
    assert told.first[1] == 8.0


def test_ranks_count_a_prefill_interval_over_all_passes():
    told = served(trace((0, 10, 50), (7.5, 10, 1)), replace(TOLD, ranks=2))
    # The eleventh pass, of those that are numbered from none.
    assert told.first[1] == 11.0


def test_turns_of_conversations_have_the_mean_of_their_prompts():
    # Three turns of 100 tokens and answers of 20: 100, 220 and 340 tokens.
    requests = Requests(220.0, 20.0)
    drawn = in_turns(drawn_trace(requests, Open(1.0), 3000, 1), requests, 3, 1)
    assert set(drawn.input_tokens) == {100.0, 220.0, 340.0}
    assert drawn.input_tokens.mean() == pytest.approx(220.0, rel=0.03)
    before = contexts_before(requests, 3, 10, 1)
    assert (drawn.input_tokens[:10] - before).tolist() == [100.0] * 10


def test_ranks_that_take_turns_share_no_cache():
    ids, starts = np.array([1, 2, 1, 2]), np.array([0, 2, 4])
    both = [cached_share(Blocks(ids, starts, 16), [32.0, 32.0], 10, ranks) for ranks in (1, 2)]
    assert both == [pytest.approx(31 / 64), 0.0]


def test_no_more_sequences_than_the_scheduler_takes():
    told = served(trace((0, 10, 5), (0, 10, 5)), replace(RULES, max_sequences=1))
    assert told.first == [1.0, 6.0]


def test_who_waits_for_memory_starts_when_another_ends():
    told = served(trace((0, 60, 5), (0, 60, 5)), tokens=100)
    assert told.first == [1.0, 6.0]


def test_a_cache_that_is_full_takes_the_latest_request_back():
    told = served(trace((0, 40, 30), (0, 40, 30)), tokens=100)
    assert told.log.preemptions >= 1
    assert told.last[0] == 30.0
    assert told.last[1] > 31.0


def test_whole_answers_are_never_taken_back():
    rules = replace(RULES, whole_answers=True)
    told = served(trace((0, 40, 30), (0, 40, 30)), rules, tokens=100)
    assert told.log.preemptions == 0
    assert told.first == [1.0, 31.0]


def test_what_never_fits_is_refused_and_the_others_are_served():
    told = served(trace((0, 200, 5), (0, 40, 5)), tokens=100)
    assert told.last == [-1.0, 5.0]


def test_between_looks_at_the_queue_nobody_is_let_in():
    told = served(trace((0, 10, 50), (0.5, 10, 1)), replace(RULES, interval=4))
    assert told.first[1] == 5.0


def test_ranks_take_requests_in_turn():
    told = served(trace((0, 100, 1), (0, 100, 1)), replace(RULES, ranks=2))
    assert told.first == [1.0, 1.0]


def test_a_rank_waits_for_the_others_prompts_as_long_as_it_is_patient():
    rules = replace(RULES, ranks=2, patience=5)
    told = served(trace((0, 10, 50), (0, 10, 50), (2.5, 10, 1)), rules)
    assert told.first[2] == 9.0


def test_prompts_wait_for_others_until_a_share_of_a_pass_is_full():
    """Seven passes after the one that the first came in, or with two of 30 tokens."""
    rules = replace(RULES, patience=7, waited_tokens=50.0)
    assert served(trace((0, 10, 50), (2.5, 30, 1)), rules).first[1] == 11.0
    told = served(trace((0, 10, 50), (2.5, 30, 1), (4.5, 30, 1)), rules)
    assert told.first[1:] == [6.0, 6.0]


def test_a_block_that_is_still_held_is_not_read_again():
    blocks = Blocks(np.array([1, 2, 1, 3]), np.array([0, 2, 4]), 50)
    told = served(trace((0, 100, 1), (10, 100, 1), blocks=blocks))
    assert told.found_tokens == 50


def test_the_oldest_blocks_go_first():
    cache = PrefixCache()
    cache.keep([1, 2], 3)
    cache.keep([3], 3)
    assert cache.found([1, 2]) == 2
    cache.keep([4], 3)
    assert (cache.found([3]), cache.found([1]), cache.found([4])) == (0, 1, 1)


@settings(max_examples=50)
@given(some.lists(some.lists(some.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=20))
def test_a_larger_cache_finds_no_less(prompts: list[list[int]]):
    # Chained: a block stands for all before it.
    known: dict[tuple[int, ...], int] = {}
    chained = [
        [known.setdefault(tuple(one[: end + 1]), len(known)) for end in range(len(one))]
        for one in prompts
    ]
    ids = np.array([block for one in chained for block in one])
    starts = np.cumsum([0, *(len(one) for one in chained)])
    tokens = [16.0 * len(one) for one in chained]
    found = [cached_share(Blocks(ids, starts, 16), tokens, most) for most in (0, 4, 16, 1000)]
    assert found == sorted(found)
    assert found[0] == 0.0


@given(some.floats(-5, 50), some.floats(-5, 50))
def test_a_grid_is_linear_in_between_and_flat_beyond(left: float, right: float):
    axes = ([0.0, 1.0, 4.0, 32.0], [2.0], [0.0, 10.0, 20.0])
    first, _, second = np.meshgrid(*axes, indexing="ij")
    grid = Grid(axes, 3.0 * first + 2.0 * second + 1.0)
    inside = (np.clip(left, 0, 32), np.clip(right, 0, 20))
    assert grid.at(left, 99.0, right) == pytest.approx(3 * inside[0] + 2 * inside[1] + 1)


def test_doubling_ends_where_it_is_told():
    assert doubling(1.0, 9.0) == [1.0, 2.0, 4.0, 8.0, 9.0]


def test_a_request_alone_sees_what_a_static_batch_of_one_does(system):
    found = simulate(system, ONE, REQUESTS, trace((0, 1000, 100)))
    said = predict(system, (ONE,), REQUESTS, Static(), np.ones((1, 1)))
    assert found.ttft_seconds[0] == pytest.approx(float(said.seconds["ttft"][0, 0]), rel=0.02)
    assert found.tpot_seconds[0] == pytest.approx(float(said.seconds["tpot"][0, 0]), rel=0.01)


@pytest.mark.parametrize("passes", PrefillPasses)
def test_means_of_a_steady_load_are_the_predicted_ones(system, passes):
    own = replace(system, engine=system.engine.changed(prefill_passes=passes))
    found = simulate(
        own, ONE, REQUESTS, drawn_trace(REQUESTS, Open(12.0), 3000, 1), counts_all=False
    )
    busy = np.array([[12.0 * float(found.e2e_seconds.mean())]])
    said = predict(own, (ONE,), REQUESTS, Closed(), busy).seconds["tpot"]
    assert float(found.tpot_seconds.mean()) == pytest.approx(float(said[0, 0]), rel=0.05)


def test_in_flight_are_rate_times_stay(system):
    found = simulate(system, ONE, REQUESTS, drawn_trace(REQUESTS, Open(10.0), 4000, 3))
    line = found.line.bins(1)
    flying = float(line.running[0] + line.waiting[0])
    stay = float((found.e2e_seconds - system.engine.costs.request_seconds).mean())
    assert flying == pytest.approx(len(found.e2e_seconds) / found.seconds * stay, rel=0.03)


def test_the_same_seed_is_the_same_day(system):
    drawn = [drawn_trace(REQUESTS, Open(5.0), 50, 7) for _ in range(2)]
    assert np.array_equal(drawn[0].arrival_seconds, drawn[1].arrival_seconds)


def test_spread_lengths_keep_their_mean():
    wide = replace(REQUESTS, spread=Spread(0.8, 0.8))
    drawn = drawn_trace(wide, None, 50_000, 0)
    assert drawn.input_tokens.mean() == pytest.approx(1000, rel=0.03)
    assert drawn.input_spread == pytest.approx(0.8, rel=0.1)


def test_drafts_save_steps(system):
    drafting = replace(REQUESTS, drafts=Drafts.even(1, 1.0))
    plain, drafted = (
        simulate(system, ONE, one, trace((0, 1000, 101))) for one in (REQUESTS, drafting)
    )
    assert drafted.tpot_seconds[0] < 0.7 * plain.tpot_seconds[0]


def test_replicas_share_the_requests(system):
    load = drawn_trace(REQUESTS, Open(24.0), 2000, 1)
    two = simulate(system, Aggregated(Layout(replicas=2)), REQUESTS, load)
    half = drawn_trace(REQUESTS, Open(12.0, 2.0), 1000, 1)
    one = simulate(system, ONE, REQUESTS, half)
    assert two.tpot_seconds.mean() == pytest.approx(one.tpot_seconds.mean(), rel=0.05)


def test_pools_hand_over(system):
    pools = Disaggregated(Pool(Layout(1), 1), Pool(Layout(1), 1))
    found = simulate(system, pools, REQUESTS, trace((0, 1000, 100)))
    said = predict(system, (pools,), REQUESTS, Closed(), np.ones((1, 1))).seconds
    assert found.ttft_seconds[0] <= float(said["ttft"][0, 0]) * 1.02
    assert found.tpot_seconds[0] == pytest.approx(float(said["tpot"][0, 0]), rel=0.02)


def test_who_says_no_stops_it(system):
    with pytest.raises(Stopped):
        simulate(
            system,
            ONE,
            REQUESTS,
            drawn_trace(REQUESTS, Open(5.0), 2000, 7),
            progress=lambda share: share < 0.2,
        )


def test_objectives_are_kept_one_by_one(system):
    found = simulate(system, ONE, REQUESTS, trace((0, 1000, 100), (0.001, 1000, 100)))
    limit = 1e3 * float(found.ttft_seconds.mean())
    assert found.keeps(Objectives(ttft_ms=limit)).sum() == 1
    assert found.keeps(Objectives()).all()


def test_admission_is_the_engines(system):
    engine = system.engine.changed(admission=Admission.WHOLE_ANSWER)
    assert Rules.of(engine, Layout(1), 0).whole_answers


def test_tabulated_passes_are_the_passes(system):
    layout = Layout(1)
    deployment = system.deployment((layout,))
    from engine.serve.passes.run import run
    from engine.work.tokens import Step

    table = PassSeconds(deployment, Drafts(), Bounds(200.0, 8192.0, 8000.0))
    for count, position in ((1, 100), (7, 1234), (50, 3000), (150, 7000)):
        at = np.array([[float(position)]])
        step = Step(np.array([[float(count)]]), np.ones(1), at, at, decode=True)
        exact = float(run(deployment, [step]).seconds[0, 0])
        assert table.decode(count, position, 1.0) == pytest.approx(exact, rel=0.01)
