"""Which chips and engines a command lists."""

from __future__ import annotations

import argparse

from engine.hardware.framework import ANY


def named_hardware(arguments: argparse.Namespace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The chips and the engines that ``--chip`` and ``--framework`` list, none where neither names
    more than one; the first of each is then the command's own."""
    chips, engines = _listed(arguments.chip), _listed(arguments.framework)
    if len(chips) < 2 and len(engines) < 2 and ANY not in engines:
        return (), ()
    arguments.chip = chips[0] if chips else None
    arguments.framework = engines[0] if engines and engines[0] != ANY else None
    return chips, engines


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in (text or "").split(",") if one.strip())
