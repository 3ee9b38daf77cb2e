"""The processes of a plan by an engine's launch table: one worker of each pool after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.hardware.launch_table import (
    LaunchFile,
    LaunchRole,
    LaunchTable,
    Spelling,
    version_number,
)
from engine.model.cores import LatentCore
from engine.model.precision import Precision
from engine.plan.launch.checkpoint import checkpoint_fields, checkpoint_notes
from engine.plan.launch.fields import worker_fields
from engine.plan.launch.fill import (
    file_text,
    filled,
    filled_words,
    known,
    taken,
    told_where,
)
from engine.plan.launch.formats import (
    cache_spelling,
    expert_fields,
    format_gaps,
    online_spelling,
    served_checkpoint,
)
from engine.plan.launch.gaps import (
    limit_gaps,
    pool_limits,
    refusals,
    ruled_out,
    scenario_remarks,
    untold,
)
from engine.plan.launch.nodes import (
    BOOTSTRAP_PORT,
    HANDSHAKE_PORT,
    PORT,
    SIDE_PORT,
    TRANSFER_PORT,
    Place,
    node_fields,
    place,
)
from engine.plan.launch.pools import Pool, pools_of, starts_replicas, together
from engine.plan.launch.process import Launch, Process, Role, Runtime
from engine.plan.launch.remark import Gap, Note, Remark, distinct
from engine.plan.launch.router import Router, worker_url
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.messages import say
from engine.work.arrangement import Arrangement

DEVICE_VARIABLES = {
    "NVIDIA": "CUDA_VISIBLE_DEVICES",
    "AMD": "HIP_VISIBLE_DEVICES",
    "Huawei": "ASCEND_RT_VISIBLE_DEVICES",
}
"""The environment variable that names a process its devices, by the chip's vendor."""


class TabledLaunch:
    """One candidate under one launch table, for one version of the engine; ``apart`` no two workers
    share a node."""

    def __init__(
        self,
        prepared: Prepared,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: Precision,
        batch: int,
        version: str = "",
        apart: bool = False,
    ) -> None:
        table = prepared.framework.launch
        assert isinstance(table, LaunchTable)
        self._table = table
        self._prepared, self._scenario = prepared, scenario
        self._version = version or table.version
        self._number = version_number(self._version)
        systems = (one for one in prepared.systems if one.precision == precision)
        pools = pools_of(arrangement, batch, next(systems, prepared.systems[0]))
        flags = known(table.flags, self._number)
        self._pools = together(pools) if starts_replicas(flags) else pools
        self._files: dict[str, str] = {}
        self._apart = apart
        self._shared: set[int] = set()
        self._fronted = sum(pool.workers for pool in self._pools) > 1

    def launch(self) -> Launch:
        """The processes, the files they read, the gaps and the notes."""
        workers = [(pool, replica) for pool in self._pools for replica in range(pool.workers)]
        places = self._places()
        on_nodes = Counter(one.node for spread in places for one in spread)
        self._shared = {node for node, workers in on_nodes.items() if workers > 1}
        started: list[Process] = []
        for (pool, replica), spread in zip(workers, places, strict=True):
            started += self._worker(pool, replica, spread, started)
        router = Router(self._table, self._prepared.framework.name, started)
        front = router.processes(PORT) if self._fronted else ()
        self._files |= router.files if self._fronted else {}
        remarks = distinct([*self._remarks(places), *(router.gaps if self._fronted else ())])
        return Launch(
            self._prepared.framework.name,
            self._version,
            (*started, *front),
            remarks,
            self._files,
            tuple(refusals(self._table.limits, self._prepared)),
            tuple(self._fields(pool)["model"] for pool in self._pools),
            self._prepared.chip.vendor,
            self._runtimes(),
            self._table.connectors,
        )

    def _places(self) -> tuple[tuple[Place, ...], ...]:
        """Those of all workers; pools on unlike chips share no node."""
        found: tuple[tuple[Place, ...], ...] = ()
        alike = [list(same) for _, same in groupby(self._pools, lambda one: one.system.chip.id)]
        for pools in alike:
            sizes = [
                pool.worker.layout.chips_per_replica * pool.copies
                for pool in pools
                for _ in range(pool.workers)
            ]
            first = max((one.node + 1 for spread in found for one in spread), default=0)
            found += place(sizes, pools[0].server, self._apart, first)
        return found

    def _runtimes(self) -> dict[str, dict[Role, Runtime]]:
        fields = {
            pool.role: {**self._fields(pool), **self._file_field(pool)} for pool in self._pools
        }
        return {
            name: {
                role: Runtime(
                    tuple(word for line in lines for word in filled_words(line, known_fields)),
                    self._runtime_arguments(name, known_fields),
                )
                for role, known_fields in fields.items()
            }
            for name, lines in self._table.runtimes.items()
        }

    def _runtime_arguments(self, name: str, fields: dict[str, str]) -> tuple[str, ...] | None:
        flags = self._table.runtime_flags.get(name)
        return None if flags is None else tuple(self._words(flags, fields))

    def _file_field(self, pool: Pool) -> dict[str, str]:
        """The file of a role's first worker, where it reads one."""
        file = self._table.file
        name = "" if file is None else _file_name(pool.role, file)
        return {"file": name} if name in self._files else {}

    def _worker(
        self, pool: Pool, replica: int, spread: Sequence[Place], before: Sequence[Process]
    ) -> Iterator[Process]:
        """The processes of one worker, one a node; one in all where the engine starts itself on the
        others."""
        fields = self._fields(pool)
        head = spread[0].node
        there = sum(one.node == head for one in before)
        port = PORT + self._fronted + there
        told = {
            **fields,
            "port": str(port),
            "address": f"<NODE{head}>",
            "bootstrap_port": str(BOOTSTRAP_PORT + there),
            "side_port": str(SIDE_PORT + 100 * there),
            "handshake_port": str(HANDSHAKE_PORT + 100 * there),
            "transfer_port": str(TRANSFER_PORT + 100 * there),
        }
        if self._fronted:
            told["router_url"] = worker_url(0, PORT)
        for one in spread:
            here = {**told, **node_fields(pool.worker.layout.attention_data, spread, one, replica)}
            if one.rank and self._table.across:
                return
            yield self._process(pool, replica, one, here, port)

    def _process(
        self, pool: Pool, replica: int, here: Place, fields: dict[str, str], port: int
    ) -> Process:
        table, role = self._table, self._role(pool.role)
        arguments = self._words((*table.flags, *role.flags), fields)
        if table.file is not None:
            lines = known((*table.file.lines, *role.lines), self._number)
            text = file_text(table.file, lines, {**fields, **_device_fields(here)})
            if text:
                file = _file_name(pool.role, table.file)
                if self._files.get(file, text) != text:
                    # Those of further workers differ in ports and devices.
                    file = f"{here.node}-{port}-{file}"
                self._files[file] = text
                arguments += filled_words(table.file.flag, {**fields, "file": file})
        across = filled_words(table.across, fields) if here.nodes > 1 else []
        return Process(
            role=pool.role,
            replica=replica,
            node=here.node,
            rank=here.rank,
            nodes=here.nodes,
            devices=here.devices,
            device_count=len(here.devices),
            port=port,
            environment=self._environment(role, fields, here),
            command=(*across, *filled_words(table.command, fields)),
            arguments=tuple(arguments),
            placing=tuple(self._words(table.node_flags, fields)),
            layout=pool.worker.layout,
        )

    def _words(self, entries: Sequence[Spelling], fields: dict[str, str]) -> list[str]:
        return [
            word for text in known(entries, self._number) for word in filled_words(text, fields)
        ]

    def _environment(
        self, role: LaunchRole, fields: dict[str, str], here: Place
    ) -> tuple[tuple[str, str], ...]:
        found = []
        variable = DEVICE_VARIABLES.get(self._prepared.chip.vendor, "")
        if variable and here.node in self._shared:
            found.append((variable, ",".join(map(str, here.devices))))
        for text in known((*self._table.environment, *role.environment), self._number):
            told = filled(text, fields)
            if told is not None:
                name, _, value = told.partition("=")
                found.append((name.strip(), value.strip()))
        return tuple(found)

    def _role(self, role: Role) -> LaunchRole:
        return self._table.roles.get(role.value, LaunchRole())

    def _fields(self, pool: Pool) -> dict[str, str]:
        prepared, table = self._prepared, self._table
        precision = pool.system.precision
        fields = worker_fields(prepared, self._scenario, pool.worker)
        fields |= expert_fields(prepared, precision)
        published = served_checkpoint(prepared, precision, table)
        fields |= checkpoint_fields(prepared, self._scenario, published)
        if pool.role is not Role.SERVER:
            fields["role"] = pool.role.value
            for one in self._pools:
                fields[f"{one.role}_tensor"] = str(one.worker.layout.tensor)
                fields[f"{one.role}_data"] = str(one.worker.layout.attention_data)
        if pool.copies > 1:
            fields["replicas"] = str(pool.copies)
        for name, spelled in (
            ("kv", cache_spelling(prepared, precision, table)),
            ("online", online_spelling(prepared, precision, table)),
        ):
            if spelled is not None and spelled.text and spelled.known_to(self._number):
                fields[name] = spelled.text
        return fields

    def _remarks(self, places: Sequence[Sequence[Place]]) -> Iterator[Remark]:
        prepared, table, engine = self._prepared, self._table, self._prepared.framework.name
        yield from map(Gap, refusals(table.limits, prepared))
        yield from checkpoint_notes(prepared, self._scenario)
        for precision in dict.fromkeys(pool.system.precision for pool in self._pools):
            yield from format_gaps(prepared, precision, table, self._number)
        budget = prepared.framework.scheduler.prefill_tokens
        first = 0
        for pool in self._pools:
            spread = places[first]
            first += pool.workers
            fields = {
                **self._fields(pool),
                **node_fields(pool.worker.layout.attention_data, spread, spread[0], 0),
            }
            told = {*table.holds, *self._told(pool.role, fields)}
            told |= {name for name, value in table.defaults.items() if fields.get(name) == value}
            told |= ruled_out(table.limits, pool.worker)
            if len(spread) > 1 and table.across:
                told.add("nodes")
            yield from untold(fields, told, engine)
            yield from limit_gaps(table.limits, pool.worker, budget, engine)
            if pool.role is not Role.SERVER and pool.role.value not in table.roles:
                yield Gap(
                    say(
                        "a pool of {role} workers: {engine} is not told its role",
                        role=say(pool.role.value),
                        engine=engine,
                    )
                )
            yield from map(Gap, told_where(table.refuses, fields))
            yield from map(Note, told_where(table.notes, fields))
        if len(self._pools) > 1:
            prefill, decode = (pool.worker for pool in self._pools)
            yield from pool_limits(table.limits, prefill, decode, _is_latent(prepared), engine)
        yield from scenario_remarks(prepared, self._scenario)

    def _told(self, role: Role, fields: dict[str, str]) -> set[str]:
        table, own = self._table, self._role(role)
        lines = (*table.file.lines, *own.lines) if table.file is not None else ()
        entries = (
            Spelling(table.command),
            *table.flags,
            *table.node_flags,
            *table.environment,
            *own.flags,
            *own.environment,
            *lines,
        )
        return taken(known(entries, self._number), fields)


def _file_name(role: Role, file: LaunchFile) -> str:
    return file.name if role is Role.SERVER else f"{role}-{file.name}"


def _device_fields(here: Place) -> dict[str, str]:
    """The devices of a worker on one node, as files list them; and how many all its nodes have."""
    return {
        "device_list": ",".join(map(str, here.devices)),
        "device_count": str(len(here.devices) * here.nodes),
    }


def _is_latent(prepared: Prepared) -> bool:
    """Whether some layer's cache is one latent for all heads."""
    blocks = prepared.architecture.blocks()
    return any(isinstance(core, LatentCore) for block, _ in blocks for core in block.cores)
