"""What a file of a deployment kind may hold. Only a user's own file is checked against it when it
is read; the bundled ones are in the tests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.sources.strict import Strict


class DeploymentFile(Strict):
    """A deployment kind as written in a file. ``words`` says how words of commands are written,
    ``reference`` what stands for the address of a node, with ``NAME`` in the place of its name;
    ``dollar`` is a dollar sign that is meant as one. ``runtime`` names who runs the engine in place
    of its own command, ``leader`` and ``port`` what a worker's nodes call the first of them
    and where it answers; ``connector`` is how pools of its usual engine hand over; ``spans`` says
    which workers may be on several nodes (``data``: attention-data-parallel ones alone);
    ``address`` is where a worker's first node is found, of a kind that gives each its own;
    ``one_model`` says that all workers are served from one checkpoint; ``others`` are frames of
    further files, by name."""

    id: str = Field(pattern=r"^[a-z0-9_.-]{1,60}$")
    name: str
    file: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    executable: bool = False
    words: Literal["shell", "json"]
    reference: str
    dollar: str = "$"
    runtime: str = ""
    leader: str = ""
    port: str = ""
    connector: str = ""
    spans: Literal["", "data"] = ""
    address: str = ""
    one_model: bool = False
    frame: str
    blocks: dict[str, str] = {}
    others: dict[str, str] = {}
    sources: list[str] = []
