"""Keys that no dialect asked for: harmless noise, or something that changes bytes or FLOPs.

The judgement goes by the key's name and value, because it must hold for configs nobody has seen:
a key that is off (null, false, 0, empty) or stands at its class default changes nothing beyond
what the dialect already does; names of sizes, counts, patterns and structural switches do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

from engine.errors import UnknownArchitecture
from engine.harmless import HARMLESS
from engine.keys import Keys, shown

_HARMLESS_PATTERN = re.compile(
    r"(_token_ids?|_token_index|_token_id_list|^eos_|^bos_|^pad_|^mm_use_|^mm_vision_select"
    r"|dropout|_pdrop|drop_path|_init_|initializer|^rope|^rotary|_rope|_theta|yarn|mscale"
    r"|_eps$|_epsilon$|_loss|jitter|^max_window_layers$|_lr$|^tune_|^freeze_|^unfreeze_"
    r"|softcap|multiplier|scaling_factor|temperature|_backend$|_commit|_path$|_kernels?$(?<!conv_kernel)"
    r"|^output_|checkpoint|_dtype$|num_logits|_in_fp32$|fp32|float8|template|special_token)"
)

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
            if not changes_work(name, value, keys.defaults):
                continue
            message = _message(keys, name, value, spellings)
            if not assume:
                raise UnknownArchitecture(
                    f"{message}; drop the key or pass --assume {keys.model_type} to read the "
                    "file without it"
                )
            warnings.append(message)
    return warnings


def changes_work(name: str, value: Any, defaults: Any) -> bool:
    """True when an unread key may change bytes or FLOPs."""
    if name in HARMLESS or name.startswith("_") or _HARMLESS_PATTERN.search(name):
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


def _message(keys: Keys, name: str, value: Any, spellings: list[str]) -> str:
    near = difflib.get_close_matches(name, spellings, 1, 0.6)
    hint = f", nearest known key {near[0]}" if near else ""
    return (
        f"{keys.source}: key {keys.path}{name} = {shown(value)} is not understood for "
        f"{keys.model_type} and may change bytes or FLOPs{hint}"
    )
