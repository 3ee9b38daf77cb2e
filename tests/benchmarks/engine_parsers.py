"""Launch lines given to the engines' own argument parsers.

    python -m tests.benchmarks.engine_parsers [vllm vllm-0.20 sglang …]

Downloads each engine's wheel into a folder that is thrown away, imports its parser in a process of
its own with everything that is not installed (torch and the like) or acts upon a device stood in
for, and parses every line of `tests.engine.plan.launch.launch_scenarios` that the engine takes, or
that its router does, and plans' benchmark lines by the parsers of their clients. Prints how many
lines parse and what does not; an engine whose parser cannot be imported so is named with the
reason. Needs a package index; no accelerator, and nothing is installed.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from engine.plan.launch.process import Role
from engine.plan.verification import verification
from engine.scenario import Workload
from engine.work.layout import Layout
from tests.engine.plan.launch.launch_scenarios import CASES, SMALL, lengths, one

CHILD = Path(__file__).with_name("parser_child.py")
SECONDS = 600


@dataclass(frozen=True)
class Engine:
    """A wheel by name and version, and the module whose `main` reads the arguments after the
    ``skipped`` first words of a line."""

    wheel: str
    version: str
    module: str
    skipped: int
    told: str = ""
    """The version that lines are written for; empty for the one whose options were read."""
    stood_in: tuple[str, ...] = ()
    """Packages of it that act upon a device when they are imported."""
    beside: tuple[str, ...] = ()
    """Wheels whose classes its options are made of."""
    routes: bool = False
    """Whether it is what stands in front of the engine of its name."""
    client: str = ""
    """Whose benchmark lines these are, where they are no server's."""


_NEW_SGLANG = Engine(
    "sglang",
    "0.5.23",
    "sglang.launch_server",
    3,
    stood_in=(
        "sglang.srt.utils.hf_transformers_patches",
        *("sglang.kernels", "sglang.srt.distributed", "sglang.srt.layers"),
    ),
    beside=("msgspec",),
)
_VLLM = Engine(
    "vllm",
    "0.33.0",
    "vllm.entrypoints.cli.main",
    1,
    stood_in=("vllm.ir", "vllm.kernels", "vllm.model_executor.model_loader"),
)
ENGINES = {
    "vllm": _VLLM,
    "vllm-client": replace(_VLLM, client="vllm"),
    "vllm-0.20": Engine("vllm", "0.20.0", "vllm.entrypoints.cli.main", 1, "0.20"),
    "vllm-router": Engine("vllm-router", "0.1.17", "vllm_router.launch_router", 1, routes=True),
    "sglang": _NEW_SGLANG,
    "sglang-client": replace(_NEW_SGLANG, module="sglang.bench_serving", client="sglang"),
    "sglang-0.5.10": Engine("sglang", "0.5.10.post1", "sglang.launch_server", 3, "0.5.10"),
    "sglang-router": Engine(
        "sglang-router", "0.3.2", "sglang_router.launch_router", 3, routes=True
    ),
    "lmdeploy": Engine("lmdeploy", "0.18.0", "lmdeploy", 1),
    "lmdeploy-router": Engine("lmdeploy", "0.18.0", "lmdeploy", 1, routes=True),
    "deepspeed": Engine("deepspeed-mii", "0.3.3", "mii.entrypoints.openai_api_server", 3),
}


def main() -> None:
    """Print one paragraph for each engine."""
    for name in sys.argv[1:] or ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {_report(name, ENGINES[name], Path(folder))}", flush=True)


def _report(name: str, engine: Engine, folder: Path) -> str:
    for wanted in (f"{engine.wheel}=={engine.version}", *engine.beside):
        if missing := _unpacked(wanted, folder):
            return missing
    lines = _lines(name, engine)
    done = subprocess.run(
        [sys.executable, str(CHILD), str(folder / "unpacked"), engine.module, *engine.stood_in],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    results = [one for one in done.stdout.splitlines() if one.startswith("RESULT ")]
    if len(results) != len(lines):
        reason = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return f"{engine.version}: its parser cannot be imported so: {reason[:300]}"
    problems = [json.loads(one.removeprefix("RESULT ")) for one in results]
    wrong = Counter(one for one in problems if one)
    said = "".join(f"\n  {count} × {text[:200]}" for text, count in wrong.most_common(10))
    return f"{engine.version}: {problems.count('')} of {len(lines)} lines parse{said}"


def _unpacked(wanted: str, folder: Path) -> str:
    """Puts a wheel's files into the folder; what is wrong where there is none. Compiled parts of
    engines stay out: they ask for a device."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder)]
    fetched = subprocess.run([*pip, wanted], capture_output=True, text=True, check=False)
    start = wanted.partition("=")[0].replace("-", "_")
    wheels = [*folder.glob(f"{start}-*.whl")]
    if fetched.returncode or not wheels:
        return f"no wheel of {wanted}: {fetched.stderr.strip().splitlines()[-1:]}"
    compiled = () if "==" in wanted else (".so",)
    with zipfile.ZipFile(wheels[0]) as archive:
        endings = (".py", ".json", ".txt", "METADATA", *compiled)
        archive.extractall(
            folder / "unpacked", [one for one in archive.namelist() if one.endswith(endings)]
        )
    return ""


_SENT = (
    lengths(4096, 1024),
    Workload(rate=2.0),
    Workload(rate=2.0, burstiness=0.5, input_spread=0.3, output_spread=0.3),
    Workload(rate=2.0, shared_prefix_tokens=512),
)
CLIENT_CASES = (
    *(one(SMALL, "h100_sxm", Layout(), 64, workload=workload) for workload in _SENT),
    one("qwen3-vl-32b", "h100_sxm", Layout(2), 32, workload=Workload(images=2)),
)


def _client_lines(engine: Engine) -> list[list[str]]:
    """Benchmark lines of plans for every kind of load that clients send."""
    found = []
    for case in CLIENT_CASES:
        prepared = case.prepared("vllm")
        chosen = case.arrangement, prepared.precisions[0], case.batch
        document = verification(prepared, case.scenario("vllm"), *chosen)
        lines = (run["lines"].get(engine.client, "") for run in document["runs"])
        found += [shlex.split(line)[engine.skipped :] for line in lines if line]
    return found


def _lines(name: str, engine: Engine) -> list[list[str]]:
    if engine.client:
        return _client_lines(engine)
    found = []
    for case in CASES:
        launch = case.launch(name.partition("-")[0], engine.told)
        if not launch.refused:
            found += [
                [*one.words[engine.skipped :]]
                for one in launch.processes
                if (one.role is Role.ROUTER) == engine.routes
            ]
    return found


if __name__ == "__main__":
    main()
