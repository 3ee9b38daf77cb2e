"""compressed-tensors (llm-compressor): groups of targets, and 2:4 sparsity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.formats import cache_format, described
from engine.model.quantisation.scheme import BF16, Rule, Scheme, sparse
from engine.model.quantisation.values import Config, names, one_of, problem, section, text

_LINEAR = frozenset({"Linear", "LinearBase", "MoEGMM"})
_CLASSES = {"Embedding": "embed_tokens"}


def read_compressed_tensors(found: Config) -> Scheme:
    """Groups of targets, each with weights and activations described by bits, type and strategy;
    modules in ``ignore`` are in no group (vllm-project/compressed-tensors, quant_config.py)."""
    sparsity = section(found, "sparsity_config")
    if "config_groups" not in found and not sparsity and found.get("kv_cache_scheme") is None:
        raise problem("quantization_config", sorted(found), "config_groups")
    weights, activations, rules = None, BF16, list[Rule]()
    groups = section(found, "config_groups")
    for name, group in groups.items():
        if not isinstance(group, Mapping):
            raise problem(f"quantization_config.config_groups.{name}", group, "a mapping")
        form = str(group.get("format") or found.get("format"))
        stored = described(section(group, "weights"), form)
        if "marlin-24" in form:
            stored = sparse(stored)
        by = _without_blocks(described(section(group, "input_activations"), form))
        targets = names(group.get("targets"))
        if not targets or _LINEAR & set(targets):
            weights, activations = stored, by
        others = tuple(_CLASSES.get(one, one) for one in targets if one not in _LINEAR)
        if others:
            rules.append(Rule(others, stored, by))
    ignored = names(found.get("ignore"))
    packed = any(
        "marlin-24" in str(group.get("format") or found.get("format")) for group in groups.values()
    )
    notes = (SPARSE,) if packed else ()
    scheme = Scheme(
        weights, activations, cache_format(found), ignored, tuple(rules), warnings=notes
    )
    return _sparse(scheme, sparsity)


SPARSE = (
    "weights are 2:4 sparse: half of them and a mask are counted; speed is that of dense weights "
    "(vLLM 0.33 has no sparse kernels any more and refuses such checkpoints)"
)
"""vLLM, quantization/compressed_tensors/compressed_tensors.py ``_parse_sparsity_config``."""


def _without_blocks(activations: NumberFormat) -> NumberFormat:
    """Activations by their plain format: scales of blocks and groups belong to weights."""
    return FORMATS[{"fp8_block": "fp8"}.get(activations.name, activations.name)]


_DENSE, _KEPT, _UNPACKED = "dense", "sparse-24-bitmask", "sparse-bitmask"


def _sparse(scheme: Scheme, sparsity: Config) -> Scheme:
    """2:4 sparsity of what ``targets`` name, held as half of the elements with a mask; the mask
    of no structure is unpacked when the weights are loaded, and ``dense`` files hold every
    element (vllm-project/compressed-tensors, config/base.py, config/sparse_24_bitmask.py; vLLM,
    compressed_tensors.py ``supports_cutlass_24``)."""
    form = text(sparsity, "format") or _DENSE
    if form == _DENSE:
        return scheme
    if form not in (_KEPT, _UNPACKED):
        place = "quantization_config.sparsity_config.format"
        raise one_of(place, form, (_DENSE, _KEPT, _UNPACKED))
    if form == _UNPACKED:
        note = "weights are sparse without structure in the file and count as dense in memory"
        return replace(scheme, warnings=(note,))
    weights, targets = scheme.weights or BF16, names(sparsity.get("targets"))
    dense = names(sparsity.get("ignore"))
    note = SPARSE
    if not _LINEAR & set(targets):
        rule = Rule(targets, sparse(weights), scheme.activations)
        return replace(scheme, rules=(*scheme.rules, rule), warnings=(note,))
    rules = [replace(one, weights=one.weights and sparse(one.weights)) for one in scheme.rules]
    if dense:
        rules.insert(0, Rule(dense, scheme.weights, scheme.activations))
    return replace(scheme, weights=sparse(weights), rules=tuple(rules), warnings=(note,))
