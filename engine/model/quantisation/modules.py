"""Which modules a list of names, globs and regular expressions means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.model.quantisation.expressions import safe_expression

_LAYER = re.compile(r"layers\.(\d+|\*)(?:\.|(?=\*)|$)(.*)$", re.ASCII)
_SYNONYMS = (("self_attn", "attn"), ("mlp", "ffn"), ("mlp", "block_sparse_moe"), ("mlp", "mixer"))
_LAST = {
    "gate_proj": ("w1",),
    "up_proj": ("w3",),
    "down_proj": ("w2",),
    "q_b_proj": ("wq_b",),
    "o_a_proj": ("wo_a",),
    "o_b_proj": ("wo_b",),
}
"""Other names of the last part of a path: Mixtral's experts and DeepSeek's own names."""
_FUSED = {
    "gate_proj": ("gate_up_proj",),
    "up_proj": ("gate_up_proj",),
    "q_proj": ("qkv_proj", "query_key_value"),
    "k_proj": ("qkv_proj", "query_key_value"),
    "v_proj": ("qkv_proj", "query_key_value"),
}
"""Projections held as one, by the last part of a path."""
_WHOLE = {
    "self_attn.q_a_proj": ("self_attn.wq_a", "self_attn.fused_wqa_wkv"),
    "self_attn.kv_proj": ("self_attn.wkv", "self_attn.fused_wqa_wkv"),
    "self_attn.kv_a_proj_with_mqa": ("self_attn.wkv_a", "self_attn.fused_qkv_a_proj"),
    "self_attn.kv_b_proj": ("self_attn.wkv_b",),
}
"""Other names of single modules."""
_ELSEWHERE = re.compile(r"visual|vision|vit_|audio|speech|image|(^|\.)mtp|nextn|draft")
"""Parts of a model whose layers are not the text model's: towers and prediction layers."""
_EXPERT = re.compile(r"\bexperts(\.|\\\.)[\d(\[\\]")
"""A module, or a regular expression for modules, of experts by number."""
_NO_EXPERT = -1


def layers_named(
    patterns: tuple[str, ...], name: str, total: int, expert: int = 0
) -> frozenset[int]:
    """The layers of a model of ``total`` layers in which module ``name`` (inside its layer) is
    meant. A module outside layers (``lm_head``) is in all or in none; of routed experts, one
    ``expert`` is asked for. Raises `InputError` for a pattern that cannot be looked for."""
    every = frozenset(range(total))
    if not patterns:
        return frozenset()
    compiled = _compiled(patterns)
    own = _paths(name, expert)
    paths = [*own, *(path for path in _fused(own) if path not in own)]
    tails = [path.split("layers.0.", 1)[-1] for path in paths]
    hit = {
        layer
        for tail, numbers in compiled.of_expert(expert).items()
        if any(_tail_matches(tail, one) for one in tails)
        for layer in numbers
    }
    if _anywhere(compiled, own) or _anywhere(compiled, paths, names_fused=True):
        return every
    for pattern in compiled.numbered:
        places = _places(own if not _names_fused(pattern) else paths)
        hit |= {layer for layer in every if _in_layer(pattern, places, layer)}
    return every & hit


def names_single_experts(patterns: tuple[str, ...]) -> bool:
    """Whether some of ``patterns`` speak of routed experts by their numbers."""
    return any(_EXPERT.search(pattern) for pattern in patterns)


def _anywhere(compiled: _Compiled, paths: list[str], names_fused: bool = False) -> bool:
    """Whether a pattern that holds in every layer finds one of ``paths``."""
    places = _places(paths)
    everywhere = (one for one in compiled.everywhere if _names_fused(one) is names_fused)
    whole = (one for one in compiled.whole if _names_fused(one) is names_fused)
    return any(pattern.search(path) for pattern in everywhere for path in paths) or any(
        pattern.match(place) for pattern in whole for place in places
    )


def _in_layer(pattern: re.Pattern[str], places: list[str], layer: int) -> bool:
    numbered = f"layers.{layer}."
    return any(pattern.match(place.replace("layers.0.", numbered, 1)) for place in places)


def _places(paths: list[str]) -> list[str]:
    return [place for path in paths for place in _in_full(path)]


def _names_fused(pattern: re.Pattern[str]) -> bool:
    """Whether a pattern speaks of projections held as one: others must not find ``up_proj`` under
    the ``gate_up_proj`` that it is a part of."""
    return any(word in pattern.pattern for word in ("gate_up", "qkv", "query_key_value"))


def share(named: frozenset[int], layers: int, total: int) -> float:
    """The share of the ``layers`` that hold a module in the ``named`` ones of ``total``.

    Lists may name layers that have no such module (the dense ones among expert layers, or the
    prediction layer after the last); as many as there are of those do not count.
    """
    if len(named) >= layers:
        return 1.0
    return 0.0 if len(named) <= total - layers else len(named) / layers


def _paths(name: str, expert: int = 0) -> list[str]:
    """Full paths under which checkpoints may know a module of a layer, or of one ``expert``."""
    names = [name, *_WHOLE.get(name, ())]
    for ours, theirs in _SYNONYMS:
        names += [one.replace(ours, theirs, 1) for one in list(names) if one.startswith(f"{ours}.")]
    names += _with_last(names, _LAST)
    numbered = f"experts.{expert}."
    names += [one.replace("experts.", numbered, 1) for one in names if "experts." in one]
    if name == "lm_head":
        return ["lm_head", "language_model.lm_head", "head"]
    if name == "embed_tokens":
        return list(_in_full("model.embed_tokens"))
    return [f"model.layers.0.{one}" for one in names]


def _with_last(names: list[str], others: Mapping[str, tuple[str, ...]]) -> list[str]:
    """``names`` with other words for their last part, where there are any."""
    return [
        f"{one.rsplit('.', 1)[0]}.{other}"
        for one in names
        for other in others.get(one.rsplit(".", 1)[-1], ())
        if "." in one
    ]


def _fused(paths: list[str]) -> list[str]:
    """Full paths of what the module of ``paths`` may be a part of."""
    return _with_last(paths, _FUSED)


def _in_full(path: str) -> tuple[str, ...]:
    """A path with all that may stand before it: towers put the text model one level deeper, and
    regular expressions start at the first level."""
    inner = path.removeprefix("model.")
    if inner == path:
        return (path,)
    return path, inner, f"language_model.{path}", f"model.language_model.{inner}"


def _tail_matches(pattern: str, tail: str) -> bool:
    if not pattern or pattern == "*":
        return True
    if "*" in pattern:
        return re.match(_glob(pattern) + r"(\.|$)", tail) is not None
    plain = pattern.replace("switch_mlp", "experts")
    return tail == plain or tail.startswith(plain + ".")


def _glob(pattern: str) -> str:
    return ".*".join(re.escape(part) for part in pattern.split("*"))


@dataclass(frozen=True)
class _Compiled:
    """Patterns by how they are looked for: anywhere in a path of any layer; from a path's start
    in any layer (``whole``) or in each layer (``numbered``); by tail in the layers named."""

    everywhere: tuple[re.Pattern[str], ...]
    whole: tuple[re.Pattern[str], ...]
    numbered: tuple[re.Pattern[str], ...]
    by_layer: dict[int, dict[str, frozenset[int]]]
    """By expert; what names none is at `_NO_EXPERT`."""

    def of_expert(self, expert: int) -> dict[str, frozenset[int]]:
        """Tails with their layers, of one expert and of what is no expert's."""
        return {**self.by_layer.get(_NO_EXPERT, {}), **self.by_layer.get(expert, {})}


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> _Compiled:
    everywhere: list[re.Pattern[str]] = []
    whole: list[re.Pattern[str]] = []
    numbered: list[re.Pattern[str]] = []
    by_layer: dict[int, dict[str, set[int]]] = {}
    for pattern in patterns:
        if pattern.startswith("re:"):
            expression = safe_expression(pattern[3:])
            (numbered if re.search(r"\d", expression.pattern) else whole).append(expression)
            continue
        found = _LAYER.search(pattern)
        if found and _ELSEWHERE.search(pattern[: found.start()]):
            continue
        if found and found[1] != "*":
            single = re.match(r"[\w.]*?\bexperts\.(\d+)", found[2], re.ASCII)
            expert = int(single[1]) if single else _NO_EXPERT
            by_layer.setdefault(expert, {}).setdefault(found[2], set()).add(int(found[1]))
        elif found:
            everywhere.append(re.compile(r"layers\.0\." + _glob(found[2]) + r"(\.|$)"))
        elif "*" in pattern:
            everywhere.append(re.compile("^" + _glob(pattern) + "$"))
        else:
            everywhere.append(re.compile(r"(^|\.)" + re.escape(pattern) + r"(\.|$)"))
    layers = {
        expert: {tail: frozenset(numbers) for tail, numbers in tails.items()}
        for expert, tails in by_layer.items()
    }
    return _Compiled(tuple(everywhere), tuple(whole), tuple(numbered), layers)
