"""Which modules a list of names, globs and regular expressions means."""

from __future__ import annotations

import re
from functools import lru_cache

_LAYER = re.compile(r"layers\.(\d+|\*)(?:\.|(?=\*)|$)(.*)$", re.ASCII)
_SYNONYMS = (("self_attn", "attn"), ("mlp", "ffn"), ("mlp", "block_sparse_moe"), ("mlp", "mixer"))
_LAST = {
    "gate_proj": ("w1", "gate_up_proj"),
    "up_proj": ("w3", "gate_up_proj"),
    "down_proj": ("w2",),
    "q_proj": ("qkv_proj", "query_key_value"),
    "k_proj": ("qkv_proj", "query_key_value"),
    "v_proj": ("qkv_proj", "query_key_value"),
    "q_b_proj": ("wq_b",),
    "o_a_proj": ("wo_a",),
    "o_b_proj": ("wo_b",),
}
"""Other names of the last part of a path: Mixtral's experts, projections held as one, and
DeepSeek's own names."""
_WHOLE = {
    "self_attn.q_a_proj": ("self_attn.wq_a", "self_attn.fused_wqa_wkv"),
    "self_attn.kv_proj": ("self_attn.wkv", "self_attn.fused_wqa_wkv"),
    "self_attn.kv_a_proj_with_mqa": ("self_attn.wkv_a", "self_attn.fused_qkv_a_proj"),
    "self_attn.kv_b_proj": ("self_attn.wkv_b",),
}
"""Other names of single modules."""
_ELSEWHERE = re.compile(r"visual|vision|vit_|audio|speech|image|(^|\.)mtp|nextn|draft")
"""Parts of a model whose layers are not the text model's: towers and prediction layers."""
_LONGEST_PATTERN = 300


def coverage(patterns: tuple[str, ...], name: str, layers: int, total: int = 0) -> float:
    """The share of the ``layers`` that hold module ``name`` (inside its layer) in which it is
    meant, in a model of ``total`` layers.

    Lists may name layers that have no such module (the dense ones among expert layers, or the
    prediction layer after the last); as many as there are of those do not count.
    """
    total = max(total, layers)
    everywhere, by_layer = _compiled(patterns)
    paths = _paths(name)
    if any(pattern.search(path) for pattern in everywhere for path in paths):
        return 1.0
    tails = [path.split("layers.0.", 1)[-1] for path in paths]
    hit = {
        layer
        for tail, numbers in by_layer.items()
        for layer in numbers
        if layer < total and any(_tail_matches(tail, one) for one in tails)
    }
    if len(hit) >= layers:
        return 1.0
    return 0.0 if len(hit) <= total - layers else len(hit) / layers


def _paths(name: str) -> list[str]:
    """Full paths under which checkpoints may know a module of a layer."""
    names = [name, *_WHOLE.get(name, ())]
    for ours, theirs in _SYNONYMS:
        names += [one.replace(ours, theirs, 1) for one in list(names) if one.startswith(f"{ours}.")]
    names += [
        f"{one.rsplit('.', 1)[0]}.{other}"
        for one in list(names)
        for other in _LAST.get(one.rsplit(".", 1)[-1], ())
        if "." in one
    ]
    names += [one.replace("experts.", "experts.0.", 1) for one in names if "experts." in one]
    if name == "lm_head":
        return ["lm_head", "language_model.lm_head", "head"]
    return [f"model.layers.0.{one}" for one in names]


def _tail_matches(pattern: str, tail: str) -> bool:
    if not pattern or pattern == "*":
        return True
    if "*" in pattern:
        return re.match(_glob(pattern) + r"(\.|$)", tail) is not None
    plain = re.sub(r"experts\.\d+", "experts.0", pattern)
    return tail == plain or tail.startswith(plain + ".")


def _glob(pattern: str) -> str:
    return ".*".join(re.escape(part) for part in pattern.split("*"))


@lru_cache(maxsize=64)
def _compiled(
    patterns: tuple[str, ...],
) -> tuple[tuple[re.Pattern[str], ...], dict[str, frozenset[int]]]:
    """Patterns that hold in every layer, and tails with the layers that they name."""
    everywhere: list[re.Pattern[str]] = []
    by_layer: dict[str, set[int]] = {}
    for pattern in patterns:
        if len(pattern) > _LONGEST_PATTERN:
            continue
        if pattern.startswith("re:"):
            everywhere += _safe_pattern(pattern[3:])
            continue
        found = _LAYER.search(pattern)
        if found and _ELSEWHERE.search(pattern[: found.start()]):
            continue
        if found and found[1] != "*":
            by_layer.setdefault(found[2], set()).add(int(found[1]))
        elif found:
            everywhere.append(re.compile(r"layers\.0\." + _glob(found[2]) + r"(\.|$)"))
        elif "*" in pattern:
            everywhere.append(re.compile("^" + _glob(pattern) + "$"))
        else:
            everywhere.append(re.compile(r"(^|\.)" + re.escape(pattern) + r"(\.|$)"))
    return tuple(everywhere), {tail: frozenset(numbers) for tail, numbers in by_layer.items()}


def _safe_pattern(text: str) -> list[re.Pattern[str]]:
    """A regular expression from a file: repeated groups could take for ever, so those that nest
    repetition are not used."""
    if re.search(r"[*+}]\)?[*+{]", text):
        return []
    try:
        return [re.compile(text)]
    except re.error:
        return []
