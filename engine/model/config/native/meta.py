"""Meta's ``params.json`` (meta-llama/llama-models, llama3/args.py and llama3/model.py)."""

from __future__ import annotations

from typing import Any

from engine.model.config.native.translated import Translated, renamed, unknown, whole

META = frozenset({"dim", "n_layers", "n_heads", "norm_eps"})
"""Keys by which such a file is known, where it is none of the others'."""

_NAMES = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "norm_eps": "rms_norm_eps",
    "max_seq_len": "max_position_embeddings",
}
_OF_TOKENIZER = 32000
"""The vocabulary of Llama 1 and 2, whose files leave it to the tokenizer with -1."""
_SHARED_BELOW = 4096
"""Llama 3.2's text models, all below this width, share embeddings and LM head
(meta-llama/Llama-3.2-1B and -3B, config.json ``tie_word_embeddings``)."""


def from_meta(values: dict[str, Any]) -> Translated:
    """Llama's decoder. The feed-forward's width is two thirds of four times the model's, times
    ``ffn_dim_multiplier``, up to the next ``multiple_of``."""
    given = dict(values)
    if given.get("quantization_args"):
        raise unknown("quantization_args", given["quantization_args"], "none: name the config.json")
    multiple, multiplier = given.pop("multiple_of", 256), given.pop("ffn_dim_multiplier", None)
    config = renamed(given, _NAMES)
    width = int(8 * whole(values, "dim") / 3)
    if multiplier is not None:
        if isinstance(multiplier, bool) or not isinstance(multiplier, int | float):
            raise unknown("ffn_dim_multiplier", multiplier, "a number")
        width = int(multiplier * width)
    step = whole({"multiple_of": multiple}, "multiple_of")
    config["intermediate_size"] = -(-width // step) * step
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    if given.get("vocab_size", -1) == -1:
        config["vocab_size"] = _OF_TOKENIZER
    scaled = given.get("use_scaled_rope") is True
    config["tie_word_embeddings"] = scaled and whole(values, "dim") < _SHARED_BELOW
    config |= {"model_type": "llama", "torch_dtype": "bfloat16"}
    return Translated(config, f"read from Meta's params.json, in transformers' words{_also(given)}")


def _also(given: dict[str, Any]) -> str:
    absent = given.get("vocab_size", -1) == -1
    return f"; its tokenizer's {_OF_TOKENIZER:,} entries are assumed" if absent else ""
