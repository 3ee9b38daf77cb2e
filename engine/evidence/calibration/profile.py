"""A calibrated framework as a user's profile file, which the app then offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from engine.hardware.chip import KernelConstants
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import source_values
from engine.sources.files import refuse_other, write_text
from engine.sources.profile_files import read_toml, user_folder
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.system_errors import system_reason
from engine.words.text import clean

_CALIBRATED = "calibrated to"
_IDENTITY = re.compile(r"^[a-z0-9_.-]{1,60}$")


def profile_name(framework: str, chip: str, wanted: str) -> str:
    """The new profile's id; raises `InputError` for one that no file can have."""
    name = wanted.strip().lower() or f"{framework}-{chip}"
    if not _IDENTITY.match(name):
        raise InputError(
            say(
                "--name {wanted!r}: expected 1 to 60 of a-z, 0-9, dot, dash and underscore",
                wanted=clean(wanted, 60),
            )
        )
    return name


def write_profile(framework: Framework, name: str, chip: str, runs: int) -> Path:
    """Write the profile into the user's folder, whole or not at all; returns where."""
    import tomli_w

    folder = user_folder("frameworks")
    path = folder / f"{name}.toml"
    values = _values(framework, name, chip, runs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            say("{folder}: {reason}", folder=clean(str(folder)), reason=system_reason(error))
        ) from None
    refuse_other(path, _is_calibrated, "calibration")
    write_text(path, tomli_w.dumps(values))
    return path


def _is_calibrated(path: Path) -> bool:
    """Whether a profile was written by `write_profile`, not by hand."""
    sources = read_toml(path).get("sources", ())
    return any(str(source).startswith(_CALIBRATED) for source in sources)


def _values(framework: Framework, name: str, chip: str, runs: int) -> dict[str, Any]:
    """The values of the framework's own file with the calibrated ones in their place."""
    own = source_values(framework.id)
    kept = {key: value for key, value in own.items() if value is not None}
    return {
        **kept,
        "id": name,
        "name": f"{framework.name}, calibrated on {chip}",
        "step_us": _micro(framework.costs.step_seconds),
        "request_us": _micro(framework.costs.request_seconds),
        "sequence_us": _micro(framework.costs.sequence_seconds),
        "provenance": "fitted",
        "sources": [*framework.sources, f"{_CALIBRATED} {runs} runs of your own"],
        "kernels": {key: _kernel(kernel) for key, kernel in framework.kernels.items()},
        "links": {
            key: {"start": round(one.start, 4), "bandwidth": round(one.bandwidth, 4)}
            for key, one in framework.links.items()
        },
    }


def _kernel(kernel: KernelConstants) -> dict[str, Any]:
    return {
        "compute": round(kernel.compute, 5),
        "memory": round(kernel.memory, 5),
        "floor_us": _micro(kernel.floor_seconds),
        "order": kernel.order,
        "half_size": kernel.half_size,
        "per_item_ns": round(kernel.per_item_seconds * 1e9, 3),
        "provenance": str(kernel.provenance),
        "source": kernel.source,
    }


def _micro(seconds: float) -> float:
    return round(seconds * 1e6, 3)
