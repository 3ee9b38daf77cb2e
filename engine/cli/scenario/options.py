"""The options that make a Scenario, shared by the commands and the app."""

from __future__ import annotations

import argparse

from engine.plan.metrics.table import LIMITED
from engine.scenario import (
    ArrangementKind,
    Best,
    ClientKind,
    FirstToken,
    Mode,
    ReduceFormat,
    Task,
    Text,
)


def add_scenario_options(parser: argparse.ArgumentParser) -> None:
    """Add every option that changes the scenario."""
    _add_model_options(parser)
    _add_hardware_options(parser)
    _add_pool_options(parser)
    _add_precision_options(parser)
    _add_workload_options(parser)
    _add_load_options(parser)
    _add_choice_options(parser)
    _add_client_options(parser)
    _add_engine_options(parser)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    model = parser.add_argument_group("model")
    model.add_argument("--number", help="number of the benchmark names that are written, as 7")
    model.add_argument("--model", help="profile, file, folder or hub id")
    model.add_argument("--assume", help="read an unknown model_type as this one")
    model.add_argument(
        "--task",
        choices=[one.value for one in Task],
        help="what it is asked for; auto: as its files say",
    )
    model.add_argument(
        "--revision", help="branch, tag or commit of a hub id; also as org/name@revision"
    )
    model.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="what-if on a config key"
    )


def _add_hardware_options(parser: argparse.ArgumentParser) -> None:
    hardware = parser.add_argument_group("hardware")
    hardware.add_argument("--chip", help="chip id or alias; sweep: several, as h200,b200")
    hardware.add_argument(
        "--chips", help="number of chips; auto: the fewest that carry --rate (sweep, plan, fleet)"
    )
    hardware.add_argument("--framework", help="serving framework; sweep: several, or any")
    hardware.add_argument("--instances", help="vision: copies of the model on each chip")
    for name, what in (
        ("tp", "tensor"),
        ("pp", "pipeline"),
        ("ep", "expert"),
        ("dp", "attention-data"),
    ):
        hardware.add_argument(f"--{name}", help=f"allowed {what} parallel degrees, as 4 or 2,4,8")


def _add_precision_options(parser: argparse.ArgumentParser) -> None:
    precision = parser.add_argument_group("precision")
    precision.add_argument("--weights", help="weight format (bf16, fp8, int4, nvfp4 …) or bits")
    precision.add_argument("--activations", help="activation format or bits")
    precision.add_argument("--kv", help="KV-cache format or bits")
    precision.add_argument(
        "--precision",
        "--precisions",
        action="append",
        default=[],
        metavar="WxAy",
        help="try this one too, or several, as W8A8,W4A16",
    )


def _add_workload_options(parser: argparse.ArgumentParser) -> None:
    workload = parser.add_argument_group("workload and objectives")
    workload.add_argument("--isl", help="input tokens, as 4096 or 4K; of a text encoder's sequence")
    workload.add_argument("--osl", help="output tokens")
    workload.add_argument("--mode", choices=[mode.value for mode in Mode], help="batching")
    for metric, limit in LIMITED:
        workload.add_argument(f"--{limit.option}", help=f"{metric.name}: {limit.help}")
    workload.add_argument("--resolution", help="images: width x height, as 224x224")
    workload.add_argument("--slo", help="named objectives")
    workload.add_argument("--max-batch", help="largest batch to try")
    workload.add_argument("--load-imbalance", help="busiest expert rank over what it usually has")
    workload.add_argument(
        "--draft",
        help="what drafts tokens: mtp, eagle3, p-eagle, dflash, dspark, ngram, or a draft's "
        "profile, path or hub id; left out, what is usual for the model",
    )
    workload.add_argument("--draft-tokens", help="tokens drafted per step; auto: the best number")
    workload.add_argument(
        "--acceptance",
        help="acceptance of a draft token, 0 to 1, or the share of the steps that keep each "
        "position (0.8/0.6/0.4), or the result file or server log of a run; left out, what was "
        "published of the model, the method and the text",
    )
    workload.add_argument(
        "--text",
        choices=[one.value for one in Text],
        help="what requests are about, which decides how many drafted tokens are kept",
    )
    workload.add_argument("--cached", help="share of prompt tokens found in the prefix cache")
    workload.add_argument("--utilisation", help="images and encoders: share of the time kept busy")


def _add_choice_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides between plans beside the objectives: money, and how sure figures are."""
    money = parser.add_argument_group("money and energy")
    money.add_argument(
        "--prices",
        metavar="FILE",
        help="dollars per chip and hour; left out: prices.toml of your configuration folder; "
        "example: the bundled, dated example",
    )
    money.add_argument(
        "--best", choices=[one.value for one in Best], help="what plans are ranked by"
    )
    parser.add_argument_group("certainty").add_argument(
        "--certainty",
        metavar="PERCENT",
        help="with which each limit is kept, 50 to 99, given how far off such predictions have "
        "been; left out, figures are taken at their word (50)",
    )


def _add_client_options(parser: argparse.ArgumentParser) -> None:
    client = parser.add_argument_group("client")
    client.add_argument(
        "--client",
        choices=[kind.value for kind in ClientKind],
        help="a steady load, or a benchmark's client that opens all its slots at once",
    )
    client.add_argument("--waves", help="requests per slot of a closed client's run")
    client.add_argument("--spread", help="range of its answers over their mean; 0: all equal")
    client.add_argument(
        "--first-token", choices=[one.value for one in FirstToken], help="statistic of TTFT"
    )


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    engine = parser.add_argument_group("engine settings (left out: the engine's own defaults)")
    engine.add_argument("--memory-fraction", help="share of memory for weights and cache")
    engine.add_argument("--prefill-tokens", help="tokens of prompts in one pass")
    engine.add_argument("--max-sequences", help="sequences of one attention rank at once")
    engine.add_argument("--max-context", help="tokens of one request, prompt and answer")
    engine.add_argument("--prefix-caching", choices=["on", "off"], help="keep prompts' caches")
    engine.add_argument("--redundant-experts", help="copies of popular experts in all; 0: none")
    engine.add_argument(
        "--batch-overlap",
        choices=["on", "off"],
        help="compute half a batch while the other half's tokens travel (SGLang's TBO, vLLM's DBO)",
    )
    engine.add_argument(
        "--dp-lm-head",
        choices=["on", "off"],
        help="every attention-DP rank holds the LM head, instead of all together (SGLang)",
    )
    engine.add_argument(
        "--prefill-interval", help="passes between those of attention-DP ranks that take prompts"
    )
    engine.add_argument(
        "--rank-wait",
        help="passes that prompts of an attention-DP rank wait for the others' (SGLang's prefill "
        "delayer, TensorRT-LLM's timeout_iters); 0: none",
    )
    engine.add_argument(
        "--batch-wait",
        help="passes that prompts without attention-DP wait for others to share theirs while "
        "others decode (TensorRT-LLM's batch_wait_timeout_iters); 0: none",
    )
    engine.add_argument(
        "--graphs",
        choices=["on", "off"],
        help="replay graphs for passes without prompts; off: the host launches each kernel (eager)",
    )
    engine.add_argument(
        "--reduce-format",
        choices=[one.value for one in ReduceFormat],
        help="quantise large all-reduces (vLLM's quick all-reduce on MI300 and MI350)",
    )
    engine.add_argument(
        "--host-cache", help="GiB of host memory for each chip, a second tier of the prefix cache"
    )
    engine.add_argument(
        "--build", help="of the engine: a day as 2026-02-10, a number as 0.6 or a name as no-aiter"
    )


def _add_pool_options(parser: argparse.ArgumentParser) -> None:
    pools = parser.add_argument_group("prefill and decode apart")
    pools.add_argument(
        "--arrangement",
        choices=[one.value for one in ArrangementKind],
        help="what is compared: replicas that do both, a pool of workers for each, or both ways",
    )
    pools.add_argument("--prefill", help="the prefill workers, as 'TP4 EP4 x3'; else searched for")
    pools.add_argument("--decode", help="the decode workers, as 'TP1 EP16 DP16 x1'")
    pools.add_argument("--prefill-chip", help="chip of the prefill pool, where it is another")
    pools.add_argument("--decode-chip", help="chip of the decode pool, as --chip")
    pools.add_argument("--prefill-chips", help="chips of the prefill pool, of all --chips")
    pools.add_argument("--decode-chips", help="chips of the decode pool; the rest prefill")
    pools.add_argument("--prefill-precision", metavar="WxAy", help="of the prefill pool")


def _add_load_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of requests that come by themselves, of lengths that differ."""
    load = parser.add_argument_group("load")
    load.add_argument(
        "--rate", help="requests per second of the whole deployment, as 20, or 300/min"
    )
    load.add_argument("--burstiness", help="shape of the time between requests; 1: Poisson")
    load.add_argument("--isl-spread", help="standard deviation of prompts' lengths over the mean")
    load.add_argument("--osl-spread", help="the same of answers")
    load.add_argument("--shared-prefix", help="tokens that all prompts begin with")
    load.add_argument("--images", help="images of each request to a model that sees; --isl is text")
    load.add_argument("--image-size", help="of each: width x height (1024x1024)")
    load.add_argument("--turns", help="turns of a conversation; --isl is what each of them adds")
    load.add_argument(
        "--think", help="seconds from an answer to the next request that finds its context cached"
    )


def add_requests_option(parser: argparse.ArgumentParser) -> None:
    """Add the trace that a scenario can be like."""
    parser.add_argument(
        "--requests",
        metavar="FILE",
        help="a trace: CSV or JSON with arrival, input and output tokens, as Azure's, BurstGPT's, "
        "Mooncake's, or conversations; says what other options do not (simulate: serves it, its "
        "times stretched to --rate)",
    )


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Add what the question is about: a model, or a benchmark name as the scenario that options
    come on top of."""
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="MODEL | NAME",
        help="as --model, or a benchmark name as TPS001-Llama2-70B-S4K-01-W4A16-B16",
    )


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a table."""
    output = parser.add_argument_group("output")
    output.add_argument("--rows", default="50", help="rows to print, or all")
    form = output.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
