"""Keys that no dialect asked for: harmless noise, or something that changes bytes or FLOPs.

The judgement goes by the key's name and value, because it must hold for configs nobody has seen:
a key that is off (null, false, 0, empty) or stands at its class default changes nothing beyond
what the dialect already does; names of sizes, counts, patterns and structural switches do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from engine.model.dialects.decoder import HEAD_DIM, HEADS, HIDDEN, KV_HEADS, LAYERS, WIDTH
from engine.model.dialects.mixture import COUNT, SHARED, TOP_K
from engine.model.harmless import HARMLESS
from engine.model.keys import Keys, shown
from engine.words.errors import UnknownArchitecture
from engine.words.messages import say
from engine.words.text import closest

_HARMLESS_PATTERN = re.compile(
    r"(_token_ids?|_token_index|_token_id_list|^eos_|^bos_|^pad_|^mm_use_|^mm_vision_select"
    r"|dropout|_pdrop|drop_path|_init_|initializer|^rope|^rotary|_rope|_theta|yarn|mscale"
    r"|_eps$|_epsilon$|_loss|jitter|^max_window_layers$|_lr$|^tune_|^freeze_|^unfreeze_"
    r"|softcap|multiplier|scaling_factor|temperature|_backend$|_commit|_path$|_kernels?$(?<!conv_kernel)"
    r"|^output_|checkpoint|_dtype$|num_logits|_in_fp32$|fp32|float8|template|special_token"
    r"|flash|rotary|xavier|(?<!attention_)chunk_size$|^task_|_token_mask$|tokenizer|_id2label"
    r"|(^|_)batch(_|$)|^vit_|^anyres_|generation|capacity|_seed$|_std$)"
)

_PICTURES = re.compile(
    r"^(?!.*(hidden|layers|_dim$|heads|experts|config|_width))"
    r".*(image|video|pixel|tiles?($|_)|thumbnail|frames?($|_)|resolution)"
)
"""How pictures are cut up before the model sees them."""

_STRUCTURAL = re.compile(
    r"(^num_|^n_|^d_|_dims?$|^dim_?|_sizes?$|_rank|width|_heads?($|_)|layers?($|_)|expert|moe"
    r"|window|pattern|_freq$|_interval$|_period$|_offset$|_ratios?$|kernel|_state|_groups?$"
    r"|channels|bias|qk_norm|query_norm|key_norm|gate|gating|shared|share_|sparse|_mla|^mla|conv"
    r"|hybrid|block|adapter|latent|index|compress|parallel_attn|_blocks?$|depth|vision|audio"
    r"|tower|hash|engram|mtp|nextn|speculat|sink|multi_query|alibi|mixer|mamba|ssm|recurrent|_config$|_cfg$)"
)
_STRUCTURAL_TEXT = re.compile(r"(pattern|layer_type|block_type|layers_type|gating|mixer)")
_STRUCTURAL_SWITCH = re.compile(r"^(use|enable|with|has|is|add|apply|tie|share|do)_")


def check_unread(opened: Iterable[Keys], known: Iterable[str], assume: bool) -> list[str]:
    """Raise for the first key that looks structural and was not read.

    With ``assume`` (the reader chose the dialect by hand) such keys become warnings, which are
    returned. ``known`` are the spellings that dialects asked for, to suggest the nearest.
    """
    warnings = []
    spellings = sorted(known)
    for keys in opened:
        for name, value in keys.unread():
            if not changes_work(name, value, keys.defaults) or restates(keys, name, value):
                continue
            if _is_left_over(keys, name, value):
                keys.left_over.append(f"{keys.path}{name} = {shown(value)}")
                continue
            message = _message(keys, name, value, spellings)
            if not assume:
                raise UnknownArchitecture(
                    say("{message}; {advice}", message=message, advice=_advice(keys))
                )
            warnings.append(message)
    return warnings


def left_over(opened: Iterable[Keys]) -> list[str]:
    """One note on the keys that were passed over because no class of the model looks at them."""
    names = [text for keys in opened for text in keys.left_over]
    if not names:
        return []
    return [
        say("passed over, as the model's class does not read it: {names}", names=", ".join(names))
    ]


_OF_ENCODERS = frozenset({"type_vocab_size", "type_sequence_label_size", "max_relative_positions"})
"""Keys of BERT's kin, which test suites and converters leave in configs of decoders."""
_EVERY_LAYER = re.compile(r"^(moe|expert|sparse)\w*_(freq|frequency|interval|step|period)$")


def _is_left_over(keys: Keys, name: str, value: Any) -> bool:
    """True for a key that nothing of this model looks at.

    Decoders have no segments; experts in every layer are what a mixture has anyway; and the class
    of a tower, when it is a published one, builds from its own keys alone.
    """
    if name in _OF_ENCODERS:
        return True
    if value == 1 and value is not True and _EVERY_LAYER.match(name):
        return any(isinstance(keys.values.get(count), int) for count in COUNT)
    return keys.tower and bool(keys.defaults) and name not in keys.defaults


def _advice(keys: Keys) -> str:
    if keys.path:
        return say("drop the key to read the file without it")
    return say(
        "drop the key or pass --assume {model_type} to read the file without it",
        model_type=keys.model_type,
    )


def changes_work(name: str, value: Any, defaults: Any) -> bool:
    """True when an unread key may change bytes or FLOPs."""
    if name in HARMLESS or name.startswith("_") or _HARMLESS_PATTERN.search(name):
        return False
    if _PICTURES.search(name):
        return False
    if value is None or value is False or value == 0 or value in ("", [], {}):
        return False
    if name in defaults and defaults[name] == value:
        return False
    if isinstance(value, dict):
        return name.endswith(("config", "cfg", "configs")) or any(
            changes_work(str(inner), part, {}) for inner, part in value.items()
        )
    if isinstance(value, str):
        return bool(_STRUCTURAL_TEXT.search(name))
    if value is True:
        return bool(_STRUCTURAL.search(name) or _STRUCTURAL_SWITCH.search(name))
    return bool(_STRUCTURAL.search(name))


_SAME = (
    HIDDEN,
    LAYERS,
    HEADS,
    (*KV_HEADS, "num_query_groups", "multi_query_group_num"),
    (*HEAD_DIM, "d_head", "hidden_size_per_head", "hidden_size_per_attention_head"),
    (*WIDTH, "ffn_dim", "mlp_hidden_size", "inner_hidden_size"),
    (*COUNT, "n_experts"),
    TOP_K,
    SHARED,
)
"""Spellings of one quantity."""


def restates(keys: Keys, name: str, value: Any) -> bool:
    """True when an unread key only repeats a value that was read, under another spelling.

    A head width that is the hidden size over the heads counts, and so does a window that
    ``use_sliding_window`` turns off.
    """
    if name in ("sliding_window", "sliding_window_size", "max_window_layers"):
        return keys.values.get("use_sliding_window") is False
    for spellings in _SAME:
        if name not in spellings:
            continue
        for other in spellings:
            if other in keys.read and other != name and keys.values.get(other) == value:
                return True
    if name in HEAD_DIM and isinstance(value, int):
        given = [keys.values.get(one) for names in (HIDDEN, HEADS) for one in names]
        sizes = [size for size in given if isinstance(size, int) and not isinstance(size, bool)]
        return any(size == value * heads for size in sizes for heads in sizes if size > heads)
    return False


def _message(keys: Keys, name: str, value: Any, spellings: list[str]) -> str:
    near = closest(name, spellings, 1, 0.6)
    hint = say(", nearest known key {near}", near=near[0]) if near else ""
    return say(
        "{source}: key {key} = {value} is not understood for {model_type} and may change bytes or "
        "FLOPs{hint}",
        source=keys.source,
        key=f"{keys.path}{name}",
        value=shown(value),
        model_type=keys.model_type,
        hint=hint,
    )
