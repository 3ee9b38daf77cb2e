"""xLSTM: matrix-memory cells (arXiv:2405.04517) with a gated feed-forward part in every layer."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.cores import StateCore
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.parts import Mixer, dense, layer
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """Widths of queries, values and feed-forward are factors of the hidden size, rounded up."""
    keys.agree("hidden_size", "embedding_dim")
    keys.agree("num_blocks", "num_hidden_layers")
    hidden = keys.integer("hidden_size", "embedding_dim", required=True, maximum=1_000_000)
    layers = keys.integer("num_hidden_layers", "num_blocks", required=True, maximum=MAXIMUM_LAYERS)
    multiple = keys.integer("ffn_round_up_to_multiple_of", default=64)
    keys.ignore("step_kernel", "sequence_kernel", "chunkwise_kernel", "gate_soft_cap", "mode")
    keys.ignore("mlstm_round_up_to_multiple_of", "max_inference_chunksize", "add_qk_norm")
    keys.ignore("weight_mode", "return_last_states", "norm_reduction_force_float32")
    factor = keys.number("ffn_proj_factor", default=2.667)
    width = -(-int(factor * hidden) // multiple) * multiple
    bias = keys.flag("use_bias", default=False)
    block = layer(
        _cell(keys, hidden, bias),
        dense(hidden, width, bias=bias, name="ffn"),
        norm_parameters=2 * hidden * (2 if bias else 1),
    )
    normed = keys.flag("add_out_norm", default=True)
    return assemble(
        keys,
        hidden,
        keys.integer("vocab_size", required=True),
        [block] * layers,
        Traits(final_norm=normed),
    )


def _cell(keys: Keys, hidden: int, bias: bool) -> Mixer:
    heads = keys.integer("num_heads", required=True, maximum=100_000)
    key = int(hidden * keys.number("qk_dim_factor", default=0.5))
    value = int(hidden * keys.number("v_dim_factor", default=1.0))
    if not 0 < key <= 10 * hidden or not 0 < value <= 10 * hidden or key % heads or value % heads:
        raise keys.problem(
            "num_heads", heads, say("a divisor of {number} and of {other}", number=key, other=value)
        )
    name, role = "mlstm_layer", Role.MIXER

    def column(part: str, outputs: int, biased: bool = bias) -> Matrix:
        return Matrix(f"{name}.{part}", hidden, outputs, role, kernel="mlstm_in", bias=biased)

    state = heads * (key // heads) * (value // heads)
    core = StateCore("mlstm", heads, state + key + heads, 0, 7 * state)
    matrices = (
        column("q", key),
        column("k", key),
        column("v", value),
        column("ogate_preact", value),
        column("igate_preact", heads, True),
        column("fgate_preact", heads, True),
        Matrix(f"{name}.out_proj", value, hidden, role, Split.ROW, bias=bias),
    )
    return Mixer("mlstm", matrices, (core,), value)
