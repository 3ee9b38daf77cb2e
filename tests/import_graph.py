"""The import graph of the house, read from the source text: late imports count like early ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
STREET = (
    ("engine.words", "engine"),
    ("engine.scenario",),
    ("engine.sources",),
    ("engine.model",),
    ("engine.hardware",),
    ("engine.work",),
    ("engine.serve",),
    ("engine.plan", "engine.evidence"),
    ("engine.cli", "rooftop"),
    ("tui", "engine.__main__"),
)
"""The rooms from the bottom up. Those of one floor do not know each other."""


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    found = {}
    for path in [*ROOT.glob("engine/**/*.py"), *ROOT.glob("tui/**/*.py"), ROOT / "rooftop.py"]:
        if path.exists():
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def room_of(module: str) -> str:
    """The room that a module stands in."""
    rooms = [room for floor in STREET for room in floor]
    inside = [room for room in rooms if module == room or module.startswith(f"{room}.")]
    return max(inside, key=len)


def floor_of(module: str) -> int:
    """The floor of a module's room, 0 at the bottom."""
    room = room_of(module)
    return next(floor for floor, rooms in enumerate(STREET) if room in rooms)


def imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules, ours and others, that a file imports anywhere in its text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield inner if inner in known else node.module


def graph() -> dict[str, set[str]]:
    """For every module, the modules of the product that it imports."""
    known = modules()
    return {
        name: {one for one in imported(path, known) if one in known} - {name}
        for name, path in known.items()
    }


def inner_arrows(arrows: Mapping[str, set[str]], room: str) -> dict[str, set[str]]:
    """The same among the parts of one room: its files, and its folders each as one."""
    inside = f"{room}."
    found: dict[str, set[str]] = {}
    for name, others in arrows.items():
        if name.startswith(inside):
            part = name.removeprefix(inside).partition(".")[0]
            parts = {one.removeprefix(inside).partition(".")[0] for one in others if inside in one}
            found.setdefault(part, set()).update(parts - {part})
    return {part: others & found.keys() for part, others in found.items()}


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Sets of modules that reach each other (strongly connected components, Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            place = stack.index(node)
            circle = stack[place:]
            del stack[place:]
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in arrows:
        if node not in index:
            visit(node)
    return found
