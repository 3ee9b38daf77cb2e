"""The engine's settings that options describe."""

from __future__ import annotations

import argparse

from engine.cli.scenario.given import count_given, name_given, ratio_given, whole_given
from engine.scenario import MOST_HOST_GIB, MOST_RANK_WAIT, ReduceFormat, Settings
from engine.words.units import LARGEST_COUNT


def settings_given(arguments: argparse.Namespace, start: Settings) -> Settings:
    """The settings; what is not given stays as in ``start``, raises `InputError`."""
    caching, overlap = arguments.prefix_caching, arguments.batch_overlap
    head, graphs = arguments.dp_lm_head, arguments.graphs
    return Settings(
        memory_fraction=ratio_given(
            arguments.memory_fraction, "memory-fraction", start.memory_fraction, 0.01, 1
        ),
        prefill_tokens=count_given(
            arguments.prefill_tokens, "prefill-tokens", start.prefill_tokens
        ),
        max_sequences=count_given(arguments.max_sequences, "max-sequences", start.max_sequences),
        max_context=count_given(arguments.max_context, "max-context", start.max_context),
        prefix_caching=start.prefix_caching if caching is None else caching == "on",
        redundant_experts=whole_given(
            arguments.redundant_experts,
            "redundant-experts",
            start.redundant_experts,
            0,
            LARGEST_COUNT,
        ),
        batch_overlap=start.batch_overlap if overlap is None else overlap == "on",
        dp_lm_head=start.dp_lm_head if head is None else head == "on",
        prefill_interval=count_given(
            arguments.prefill_interval, "prefill-interval", start.prefill_interval
        ),
        rank_wait=whole_given(arguments.rank_wait, "rank-wait", start.rank_wait, 0, MOST_RANK_WAIT),
        batch_wait=whole_given(
            arguments.batch_wait, "batch-wait", start.batch_wait, 0, MOST_RANK_WAIT
        ),
        host_cache_gib=ratio_given(
            arguments.host_cache, "host-cache", start.host_cache_gib, 0, MOST_HOST_GIB
        ),
        reduce_format=start.reduce_format
        if arguments.reduce_format is None
        else ReduceFormat(arguments.reduce_format),
        graphs=start.graphs if graphs is None else graphs == "on",
        build=name_given(arguments.build, "build", start.build),
    )
