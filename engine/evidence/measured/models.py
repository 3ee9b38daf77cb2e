"""Which model a published row names: a folder of configs first, then the bundled profiles.

Nothing is fetched: thousands of rows must not become thousands of requests.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.model_profiles import bundled_models
from engine.model.precision import Precision
from engine.words.errors import InputError

_MAKERS = ("meta-", "nvidia-", "mistralai-")
_RELEASE = re.compile(r"[-_](instruct|chat|it|base|hf|fp8|bf16|fp4|nvfp4|mxfp4|v0\.\d+|\d{4})$")
"""Endings that name a tuning, a storage format or a date: the shapes stay the same."""


def row_architecture(model: str, configs: Path | None) -> Architecture:
    """The language model that ``model`` (``org/name`` or a name) means; raises `InputError`."""
    architecture = _loaded(model, configs).architecture
    if not isinstance(architecture, Architecture):
        raise InputError(f"{model} is not a language model")
    return architecture


def stored_precision(model: str, configs: Path | None) -> Precision:
    """What the model's own checkpoint is stored in; raises `InputError`."""
    return _loaded(model, configs).precision


@cache
def _loaded(model: str, configs: Path | None) -> LoadedModel:
    return load_architecture(model_reference(model, configs))


@cache
def model_reference(model: str, configs: Path | None) -> str:
    """How ``--model`` names it: a folder of ``configs``, else a bundled profile; raises
    `InputError`."""
    if configs is not None:
        folder = _folder(model, configs)
        if folder is not None:
            return str(folder)
    for name in spellings(model):
        if name in bundled_models():
            return name
    where = "the bundled profiles" if configs is None else f"{configs} or the bundled profiles"
    raise InputError(f"model {model or 'without a name'} is not in {where}")


def _folder(model: str, configs: Path) -> Path | None:
    """The folder ``org__name`` of ``model``, whatever its capitals."""
    wanted = model.replace("/", "__")
    if not wanted or "\\" in wanted or wanted.startswith("."):
        return None
    if (configs / wanted / "config.json").is_file():
        return configs / wanted
    return _folders(configs).get(wanted.lower())


@cache
def _folders(configs: Path) -> dict[str, Path]:
    return {
        path.name.lower(): path
        for path in sorted(configs.iterdir())
        if (path / "config.json").is_file()
    }


def spellings(model: str) -> tuple[str, ...]:
    """Profile ids that ``model`` may stand for, closest first: the name without its maker, then
    without what tuning, format and date add to it."""
    organisation, _, name = model.lower().rpartition("/")
    found = [f"{organisation}-{name}", name]
    for maker in _MAKERS:
        found.append(name.removeprefix(maker))
    shorter = found[-len(_MAKERS) :]
    while shorter:
        shorter = [_RELEASE.sub("", one) for one in shorter if _RELEASE.search(one)]
        found += shorter
    return tuple(dict.fromkeys(found))
