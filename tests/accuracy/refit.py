"""Refit the constants of profiles/ to a CSV of measured results.

    python -m tests.accuracy.refit RESULTS.csv --configs DIR [--folds 5] [--write]

Prints errors before, after and, with ``--folds``, on (model, chip) pairs, on models and on months
that the fit has not seen. ``--write`` puts the constants into the profiles with their provenance.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from engine.sources.profile_files import bundled_files, read_toml
from tests.accuracy.constant import COLLECTIVES, Constant
from tests.accuracy.constants import (
    FIXED_FRAMEWORKS,
    SPECIAL_KERNELS,
    Constants,
    kernel_owner,
    read_priors,
    start_factor,
)
from tests.accuracy.measured import FOLDS, Group, folds, load_groups
from tests.accuracy.scores import show, worst
from tests.accuracy.solver import Problem, linear_problem, solve
from tests.accuracy.toml_patch import drop, patch

PROFILES = Path(__file__).parents[2] / "profiles"
OWN_ROWS = 20
"""A framework gets its own constants of a kernel class on a generation from this many rows …"""
FORMER_ROWS = 10
"""… a build of those that it is known to differ in, which have priors, from so few."""
OWN_FAMILIES = (
    "gemm",
    "grouped_gemm",
    "prefill_attention",
    "decode_attention",
    "mla_prefill",
    "mla_decode",
    "sparse_index",
)
MOVED = 0.02
"""A measured constant that runs move by more is a fitted one."""
SOURCE = (
    "fitted to published serving and static-batch results (InferenceX, TensorRT-LLM, NIM, "
    "LLM-Inference-Bench, Qwen and FasterTransformer docs), prior: "
)
KIN = "no run uses it: follows its family on the generation, prior: "
OWN_SOURCE = "engine's own kernels: fitted to its published results on this generation"


def own_classes(groups: Sequence[Group]) -> dict[tuple[str, str], list[str]]:
    """Kernel classes that rows of a framework on a generation use often enough."""
    counts: dict[tuple[str, str, str], int] = {}
    generations = read_priors()["generations"]
    for group in groups:
        framework, chip = group.system.engine, group.system.chip
        if framework.id in FIXED_FRAMEWORKS or chip.generation not in generations:
            continue
        for name in _classes(group) & generations[chip.generation]["kernels"].keys():
            key = (kernel_owner(framework.id, name), chip.generation, name)
            counts[key] = counts.get(key, 0) + len(group.rows)
    owns: dict[tuple[str, str], list[str]] = {}
    for (framework, generation, name), rows in sorted(counts.items()):
        if rows >= (FORMER_ROWS if name in SPECIAL_KERNELS.get(framework, ()) else OWN_ROWS):
            owns.setdefault((framework, generation), []).append(name)
    return owns


def _classes(group: Group) -> set[str]:
    known = group.system.chip.kernels
    return {n for n in group.kernels() if n.split(".")[0] in OWN_FAMILIES and n in known}


def cross_validate(problem: Problem, start: np.ndarray, count: int) -> None:
    """Print the errors of predictions by constants fitted without the row's (model, chip) pair,
    without its model, and without its month."""
    made_linear = linear_problem(problem, start)
    for name, key in FOLDS.items():
        parts = folds(problem.groups, count, key)
        held: dict[int, dict[str, np.ndarray]] = {}
        for places, logs in zip(parts, made_linear.left_out(parts), strict=True):
            values = problem.constants.values(logs)
            for place in places:
                group = problem.groups[place]
                held[place] = group.predict(problem.system(group, values))
        groups = [problem.groups[place] for place in held]
        show(f"without the row's {name.removesuffix('s')}", groups, list(held.values()))
        worst(groups, list(held.values()), 12)


def predictions(problem: Problem, logs: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Predictions of every group under one set of constants."""
    values = problem.constants.values(logs)
    return [group.predict(problem.system(group, values)) for group in problem.groups]


def write(constants: Constants, logs: np.ndarray, used: Collection[tuple[str, str]]) -> None:
    """Put the constants into the profiles; ``used`` are kernel classes that rows on a generation
    use: the others follow their kin, and are said to be unmeasured."""
    values = constants.values(logs)
    for (framework, generation), classes in constants.owns.items():
        path = bundled_files("frameworks")[framework]
        # What a profile alone knows of, no fit has a prior for.
        fitted = constants.priors["generations"][generation]["kernels"]
        written = [name for name in _written(path, generation) if name in fitted]
        stale = [f'kernels."{generation}/{name}"' for name in written]
        drop(path, stale)
        for name in classes:
            prior = constants.priors["generations"][generation]["kernels"][name]
            table = f'kernels."{generation}/{name}"'
            fields = _kernel_fields(constants, values, framework, generation, name)
            fields |= {key: f"{prior[key]}" for key in ("order", "half_size") if key in prior}
            if "per_item_ns" in prior:
                place = constants.index["generation", generation, name, "per_item_ns"]
                fields["per_item_ns"] = number(values[place])
            patch(path, table, fields | {"provenance": '"fitted"', "source": f'"{OWN_SOURCE}"'})
    for place, constant in enumerate(constants.list):
        if constant.scope == "framework" and not constant.table:
            path = bundled_files("frameworks")[constant.owner]
            patch(path, "", {constant.key: number(values[place])})
    for scope, folder in (("chip", "chips"), ("engine", "frameworks")):
        for owner, tables in constants.priors[f"{scope}s"].items():
            for table, given in tables.items():
                fields = {
                    key: number(values[constants.index[scope, owner, table, key]]) for key in given
                }
                name = f'deviations."{table}"' if "." in table else f"deviations.{table}"
                patch(bundled_files(folder)[owner], name, fields)
    for generation in constants.priors["generations"]:
        _write_generation(constants, values, generation, used)


def _written(path: Path, generation: str) -> list[str]:
    marks = [line for line in path.read_text(encoding="utf-8").splitlines() if "[kernels." in line]
    names = [mark.split('"')[1] for mark in marks]
    return [n.split("/")[1] for n in names if n.startswith(f"{generation}/") and _ours(n)]


def _ours(name: str) -> bool:
    return name.split("/")[1].split(".")[0] in OWN_FAMILIES


def _kernel_fields(
    constants: Constants, values: np.ndarray, framework: str, generation: str, name: str
) -> dict[str, str]:
    found = {}
    for key in ("compute", "memory", "floor_us"):
        place = constants.index.get(("framework", framework, f"{generation}/{name}", key))
        if place is None:
            place = constants.index["generation", generation, name, key]
        found[key] = number(values[place])
    return found


def used_kernels(groups: Sequence[Group]) -> set[tuple[str, str]]:
    """Generations and kernel classes that rows speak of."""
    return {(group.system.chip.generation, name) for group in groups for name in group.kernels()}


def _write_generation(
    constants: Constants,
    values: np.ndarray,
    generation: str,
    used: Collection[tuple[str, str]],
) -> None:
    path = PROFILES / "chips" / "generations" / f"{generation}.toml"
    tables = constants.priors["generations"][generation]
    for name, prior in tables["kernels"].items():
        fields = {}
        for key in ("compute", "memory", "floor_us", "per_item_ns"):
            place = constants.index.get(("generation", generation, name, key))
            if place is not None:
                fields[key] = number(values[place])
        moved = any(abs(float(fields[key]) / prior[key] - 1.0) > MOVED for key in fields)
        source = read_toml(path)["kernels"].get(name, {}).get("source", "")
        source = source.removeprefix(SOURCE).removeprefix(KIN)
        if moved and (generation, name) in used:
            fields |= {"provenance": '"fitted"', "source": f'"{SOURCE}{source}"'}
        elif moved and not prior["measured"]:
            fields |= {"provenance": '"datasheet"', "source": f'"{KIN}{source}"'}
        patch(path, f'kernels."{name}"', fields)
    if "clock" in tables:
        exponent = values[constants.index["generation", generation, "clock", "exponent"]]
        patch(path, "clock", {"exponent": number(exponent)})
    for table in COLLECTIVES:
        factors = constants.collective(generation, table, values)
        for ranks, prior in tables[table].items():
            alpha, share = start_factor(factors, int(ranks)), factors["link_share"]
            fields = {
                key: number(prior[key] * (alpha if "alpha" in key else share)) for key in prior
            }
            patch(path, f"{table}.{ranks}", fields)


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{float(f'{value:.3g}'):g}"


def farthest(constants: Constants, logs: np.ndarray, count: int = 25) -> list[str]:
    """The constants that moved farthest from their priors, in units of the width."""
    distance = (logs - constants.prior) / constants.width
    values = constants.values(logs)
    order = np.argsort(-np.abs(distance))[:count]

    def line(place: int) -> str:
        c: Constant = constants.list[place]
        return f"{distance[place]:+5.1f}  {c.owner} {c.table} {c.key} = {values[place]:.3g}"

    return [line(int(place)) for place in order]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--configs", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--own-width", type=float, default=1.0, help="freedom of engines' kernels")
    parser.add_argument("--start", type=Path, help="logarithms of an earlier fit (.npz)")
    parser.add_argument("--save", type=Path, help="keep the logarithms (.npz)")
    parser.add_argument("--write", action="store_true", help="put constants into profiles/")
    chosen = parser.parse_args()

    groups = load_groups(chosen.results, chosen.configs)
    constants = Constants(own_classes(groups), chosen.own_width)
    problem = Problem(constants, groups)
    show("as published", groups, [group.predict(group.system) for group in groups])
    logs = _started(constants, chosen.start)
    logs = solve(problem, logs, chosen.rounds, say=True)
    show("refitted, in sample", groups, predictions(problem, logs))
    worst(groups, predictions(problem, logs), 25)
    print("\n".join(farthest(constants, logs)))
    if chosen.save:
        names = ["|".join((c.scope, c.owner, c.table, c.key)) for c in constants.list]
        np.savez(chosen.save, names=np.array(names), logs=logs)
    if chosen.write:
        write(constants, logs, used_kernels(groups))
    if chosen.folds:
        cross_validate(problem, logs, chosen.folds)


def _started(constants: Constants, path: Path | None) -> np.ndarray:
    logs = constants.prior.copy()
    if path is not None and path.is_file():
        stored = np.load(path)
        known = dict(zip(stored["names"].tolist(), stored["logs"].tolist(), strict=True))
        for place, c in enumerate(constants.list):
            logs[place] = known.get("|".join((c.scope, c.owner, c.table, c.key)), logs[place])
    return logs


if __name__ == "__main__":
    main()
