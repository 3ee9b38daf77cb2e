"""KV cache and states against ``oracle_kv.csv`` and ``oracle_kv_layers.csv``, in bytes at 16 bit.

Three conventions differ from what the tables measured in transformers and are named where they
matter: a short convolution keeps its kernel's width there, one less in engines (and in FP32 in
one family); DeepSeek-V4 keeps keys and values there although they are the same; and the tables
measured V4's compressors at a moment when their buffers were empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.evidence.zoo.tables import Comparison, Verdict, number, read_table, whole
from engine.model.architecture import Architecture
from engine.model.bytes import cross_bytes_per_source_token, state_bytes
from engine.model.cores import LatentCore, StateCore
from engine.model.precision import FORMATS
from engine.words.errors import RooftopError

COLUMNS = ("name", "full_attn_bytes_per_token_bf16")
LAYER_COLUMNS = (
    "name",
    "unbounded_elements_per_token",
    "windowed_elements_per_token",
    "num_layers",
    "fixed_tensors",
)
SUBJECT = "KV cache"


def compare_caches(folder: Path, oracle: Path) -> Iterator[Comparison]:
    """One comparison per row whose config is in ``folder``; raises `InputError`."""
    from engine.model.config import load_architecture

    beside = oracle.with_name("oracle_kv_layers.csv")
    layers: dict[str, list[dict[str, str]]] = {}
    for row in read_table(beside, LAYER_COLUMNS) if beside.is_file() else ():
        layers.setdefault(row["name"], []).append(row)
    for row in read_table(oracle, COLUMNS):
        name = row["name"]
        if not (folder / name / "config.json").is_file():
            continue
        try:
            architecture = load_architecture(str(folder / name)).architecture
        except RooftopError as error:
            yield Comparison(name, "refused", str(error), subject=SUBJECT)
            continue
        if isinstance(architecture, Architecture):
            yield compare_cache(architecture, row, layers.get(name, []))


def compare_cache(
    architecture: Architecture, row: dict[str, str], layers: list[dict[str, str]]
) -> Comparison:
    """Bytes per token without and with windows, bytes of state per sequence, and the cached
    elements of every layer where ``layers`` has them."""
    name = row["name"]
    total = 2 * architecture.cached_elements_per_token()
    growing = 2 * architecture.unbounded_cached_elements_per_token()
    crossed = cross_bytes_per_source_token(architecture, FORMATS["bf16"])
    full = number(row, "full_attn_bytes_per_token_bf16", name)
    if full is None:
        return Comparison(name, "uncounted", "not measured", total, subject=SUBJECT)
    windowed = number(row, "sliding_bytes_per_token_bf16_until_window", name) or 0.0
    reasons, notes = [], []
    if growing != full:
        served = number(row, "engine_bytes_per_token_if_different", name)
        if growing + crossed == full:
            notes.append("the measured encoder had as many tokens as its decoder")
        elif served == growing:
            notes.append("the measured cache repeats KV heads that engines hold once")
        else:
            reasons.append(f"growing {growing:,.0f} bytes a token, expected {full:,.0f}")
    if total - growing != windowed:
        if _doubled(architecture) and 2 * (total - growing) == windowed:
            notes.append("the measured windows hold equal keys and values twice")
        else:
            reasons.append(
                f"windows {total - growing:,.0f} bytes a token, expected {windowed:,.0f}"
            )
    empty = any("[1, 0," in layer["fixed_tensors"] for layer in layers)
    problem, note = _state(architecture, number(row, "fixed_state_bytes_per_sequence", name), empty)
    reasons += [problem] if problem else []
    if layers and not crossed and not _same_layers(architecture, layers):
        reasons.append("the layers' caches differ")
    notes += [note] if note else []
    verdict: Verdict = "differing" if reasons else "convention" if notes else "matched"
    return Comparison(
        name, verdict, "; ".join(reasons or notes), total, full + windowed, subject=SUBJECT
    )


def _same_layers(architecture: Architecture, rows: list[dict[str, str]]) -> bool:
    """Equal counts of layers per pair of growing and windowed elements. Some tables measured a
    shortened model; there only the kinds of layers must agree."""
    ours: dict[tuple[float, float], int] = {}
    factor = 2 if _doubled(architecture) else 1
    for block, count in architecture.blocks():
        cores = [core for core in block.cores if not isinstance(core, StateCore)]
        growing = sum(c.cached_elements_per_token for c in cores if c.window is None)
        windowed = sum(c.cached_elements_per_token for c in cores if c.window is not None)
        if growing or windowed:
            key = (float(growing), float(windowed * factor))
            ours[key] = ours.get(key, 0) + count
    measured: dict[tuple[float, float], int] = {}
    for row in rows:
        pair = [number(row, name, row["name"]) or 0.0 for name in LAYER_COLUMNS[1:3]]
        if any(pair):
            key = (pair[0], pair[1])
            measured[key] = measured.get(key, 0) + whole(row, "num_layers", row["name"])
    shortened = any(row.get("reduced_run") for row in rows)
    return set(ours) == set(measured) if shortened else ours == measured


def _doubled(architecture: Architecture) -> bool:
    cores = [core for block, _ in architecture.blocks() for core in block.cores]
    return any(isinstance(core, LatentCore) and not core.expanded for core in cores)


def _state(architecture: Architecture, expected: float | None, empty: bool) -> tuple[str, str]:
    """A difference in state bytes, or the convention that explains it."""
    states = [
        (core, count)
        for block, count in architecture.blocks()
        for core in block.cores
        if isinstance(core, StateCore)
    ]
    ours = state_bytes(architecture)
    if not expected or ours == expected:
        return "", ""
    recurrent = sum(n * core.state_elements * core.state_bytes_per_element for core, n in states)
    tails = sum(count * core.convolution_elements for core, count in states)
    for kernel in range(2, 10):
        for width, wording in ((2, ""), (4, " in FP32")):
            if recurrent + tails * kernel / (kernel - 1) * width == expected:
                kept = f"{kernel} columns{wording}"
                return "", f"the measured convolution keeps {kept}, engines {kernel - 1}"
    if empty and ours > expected:
        return "", "the measured compressors had empty buffers"
    return f"state {ours:,.0f} bytes a sequence, expected {expected:,.0f}", ""
