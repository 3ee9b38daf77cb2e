"""What stands in front of several servers, or of a prefill and a decode pool."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from engine.hardware.launch_table import LaunchFile, LaunchTable, fields_in
from engine.plan.launch.fill import file_text, filled, filled_words
from engine.plan.launch.nodes import BOOTSTRAP_PORT, PORT
from engine.plan.launch.process import Process, Role
from engine.plan.launch.remark import Gap
from engine.words.messages import say

_OF_WORKERS = {
    "url": Role.SERVER,
    "host": Role.SERVER,
    "server_port": Role.SERVER,
    "prefill_url": Role.PREFILL,
    "prefill_host": Role.PREFILL,
    "prefill_port": Role.PREFILL,
    "decode_url": Role.DECODE,
    "decode_host": Role.DECODE,
    "decode_port": Role.DECODE,
}
"""Fields of entries that are written once for every worker of a role."""


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
        self._file = table.router_file if pools else table.replicas_file
        self.gaps: tuple[Gap, ...] = ()
        self.files: dict[str, str] = {}
        if not self._entries:
            gap = (
                say(
                    "one address for prefill and decode pools: {engine} has no router that is "
                    "known here",
                    engine=engine,
                )
                if pools
                else say(
                    "one address for {count} replicas: {engine} has no router that is known here",
                    count=len(self._workers),
                    engine=engine,
                )
            )
            self.gaps = (Gap(gap),)

    def processes(self, port: int) -> tuple[Process, ...]:
        """The router on the first node, at ``port``; nothing where none is known."""
        if not self._entries:
            return ()
        fields = {"port": str(port), **self._lists()}
        words = [word for text in self._entries for word in self._words(text, fields)]
        if self._file is not None:
            self.files[self._file.name] = self._text(self._file, fields)
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

    def _text(self, file: LaunchFile, fields: dict[str, str]) -> str:
        lines = [one.text for one in file.lines]
        if not file.name.endswith(".conf"):
            return file_text(file, lines, fields)
        told = (filled(text, one) for text in lines for one in self._times(text, fields))
        return "".join(f"{line}\n" for line in told if line is not None)

    def _words(self, text: str, fields: dict[str, str]) -> Iterator[str]:
        for one in self._times(text, fields):
            yield from filled_words(text, one)

    def _times(self, text: str, fields: dict[str, str]) -> Iterator[dict[str, str]]:
        """The fields of an entry: once, or for every worker of the role that one of them names."""
        repeated = {*_OF_WORKERS} & fields_in(text)
        if not repeated:
            yield fields
            return
        role = _OF_WORKERS[min(repeated)]
        start = "" if role is Role.SERVER else f"{role}_"
        for one in self._of(role):
            yield {
                **fields,
                f"{start}url": worker_url(one.node, one.port),
                f"{start}host": f"<NODE{one.node}>",
                f"{start}port" if start else "server_port": str(one.port),
                "bootstrap_port": _bootstrap(one),
            }

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
