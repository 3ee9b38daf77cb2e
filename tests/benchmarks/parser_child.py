"""The child of `tests.benchmarks.engine_parsers`: runs a module's parser on lines from stdin.

    python parser_child.py FOLDER MODULE [PACKAGE…]

What cannot be imported is stood in for by objects that take everything, and so are the packages
that are named: parts of an engine which act upon a device when they are imported. The module is
run as a program once for every line; the first parser that is asked for its arguments answers with
``RESULT "problem"``.
"""

from __future__ import annotations

import abc
import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import json
import os
import re
import runpy
import sys
from types import ModuleType
from typing import Any, ClassVar
from unittest.mock import MagicMock

ABSENT = (
    *("libtpu", "torch_xla", "tpu_inference", "amdsmi", "pynvml", "habana_frameworks", "torch_npu"),
    *("h2", "socksio", "brotli", "brotlicffi", "zstandard"),
)
"""What engines look for to tell the device: not stood in for."""


WITHOUT = {("triton.runtime", "driver"), ("torch", "npu"), ("torch", "musa"), ("torch", "hpu")}
"""Names that stand-ins lack: devices."""


class _StandIn(ModuleType):
    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or (self.__name__, name) in WITHOUT:
            raise AttributeError(name)
        made = _made(self.__name__, name)
        setattr(self, name, made)
        return made


def _made(module: str, name: str) -> Any:
    """A class where a name looks like one: type hints and bases need them."""
    if name[:1].isupper() and not name.isupper():
        return _Type(name, (_Anything,), {"__module__": module})
    made = MagicMock(name=f"{module}.{name}")
    # Nothing that depends on a device is there.
    made.is_available.return_value = False
    made.device_count.return_value = 0
    return made


class _Type(abc.ABCMeta):
    def register(cls, *_: Any, **__: Any) -> Any:  # type: ignore[override]
        return MagicMock()

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)

    def __iter__(cls) -> Any:
        return iter(())


class _Anything:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __init_subclass__(cls, **_: Any) -> None:
        pass

    def __class_getitem__(cls, _: object) -> type:
        return cls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        # A decorator gives back what it decorates.
        return arguments[0] if len(arguments) == 1 and callable(arguments[0]) else self


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last in line: what nobody else finds."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        first = name.partition(".")[0]
        if first in ABSENT or first.startswith("_") or first in sys.stdlib_module_names:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__version__ = "99.0"  # type: ignore[attr-defined]
        module.__file__ = ""
        if module.__name__ == "triton":
            # Asked for the device's driver, it has none.
            module.runtime = _StandIn("triton.runtime")  # type: ignore[attr-defined]


class _Named(_Finder):
    """First in line: what is stood in for although it is there."""

    def __init__(self, packages: list[str]) -> None:
        self._packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if any(name == one or name.startswith(f"{one}.") for one in self._packages):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None


class _Told(Exception):
    pass


def main() -> None:
    """One result for each line."""
    folder, module, *packages = sys.argv[1:]
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, _Named(packages))
    sys.meta_path.append(_Finder())
    with contextlib.suppress(ImportError):
        from pydantic._internal import _generate_schema
        from pydantic_core import core_schema

        # Fields of types that are stood in for take anything.
        _generate_schema.GenerateSchema._unknown_type_schema = (  # type: ignore[method-assign]
            lambda *_: core_schema.any_schema()
        )
    version = importlib.metadata.version
    # Builds without a device say so in their version.
    importlib.metadata.version = lambda name: f"{version(name)}+cpu"
    sys.modules["regex"] = re
    json.JSONEncoder.default = lambda _, value: str(value)  # type: ignore[method-assign]
    lines = json.load(sys.stdin)

    first: list[argparse.ArgumentParser] = []

    def refuse(_: argparse.ArgumentParser, message: str) -> None:
        raise _Told(message)

    def parse(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        first.append(parser)
        words = sys.argv[1:] if args is None else args
        _, rest = parser.parse_known_args(words, namespace)
        raise _Told(f"unrecognized arguments: {' '.join(rest)}" if rest else "")

    argparse.ArgumentParser.error = refuse  # type: ignore[assignment]
    argparse.ArgumentParser.parse_args = parse  # type: ignore[method-assign]
    for line in lines:
        sys.argv = [module, *line]
        try:
            _run(module, first)
        except _Told as told:
            print("RESULT", json.dumps(str(told)), flush=True)
    # Threads of what was imported shall not keep it.
    os._exit(0)


def _run(module: str, first: list[argparse.ArgumentParser]) -> None:
    """The module as a program; where it cannot be run twice, its parser of the first time."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=False)
    except _Told:
        raise
    except Exception:
        if not first:
            raise
        first[0].parse_args()
    raise RuntimeError("no parser was asked")


if __name__ == "__main__":
    main()
