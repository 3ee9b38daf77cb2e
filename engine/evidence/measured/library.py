"""What published rows name: a folder of configs first, then the bundled profiles.

Nothing is fetched: thousands of rows must not become thousands of requests.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from pathlib import Path

from engine.hardware.builds import built
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.model_profiles import bundled_models
from engine.scenario import Scenario
from engine.serve.resolve import Readers, resolve, scenario_model
from engine.serve.system import System
from engine.words.errors import InputError

_MAKERS = ("meta-", "nvidia-", "mistralai-")
_RELEASE = re.compile(r"[-_](instruct|chat|it|base|hf|fp8|bf16|fp4|nvfp4|mxfp4|v0\.\d+|\d{4})$")
"""Endings that name a tuning, a storage format or a date: the shapes stay the same."""


class Library:
    """Models, chips and engines, each read once for all rows of a collection.

    A library is of one reading: the next one makes its own, since people edit their files.
    """

    def __init__(self, configs: Path | None = None) -> None:
        self.configs = configs
        self.chip = cache(load_chip)
        self.framework = cache(load_framework)
        self.built = cache(self._build)
        self.system = cache(self._resolve)
        self.reference = cache(self._find)
        self._readers = Readers(cache(load_architecture), self.chip, self.framework)

    def model(self, reference: str) -> LoadedModel:
        """What ``--model`` names; raises `InputError`."""
        return scenario_model(Scenario(model=reference), self._readers)

    def language_model(self, name: str) -> tuple[LoadedModel, Architecture]:
        """The language model that ``name`` (``org/name`` or a name) means; raises `InputError`."""
        model = self.model(self.reference(name))
        if not isinstance(model.architecture, Architecture):
            raise InputError(f"{name} is not a language model")
        return model, model.architecture

    def _resolve(self, scenario: Scenario) -> System:
        """The system of a scenario's first precision; raises `InputError`."""
        return resolve(scenario, self._readers).systems[0]

    def _build(self, framework: str, chip: str, build: str) -> Framework:
        """A build of an engine on a chip; raises `InputError`."""
        return built(self.framework(framework), self.chip(chip), build)

    def _find(self, name: str) -> str:
        """How ``--model`` names it: a folder of ``configs``, else a bundled profile; raises
        `InputError`."""
        folder = self._folder(name)
        if folder is not None:
            return str(folder)
        for spelling in spellings(name):
            if spelling in bundled_models():
                return spelling
        where = f"{self.configs} or " if self.configs else ""
        raise InputError(f"model {name or 'without a name'} is not in {where}the bundled profiles")

    def _folder(self, name: str) -> Path | None:
        """The folder ``org__name`` of ``name``, whatever its capitals."""
        wanted = name.replace("/", "__")
        if self.configs is None or not wanted or "\\" in wanted or wanted.startswith("."):
            return None
        if (self.configs / wanted / "config.json").is_file():
            return self.configs / wanted
        return self._folders.get(wanted.lower())

    @cached_property
    def _folders(self) -> dict[str, Path]:
        if self.configs is None:
            return {}
        return {
            path.name.lower(): path
            for path in sorted(self.configs.iterdir())
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
