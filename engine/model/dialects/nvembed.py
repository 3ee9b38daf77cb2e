"""NV-Embed: Mistral's layers without a mask, and a latent-attention layer that pools
(arXiv:2405.17428; modeling_nvembed.py of nvidia/NV-Embed-v2)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.classes import pooling
from engine.model.dialects.index import reader_for
from engine.model.dialects.nesting import text_keys
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """It embeds and has no head. Tokens look at trained latents, which a gated feed-forward part
    with biases follows; the scores over the latents, below 1 % of the work, are left out."""
    keys.ignore("add_eos", "add_pad_token", "is_mask_instruction", "mask_type", "padding_side")
    keys.ignore("hidden_size")
    inner = text_keys(keys, "mistral")
    inner.model_type = "mistral"
    reader = reader_for("mistral")
    assert reader is not None
    text = reader(inner)
    pool = keys.scope("latent_attention_config") or keys
    hidden = pool.integer("hidden_dim", default=text.hidden_size)
    latent = pool.integer("latent_dim", default=hidden)
    heads = pool.integer("num_cross_heads", default=8, maximum=1024)
    wide = heads * pool.integer("cross_dim_head", default=hidden)
    latents = pool.integer("num_latents_value", default=512)
    middle = latent * pool.integer("mult", default=4, maximum=64)
    pool.ignore("output_normalize", "torch_dtype")
    role = Role.OTHER
    matrices = (
        Matrix("latent_attention.to_q", latent, wide, role),
        Matrix("latent_attention.to_kv", hidden, 2 * wide, role),
        Matrix("latent_attention.to_out", wide, latent, role),
        Matrix("latent_attention.mlp.0", latent, 2 * middle, role, bias=True),
        Matrix("latent_attention.mlp.2", middle, latent, role, bias=True),
    )
    *others, last = text.layers
    norms = 2 * (2 * latent + hidden)
    block = replace(
        last.block,
        matrices=(*last.block.matrices, *matrices),
        other_parameters=last.block.other_parameters + latents * latent + norms,
    )
    rest = [replace(last, count=last.count - 1)] if last.count > 1 else []
    found = replace(text, layers=(*others, *rest, replace(last, block=block, count=1)))
    warning = say(
        "{name} has no LM head: it generates no tokens and is planned as an encoder, one pass "
        "over each sequence; --task generate plans it with an LM head",
        name="NVEmbedModel",
    )
    return replace(pooling(found), warnings=(*found.warnings, warning))
