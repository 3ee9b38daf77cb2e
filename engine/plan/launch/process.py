"""What a plan starts: processes with their places, and what no process could be told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.plan.launch.remark import Remark, gaps_of, notes_of
from engine.work.layout import Layout

PLACEHOLDER = re.compile(r"<(NODE\d+|CHECKPOINT|DRAFT_MODEL)>")
"""What only the reader can fill in: addresses of nodes, checkpoints that nobody named."""


class Role(StrEnum):
    """What a process is for."""

    SERVER = "server"
    PREFILL = "prefill"
    DECODE = "decode"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Process:
    """One command on one node.

    ``replica`` counts the workers of a role, ``rank`` the nodes that one of them spans (``nodes``),
    ``node`` all nodes of the deployment; all from 0. ``devices`` are those of its node, empty where
    it has the whole node or none. ``arguments`` are words; ``placing`` are those of them that say
    which node it is, which operators of clusters add by themselves.
    """

    role: Role
    replica: int
    node: int
    rank: int
    nodes: int
    devices: tuple[int, ...]
    device_count: int
    port: int
    environment: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    arguments: tuple[str, ...]
    placing: tuple[str, ...]
    layout: Layout = field(default_factory=Layout)

    @property
    def name(self) -> str:
        """``decode-2``, with its node where it spans several: ``server-1-node-2``."""
        name = f"{self.role}-{self.replica + 1}"
        return f"{name}-node-{self.rank + 1}" if self.nodes > 1 else name

    @property
    def words(self) -> tuple[str, ...]:
        """The whole command."""
        return (*self.command, *self.arguments, *self.placing)

    @property
    def line(self) -> str:
        """The command for a shell, environment first."""
        told = [f"{name}={shell_word(value)}" for name, value in self.environment]
        return " ".join([*told, *(shell_word(word) for word in self.words)])


@dataclass(frozen=True, slots=True)
class Runtime:
    """How somebody else runs the workers of a role: a command in place of the engine's own, and
    options where that does not take the engine's (None: it does)."""

    command: tuple[str, ...]
    arguments: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that a plan starts. ``remarks`` are the gaps, in which the started server differs
    from what was predicted, and the notes on what the reader has to see to; ``files`` are what
    processes read beside their commands, by name;
    ``refused`` says why the engine would not start at all. ``models`` are the checkpoints of the
    pools, ``vendor`` is the chips'; ``runtimes`` are commands by which others run the workers of a
    role, ``connectors`` what these call the way in which pools hand over, where it is not that of
    their usual engine."""

    engine: str
    version: str
    processes: tuple[Process, ...]
    remarks: tuple[Remark, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    vendor: str = ""
    runtimes: Mapping[str, Mapping[Role, Runtime]] = field(default_factory=dict)
    connectors: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The checkpoint that answers; empty where no table names one."""
        return self.models[-1] if self.models else ""

    @property
    def gaps(self) -> tuple[str, ...]:
        """In what the started server differs from what was predicted, in sentences."""
        return gaps_of(self.remarks)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader has to see to, in sentences."""
        return notes_of(self.remarks)

    @property
    def nodes(self) -> int:
        """Nodes of the deployment, those included on which nobody has to start anything."""
        return max((one.node - one.rank + one.nodes for one in self.processes), default=1)

    @property
    def spans(self) -> bool:
        """Whether a worker is on several nodes."""
        return any(one.nodes > 1 for one in self.processes)

    @property
    def distinct(self) -> tuple[Process, ...]:
        """The processes of the first worker of each role: the others differ in their places."""
        return tuple(one for one in self.processes if one.replica == 0)

    def workers(self, role: Role) -> int:
        """How many workers a role has."""
        return len({one.replica for one in self.processes if one.role is role})


def shell_word(word: str) -> str:
    """A word for a shell, in which ``<NODE0>`` is the variable of that name."""
    if not PLACEHOLDER.search(word):
        return shlex.quote(word)
    parts = PLACEHOLDER.split(word)
    quoted = [shlex.quote(part) if part else "" for part in parts[::2]]
    names = [f'"${{{name}}}"' for name in parts[1::2]]
    return "".join(part for pair in zip(quoted, [*names, ""], strict=True) for part in pair)
