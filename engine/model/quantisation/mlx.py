"""MLX's ``quantization``: a default and entries of single modules by path."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.matrices import Role
from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.formats import grouped_any
from engine.model.quantisation.scheme import BF16, Rule, Scheme
from engine.model.quantisation.values import Config, number, one_of, problem, text

_MODES = {"mxfp4": "mxfp4", "nvfp4": "nvfp4", "mxfp8": "mxfp8"}
_EVERYWHERE = frozenset({Role.LM_HEAD, Role.EMBEDDING, Role.ROUTER, Role.INDEXER})


def read_mlx(found: Config) -> Scheme:
    """Every linear layer and the embeddings, whose width a group divides; weights are widened to
    16 bits. A path has values of its own, ``true`` for the default or ``false`` for none
    (ml-explore/mlx-lm, utils.py: ``quantize_model``, ``load_model``)."""
    group = number(found, "group_size", 64)
    weights = _format(found, found)
    rules = tuple(
        Rule((path,), _entry(path, value, found))
        for path, value in found.items()
        if "." in path or isinstance(value, Mapping)
    )
    return Scheme(weights, BF16, rules=rules, extra_roles=_EVERYWHERE, divisor=max(group, 1))


def _entry(path: str, value: object, default: Config) -> NumberFormat | None:
    if value is False:
        return None
    if value is True:
        return _format(default, default)
    if isinstance(value, Mapping):
        return _format(value, default)
    raise problem(f"quantization.{path}", value, "true, false or bits and group_size")


def _format(values: Config, default: Config) -> NumberFormat:
    """A 16-bit scale and bias per group, or one of the microscaling formats."""
    mode = text(values, "mode") or ("" if values is not default else "affine")
    mode = mode or text(default, "mode") or "affine"
    if mode in _MODES:
        return FORMATS[_MODES[mode]]
    if mode != "affine":
        raise one_of("quantization.mode", mode, ("affine", *_MODES))
    bits = number(values, "bits", number(default, "bits", 4))
    group = number(values, "group_size", number(default, "group_size", 64))
    return grouped_any(bits, group, 32)
