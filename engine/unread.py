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
from engine.keys import Keys, shown

HARMLESS = frozenset(
    ["model_type", "architectures", "auto_map", "transformers_version", "torch_dtype", "dtype", "_name_or_path", "name_or_path", "_commit_hash", "attn_implementation", "_attn_implementation", "use_cache", "version", "_attn_implementation_autoset", "_from_model_config", "template", "onnx_safe", "bf16", "fp16", "fp32", "quantization_config", "quantization", "compression_config", "hidden_act", "hidden_activation", "activation_function", "activation", "mlp_hidden_act", "max_position_embeddings", "model_max_length", "max_length", "min_length", "max_sequence_length", "max_seq_len", "seq_length", "n_ctx", "n_positions", "original_max_position_embeddings", "max_tokenizer_truncation", "context_length", "pretraining_tp", "tensor_parallel_size", "ep_size", "tp_size", "pp_size", "initializer_range", "init_std", "initializer_factor", "init_method", "w_init_variance_scale", "final_w_init_variance_scale", "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "norm_eps", "norm_epsilon", "chunk_size_feed_forward", "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params", "tokenizer_class", "prefix", "language", "return_dict", "torchscript", "is_decoder", "is_encoder_decoder", "add_cross_attention", "tie_encoder_decoder", "pruned_heads", "tf_legacy_loss", "use_bfloat16", "do_sample", "num_beams", "num_beam_groups", "num_return_sequences", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "diversity_penalty", "early_stopping", "remove_invalid_values", "output_scores", "output_attentions", "output_hidden_states", "return_dict_in_generate", "bad_words_ids", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "sep_token_id", "use_flash_attn", "flash_attn", "flash_rotary", "use_flash_attention", "use_sdpa", "fused_dense", "fused_mlp", "fused_bias_fc", "use_mem_eff_path", "use_mamba_kernels", "gradient_checkpointing", "output_router_logits", "router_aux_loss_coef", "router_z_loss_coef", "aux_loss_alpha", "seq_aux", "aux_loss_coef", "z_loss_coefficient", "z_loss_weight", "aux_loss_weight", "router_jitter_noise", "input_jitter_noise", "num_logits_to_keep", "scale_attn_weights", "is_causal", "causal_attn", "scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "attention_softmax_in_fp32", "apply_query_key_layer_scaling", "fp32_residual_connection", "bias_dropout_fusion", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj", "cache_implementation", "layerdrop", "unsloth_version", "_unpadded_vocab_size", "unpadded_vocab_size", "use_dynamic_ntk", "use_logn_attn", "logn_list", "rotary", "rope_type", "final_logit_softcapping", "attn_logit_softcapping", "logits_soft_cap", "query_pre_attn_scalar", "logit_scale", "logits_scaling", "attention_multiplier", "residual_multiplier", "embedding_multiplier", "scoring_func", "routed_scaling_factor", "norm_topk_prob", "topk_method", "moe_renormalize", "ignore_index", "is_llama_config", "transformers.js_config", "params_dtype"]
)
"""Names that change neither parameters, nor cache, nor FLOPs, in any family."""

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
