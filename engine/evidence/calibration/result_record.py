"""Typed access to one result of a client: what it leaves out follows from the rest."""

from __future__ import annotations

import math
from typing import Any

from engine.evidence.calibration.run import USUAL_SPREAD, Run
from engine.model.measured_drafts import shares_of
from engine.serve.requests import Drafts
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import MOST_POSITIONS
from engine.work.layout import Layout

SMALLEST, LARGEST = 1e-6, 1e15
"""Of any figure in a result: a nanosecond in milliseconds, and more bytes than there are."""
MOST_FAILED = 0.05
"""Share of failed requests beyond which a run measures something else."""


class ResultRecord:
    """Typed access to one result."""

    def __init__(self, values: dict[str, Any], place: str) -> None:
        self.values = values
        self.place = place

    def run(self, layout: Layout) -> Run:
        self._check_complete()
        completed = self.number("completed")
        output_tokens = self.number("total_output_tokens") / completed
        steady = self._request_rate() is not None
        limited = self.has("max_concurrency")
        ttft, is_median = self._ttft()
        return Run(
            name=self.place,
            layout=layout,
            concurrency=max(self._concurrency(completed, output_tokens, steady), 1.0),
            input_tokens=self._input_tokens(completed),
            output_tokens=output_tokens,
            # Without any limit all prompts wait for each other; that time is not the engine's.
            ttft_ms=ttft if steady or limited else math.nan,
            ttft_is_median=is_median,
            tpot_ms=self._tpot(output_tokens),
            opens_at_once=not steady,
            spread=self._spread(output_tokens),
            cached=self._cached(),
            requests=math.nan if self.values.get("count_unknown") else completed,
            output_rate=self.number("total_output_tokens") / self.number("duration"),
            accepted=self._accepted(),
            drafts=self._drafts(),
            rate=self._request_rate() or 0.0,
            model=self._model(),
        )

    def _input_tokens(self, completed: float) -> float:
        """Mean length of prompts; NaN where a summary leaves it out."""
        if "count_unknown" in self.values and not self.has("total_input_tokens"):
            return math.nan
        return self.number("total_input_tokens") / completed

    def _cached(self) -> float:
        """Share of prompt tokens that the server found in its cache, where it tells."""
        nested = self.values.get("cache_report")
        report = nested if isinstance(nested, dict) else self.values
        tokens = report.get("total_cached_tokens")
        if isinstance(tokens, int | float) and tokens > 0:
            return min(float(tokens) / self.number("total_input_tokens"), 1.0)
        percent = report.get("cache_hit_rate_pct")
        return min(percent / 100.0, 1.0) if isinstance(percent, int | float) else 0.0

    def _accepted(self) -> float:
        """Tokens of one step with speculative decoding, as SGLang or vLLM name them."""
        for key in ("accept_length", "spec_decode_acceptance_length"):
            value = self.values.get(key)
            if isinstance(value, int | float) and value > 1.0:
                return float(value)
        return 1.0

    def _drafts(self) -> Drafts:
        """Shares by position, as vLLM counts them; how many tokens SGLang's server was told to
        draft."""
        kept = shares_of(self.values)
        if kept:
            return Drafts(len(kept), kept)
        server = self.values.get("server_info")
        steps = server.get("speculative_num_steps") if isinstance(server, dict) else None
        if not isinstance(steps, int) or not 0 < steps <= MOST_POSITIONS:
            return Drafts()
        return Drafts(int(steps))

    def _model(self) -> str:
        server = self.values.get("server_info")
        told = server.get("model_path") if isinstance(server, dict) else None
        name = self.values.get("model_id") or told
        return clean(name, 200) if isinstance(name, str) else ""

    def _check_complete(self) -> None:
        failed, completed = self.values.get("failed"), self.number("completed")
        if isinstance(failed, int | float) and failed > MOST_FAILED * (completed + failed):
            raise InputError(
                say(
                    "{place}: failed: found {failed:g} of {completed:g} requests, expected "
                    "at most {most_failed:.0%}",
                    place=self.place,
                    failed=failed,
                    completed=completed + failed,
                    most_failed=MOST_FAILED,
                )
            )

    def _request_rate(self) -> float | None:
        """Requests per second of a client that keeps a rate; None for one that does not."""
        rate = self.values.get("request_rate")
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            return None
        return float(rate) if math.isfinite(rate) and rate > 0 else None

    def _concurrency(self, completed: float, output_tokens: float, steady: bool) -> float:
        """Requests in flight: the client's limit; under a request rate, or without a limit, as
        many as Little's law says (rate × time each is there)."""
        limit = self.number("max_concurrency") if self.has("max_concurrency") else math.inf
        if not steady and math.isfinite(limit):
            return limit if self.values.get("count_unknown") else min(limit, completed)
        if self.has("concurrency"):
            return min(self.number("concurrency"), limit)
        each = self._end_to_end_ms(output_tokens)
        return min(completed * each * 1e-3 / self.number("duration"), limit)

    def _end_to_end_ms(self, output_tokens: float) -> float:
        for key in ("mean_e2el_ms", "mean_e2e_latency_ms", "median_e2e_latency_ms"):
            if self.has(key):
                return self.number(key)
        ttft = self.either("mean_ttft_ms", "median_ttft_ms")
        return ttft + max(output_tokens - 1.0, 0.0) * self._tpot(output_tokens)

    def _ttft(self) -> tuple[float, bool]:
        median = self.has("median_ttft_ms")
        if not median and not self.has("mean_ttft_ms"):
            return math.nan, False
        return self.number("median_ttft_ms" if median else "mean_ttft_ms"), median

    def _tpot(self, output_tokens: float) -> float:
        """Time per output token; early versions of SGLang wrote only latencies around it."""
        if output_tokens <= 1.0:
            return math.nan
        if self.has("mean_tpot_ms") or self.has("median_tpot_ms"):
            return self.either("mean_tpot_ms", "median_tpot_ms")
        for kind in ("mean", "median"):
            whole, first = f"{kind}_e2e_latency_ms", f"{kind}_ttft_ms"
            if self.has(whole) and self.has(first):
                rest = self.number(whole) - self.number(first)
                if rest <= 0:
                    raise InputError(
                        say(
                            "{place}: {whole}: expected more than {first}",
                            place=self.place,
                            whole=whole,
                            first=first,
                        )
                    )
                return rest / (output_tokens - 1.0)
        return self.either("mean_itl_ms", "median_itl_ms")

    def _spread(self, output_tokens: float) -> float:
        """How far answer lengths lie apart, where the result tells."""
        lengths = self.values.get("output_lens")
        if isinstance(lengths, list) and lengths:
            known = [one for one in lengths if isinstance(one, int) and one > 0]
            return (max(known) - min(known)) / output_tokens if known else USUAL_SPREAD
        ratio = self.values.get("random_range_ratio")
        if isinstance(ratio, int | float) and 0.0 <= ratio <= 1.0:
            if self._is_vllm():
                # vLLM draws from length × (1 ± ratio), SGLang from ratio × length to length.
                return 2.0 * ratio
            return 2.0 * (1.0 - ratio) / (1.0 + ratio)
        return USUAL_SPREAD

    def _is_vllm(self) -> bool:
        """Whether vLLM's client wrote it: the backend is the server's, and SGLang's client drives
        vLLM's, too. SGLang's names lengths that it was asked for, vLLM's the endpoint's type."""
        own, others = {"endpoint_type", "tokenizer_id", "burstiness"}, {"sharegpt_output_len"}
        others |= {"random_input_len", "mean_e2e_latency_ms"}
        named = "vllm" in str(self.values.get("backend", ""))
        return (named or bool(own & self.values.keys())) and not others & self.values.keys()

    def has(self, key: str) -> bool:
        return self.values.get(key) is not None

    def either(self, first: str, second: str) -> float:
        return self.number(first if self.has(first) else second)

    def number(self, key: str) -> float:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            found = "nothing" if value is None else clean(repr(value), 40)
            raise InputError(
                say(
                    "{place}: {key}: found {found}, expected a number above 0",
                    place=self.place,
                    key=key,
                    found=found,
                )
            )
        if not SMALLEST <= value <= LARGEST:
            raise InputError(
                say(
                    "{place}: {key}: found {value}, expected a number above 0 (from "
                    "{smallest:g} to {largest:g})",
                    place=self.place,
                    key=key,
                    value=value,
                    smallest=SMALLEST,
                    largest=LARGEST,
                )
            )
        return float(value)
