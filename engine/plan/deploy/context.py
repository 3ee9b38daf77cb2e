"""What deployment frames can name: the processes of a launch as values.

The whole: title, slug, engine, version, model, nodes, node_devices, last_node, checkpoint, draft;
asked, asked_set and asked_names (what the reader fills in). Repeated for each one: gap and note
(text); file (file_name, file_slug, text); node and node_case (index, variable, local or remote);
process (name, role, node, variable, port, profile, image, command, plain_command or
environment_words, words, device_count); worker, main and prefill, of a role (role, title_role,
pool, workers, span, size, port, device_count, resource, command_list, flags, tensor, pipeline or
stages where there is no attention-DP, data, data_local, expert). Of a process or role: environment
(variable_name, value), device (index), argument (word), read (a file), rank (index, command: what
each node of a worker runs). Once, where there is any: gaps, notes, filed, files_read, mounted,
addressed, pod, no_prefill, spans, several_nodes, router and entry (role, port), entry_leader,
usual or own_command with own_label and own_sidecar by whether the kind writes the engine's command
by itself, plain where it does on one node, and on_nvidia, on_amd or on_huawei by the vendor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from engine.plan.deploy.frame import Context, render
from engine.plan.deploy.kind import DeploymentKind, slug
from engine.plan.launch.checkpoint import UNNAMED
from engine.plan.launch.fields import UNNAMED_DRAFT
from engine.plan.launch.nodes import PORT
from engine.plan.launch.process import Launch, Process, Role, Runtime, shell_word
from engine.words.messages import ENGLISH, retold

LOCAL = "127.0.0.1"
_MOUNTED = ("files_read", "mounted", "mounted_there", "router_mounts", "router_volumes")
"""Blocks of those that read files."""
RESOURCES = {"NVIDIA": "nvidia.com/gpu", "AMD": "amd.com/gpu", "Huawei": "huawei.com/Ascend910"}
"""What clusters call a vendor's devices."""


class Contexts:
    """The contexts of one launch for one kind of deployment."""

    def __init__(self, launch: Launch, kind: DeploymentKind, title: str, model: str) -> None:
        self._launch, self._kind = launch, kind
        self._title, self._model = title, model
        self._router = next((one for one in launch.processes if one.role is Role.ROUTER), None)

    def whole(self) -> Context:
        """The context of the frame."""
        launch = self._launch
        nodes = [self._node(index) for index in range(launch.nodes)]
        roles = self._roles()
        files = [self._file(name, text) for name, text in launch.files.items()]
        if self._kind.runtime:
            # What routes is the runtime's own.
            read = [one for role in roles["worker"] for one in role.each["read"]]
            files = [one for one in files if one in read]
        per_node = [self._devices_of(node) for node in range(launch.nodes)]
        values = {
            "title": self._title,
            "slug": slug(self._model),
            "engine": launch.engine,
            "version": launch.version,
            "model": self._model,
            "nodes": str(launch.nodes),
            "node_devices": str(max(per_node)),
            "last_node": str(launch.nodes - 1),
            "connector": launch.connectors.get(self._kind.runtime, self._kind.connector),
            "checkpoint": "CHECKPOINT" if self._unnamed(UNNAMED) else "",
            "draft": "DRAFT_MODEL" if self._unnamed(UNNAMED_DRAFT) else "",
            **self._asked(),
        }
        return Context(
            values,
            {
                **_sentences("gap", launch.gaps),
                **_sentences("note", launch.notes),
                "node": nodes,
                "node_case": nodes,
                "process": [self._process(one) for one in launch.processes],
                "file": files,
                "filed": [Context({})] if files else [],
                "spans": _once(launch.spans),
                "router": [self._front(self._router)] if self._router is not None else [],
                **self._entry(),
                **roles,
            },
        )

    def _asked(self) -> dict[str, str]:
        """What every cluster is told besides its own names: images, and checkpoints unnamed."""
        names = ["IMAGE", *(["ROUTER_IMAGE"] if self._router and self._kind.address else [])]
        names += ["CHECKPOINT"] if self._unnamed(UNNAMED) else []
        names += ["DRAFT_MODEL"] if self._unnamed(UNNAMED_DRAFT) else []
        return {
            "asked": ", ".join(names),
            "asked_set": " ".join(f"{name}=…" for name in names),
            "asked_names": " ".join(f"${name}" for name in names),
        }

    def _entry(self) -> dict[str, list[Context]]:
        """Whose pods answer from outside: the router's, or the only servers; none otherwise."""
        servers = [one for one in self._launch.processes if one.role is Role.SERVER]
        if self._router is not None:
            return {"entry": [Context({"role": "router", "port": str(self._router.port)})]}
        found = [Context({"role": one.role.value, "port": str(one.port)}) for one in servers[:1]]
        return {"entry": found, "entry_leader": _once(bool(found))}

    def _front(self, one: Process) -> Context:
        words = [self._found(self._here(word)) for word in one.words]
        files = [
            self._file(name, text) for name, text in self._launch.files.items() if name in words
        ]
        return Context(
            {
                "role": one.role.value,
                "port": str(one.port),
                "command_list": ", ".join(self._kind.word(word) for word in words),
            },
            {name: _once(bool(files)) for name in _MOUNTED},
        )

    def _devices_of(self, node: int) -> int:
        return sum(one.device_count for one in self._launch.processes if one.node == node)

    def _node(self, index: int) -> Context:
        own = [one for one in self._launch.processes if one.node == index]
        several = self._launch.nodes > 1
        values = {
            "index": str(index),
            "variable": f"NODE{index}",
            "local": "" if several else LOCAL,
            "remote": f"address of node {index}, as 10.0.0.{index + 1}" if several else "",
        }
        return Context(values, {"process": [self._process(one) for one in own]})

    def _unnamed(self, place: str) -> bool:
        """Whether a checkpoint is for the reader to name, in a command or a file."""
        words = (word for one in self._launch.processes for word in one.words)
        return any(place in text for text in (*words, *self._launch.files.values()))

    def _here(self, text: str) -> str:
        """Text in which the only node, if it is only one, is this one; where workers have addresses
        of their own, the router has one too."""
        if self._kind.address:
            router = f"{slug(self._model)}:{PORT}"
            return text.replace(f"<NODE0>:{PORT}", router) if self._router else text
        return text.replace("<NODE0>", LOCAL) if self._launch.nodes == 1 else text

    def _found(self, text: str) -> str:
        """Text for the router, in which nodes of workers are where their kind has them found."""
        for one in self._launch.processes if self._kind.address else ():
            values = {"slug": slug(self._model), "role": one.role.value}
            where = Context({**values, "replica": str(one.replica)})
            if one.rank == 0 and one.role is not Role.ROUTER:
                address = render(self._kind.address, {}, where).strip()
                text = text.replace(f"<NODE{one.node}>:{one.port}", f"{address}:{one.port}")
                text = text.replace(f"<NODE{one.node}>", address)
        return text

    def _process(self, one: Process) -> Context:
        kind = self._kind
        words = [self._here(word) for word in one.words]
        environment = [(name, self._here(value)) for name, value in one.environment]
        command = " ".join(kind.word(word) for word in words)
        values = {
            "name": one.name,
            "role": one.role.value,
            "node": str(one.node),
            "variable": f"NODE{one.node}",
            "port": str(one.port),
            "profile": f"node{one.node}" if self._launch.nodes > 1 else "",
            "image": "ROUTER_IMAGE" if one.role is Role.ROUTER else "IMAGE",
            "device_count": str(one.device_count),
            "command": command,
            "plain_command": "" if environment else command,
            "words": ", ".join(kind.word(word) for word in words),
            "environment_words": " ".join(
                f"{name}={kind.word(value)}" for name, value in environment
            ),
        }
        return Context(
            values,
            {
                "environment": self._environment(environment),
                "device": [Context({"index": str(index)}) for index in one.devices],
                "read": [
                    self._file(name, text)
                    for name, text in self._launch.files.items()
                    if name in one.words
                ],
                "files_read": [Context({})] if {*self._launch.files} & {*one.words} else [],
                **self._vendor(one),
            },
        )

    def _environment(self, pairs: list[tuple[str, str]]) -> list[Context]:
        return [
            Context({"variable_name": name, "value": json.dumps(self._kind.text(value))})
            for name, value in pairs
        ]

    def _file(self, name: str, text: str) -> Context:
        shown = self._kind.text(self._found(self._here(text.rstrip("\n"))))
        return Context({"file_name": name, "file_slug": slug(name), "text": shown})

    def _ranks(self, first: Process, runtime: Runtime) -> Iterator[Context]:
        """What each node of a worker runs, in a shell in which the first node's address and the
        port are the kind's ``leader`` and ``port``."""
        leader, kind = f"<NODE{first.node}>", self._kind

        def word(text: str) -> str:
            parts = (shell_word(one) if one else "" for one in self._here(text).split(leader))
            return f'"{kind.leader}"'.join(parts)

        for one in self._launch.processes:
            if one.role is first.role and one.replica == first.replica:
                words = [word(text) for text in (*runtime.command, *one.arguments)]
                words += [
                    f'"{kind.port}"' if kind.port and text == str(one.port) else word(text)
                    for text in one.placing
                ]
                yield Context({"index": str(one.rank), "command": " ".join(words)})

    def _vendor(self, one: Process) -> dict[str, list[Context]]:
        return {f"on_{self._launch.vendor.lower()}": [Context({})] if one.device_count else []}

    def _roles(self) -> dict[str, list[Context]]:
        """One context for each role that has devices, by what frames call them."""
        found = {}
        for one in self._launch.distinct:
            if one.rank == 0 and one.role is not Role.ROUTER:
                found[one.role] = self._role(one)
        decode = found.get(Role.DECODE) or found.get(Role.SERVER)
        prefill = found.get(Role.PREFILL)
        return {
            "worker": [*found.values()],
            "main": [decode] if decode else [],
            "prefill": [prefill] if prefill else [],
            "no_prefill": [] if prefill else [Context({})],
        }

    def _role(self, one: Process) -> Context:
        kind, layout = self._kind, one.layout
        runtime = self._launch.runtimes.get(kind.runtime, {}).get(one.role, Runtime(one.command))
        arguments = one.arguments if runtime.arguments is None else runtime.arguments
        files = [
            self._file(name, text)
            for name, text in self._launch.files.items()
            if name in {*arguments}
        ]
        own = [(name, value) for name, value in one.environment if "VISIBLE_DEVICES" not in name]
        # Another engine than the one whose command the kind writes by itself.
        unusual = kind.runtime in self._launch.connectors
        data = str(layout.attention_data) if layout.attention_data > 1 else ""
        pool = one.role.value if one.role is not Role.SERVER else ""
        values = {
            "role": one.role.value,
            "title_role": one.role.value.capitalize(),
            "pool": pool,
            "workers": str(self._launch.workers(one.role)),
            "span": str(one.nodes) if one.nodes > 1 else "",
            "size": str(one.nodes),
            "port": str(one.port),
            "device_count": str(one.device_count),
            "tensor": str(layout.tensor),
            "pipeline": str(layout.pipeline) if layout.pipeline > 1 else "",
            "stages": str(layout.pipeline) if layout.pipeline > 1 and not data else "",
            "data": data,
            "data_local": str(max(layout.attention_data // one.nodes, 1)) if data else "",
            "expert": "true" if layout.expert > 1 else "",
            "command_list": ", ".join(kind.word(word) for word in runtime.command),
            "resource": RESOURCES.get(self._launch.vendor, "nvidia.com/gpu"),
            "flags": json.dumps(" ".join(shell_word(word) for word in arguments)),
        }
        return Context(
            values,
            {
                "argument": [Context({"word": kind.word(word)}) for word in arguments],
                "read": files,
                **{name: _once(bool(files)) for name in _MOUNTED},
                "rank": [*self._ranks(one, runtime)],
                "usual": _once(not unusual),
                "plain": _once(one.nodes == 1 and not unusual),
                "own_command": _once(one.nodes > 1 or unusual),
                "own_label": _once(unusual),
                "own_sidecar": _once(unusual and one.role is Role.DECODE),
                "environment": self._environment(own),
                "addressed": [Context({})] if own else [],
                "pod": [Context({})],
                "several_nodes": _once(one.nodes > 1),
                **self._vendor(one),
            },
        )


def _once(there: bool) -> list[Context]:
    """A block that is written once, or not at all."""
    return [Context({})] if there else []


def _sentences(name: str, told: Sequence[str]) -> dict[str, list[Context]]:
    """One context for each sentence, in the language of files."""
    return {
        name: [Context({"text": retold(one, ENGLISH)}) for one in told],
        f"{name}s": _once(bool(told)),
    }
