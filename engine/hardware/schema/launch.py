"""What a launch table may hold (`engine.hardware.launch_table`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.sources.strict import Strict


class SpellingFile(Strict):
    """An entry of a launch table that only some versions know."""

    text: str
    since: str = ""
    until: str = ""


Spelled = str | SpellingFile


class LaunchFileFile(Strict):
    """A file that an engine reads beside its command."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    flag: str
    lines: list[Spelled]


class LaunchRoleFile(Strict):
    """What the workers of one role are told besides."""

    flags: list[Spelled] = []
    environment: list[Spelled] = []
    lines: list[Spelled] = []


Width = Literal["any", "all", "none"]


class LaunchLimitsFile(Strict):
    """What an engine refuses."""

    generations: list[str] = []
    without_fp8: list[str] = []
    pipeline: Literal["any", "none"] = "any"
    expert: Width = "any"
    attention_data: Width = "any"
    sequences_within_budget: bool = False
    prefill_multiple: bool = False


class LaunchTableFile(Strict):
    """How an engine is told what a prediction assumed (`engine.hardware.launch_table`)."""

    command: str = Field(min_length=1)
    version: str
    oldest: str = ""
    flags: list[Spelled]
    extra: list[Spelled] = []
    node_flags: list[Spelled] = []
    environment: list[Spelled] = []
    holds: list[str] = []
    kv: dict[str, Spelled] = {}
    online: dict[str, Spelled] = {}
    limits: LaunchLimitsFile = LaunchLimitsFile()
    file: LaunchFileFile | None = None
    roles: dict[Literal["prefill", "decode"], LaunchRoleFile] = {}
    router: list[str] = []
    pools_router: list[str] = []
    router_file: LaunchFileFile | None = None
    replicas_file: LaunchFileFile | None = None
    defaults: dict[str, str] = {}
    across: str = ""
    runtimes: dict[str, list[str]] = {}
    runtime_flags: dict[str, list[Spelled]] = {}
    connectors: dict[str, str] = {}
    refuses: list[str] = []
    notes: list[str] = []
    sources: list[str] = []
