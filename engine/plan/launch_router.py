"""What stands in front of several servers, or of a prefill and a decode pool."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from engine.hardware.launch_table import LaunchTable, fields_in
from engine.plan.launch_fill import file_text, filled_words
from engine.plan.launch_nodes import BOOTSTRAP_PORT, PORT
from engine.plan.launch_process import Process, Role


def worker_url(node: int, port: int) -> str:
    """Where a server answers."""
    return f"http://<NODE{node}>:{port}"


class Router:
    """The router of an engine's launch table for ``workers``; `gaps` where it has none."""

    def __init__(self, table: LaunchTable, engine: str, workers: Sequence[Process]) -> None:
        self._workers = [one for one in workers if one.rank == 0]
        roles = {one.role for one in self._workers}
        pools = Role.SERVER not in roles
        self._entries = table.pools_router if pools else table.router
        self._file = table.router_file if pools else None
        self.gaps: tuple[str, ...] = ()
        self.files: dict[str, str] = {}
        if not self._entries:
            what = "prefill and decode pools" if pools else f"{len(self._workers)} replicas"
            self.gaps = (f"one address for {what}: {engine} has no router that is known here",)

    def processes(self, port: int) -> tuple[Process, ...]:
        """The router on the first node, at ``port``; nothing where none is known."""
        if not self._entries:
            return ()
        fields = {"port": str(port), **self._lists()}
        words = [word for text in self._entries for word in self._words(text, fields)]
        if self._file is not None:
            lines = [one.text for one in self._file.lines]
            self.files[self._file.name] = file_text(self._file, lines, fields)
            words += filled_words(self._file.flag, {"file": self._file.name})
        return (
            Process(
                role=Role.ROUTER,
                replica=0,
                node=0,
                rank=0,
                nodes=1,
                devices=(),
                device_count=0,
                port=port,
                environment=(),
                command=tuple(words),
                arguments=(),
                placing=(),
            ),
        )

    def _words(self, text: str, fields: dict[str, str]) -> Iterator[str]:
        """An entry's words: once, or for every worker of the role that its field names."""
        repeated = {"url", "prefill_url", "decode_url"} & fields_in(text)
        if not repeated:
            yield from filled_words(text, fields)
            return
        (name,) = repeated
        role = Role(name.removesuffix("_url")) if "_" in name else Role.SERVER
        for one in self._of(role):
            url = {name: worker_url(one.node, one.port), "bootstrap_port": _bootstrap(one)}
            yield from filled_words(text, {**fields, **url})

    def _of(self, role: Role) -> list[Process]:
        return [one for one in self._workers if one.role is role]

    def _lists(self) -> dict[str, str]:
        found = {}
        for role in (Role.PREFILL, Role.DECODE, Role.SERVER):
            of = self._of(role)
            found[f"{role}_count"] = str(len(of))
            found[f"{role}_hosts"] = json.dumps([f"<NODE{one.node}>:{one.port}" for one in of])
        return found


def _bootstrap(one: Process) -> str:
    """The port at which a prefill worker hands over: the first after its own of that kind."""
    return str(BOOTSTRAP_PORT + one.port - PORT - 1)
