"""Models as engines run them that know no sliding windows: every layer sees the whole context."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import LayerGroup
from engine.model.cores import Core, StateCore


def without_windows(model: Architecture) -> Architecture:
    """``model`` with every window open; itself where it has none."""
    layers = tuple(_opened(group) for group in model.layers)
    return model if layers == model.layers else replace(model, layers=layers)


def _opened(group: LayerGroup) -> LayerGroup:
    cores = tuple(_whole(core) for core in group.block.cores)
    return replace(group, block=replace(group.block, cores=cores))


def _whole(core: Core) -> Core:
    return core if isinstance(core, StateCore) else replace(core, window=None)
