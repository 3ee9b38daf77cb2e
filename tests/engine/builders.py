"""Small hand-made models and chips whose figures can be worked out on paper."""

from __future__ import annotations

from engine.hardware.chip import Chip, Collective, KernelConstants, Link, Provenance
from engine.hardware.framework import Framework
from engine.hardware.launch_table import LaunchTemplate
from engine.hardware.parts.builds import Builds
from engine.hardware.parts.capabilities import Capabilities
from engine.hardware.parts.costs import Costs
from engine.hardware.parts.drafting import Drafting
from engine.hardware.parts.memory import CachePolicy, MemoryPolicy, WeightPolicy
from engine.hardware.parts.scheduler import PrefillPasses, Scheduler
from engine.model.architecture import Architecture
from engine.model.blocks import Block, Experts, LayerGroup
from engine.model.cores import AttentionCore, LatentCore
from engine.model.matrices import Matrix, Role, Split
from engine.model.precision import FORMATS, Precision

BF16 = Precision(FORMATS["bf16"], FORMATS["bf16"], FORMATS["bf16"])
FP8 = Precision(FORMATS["fp8"], FORMATS["fp8"], FORMATS["fp8"])


def kernels(
    compute: float = 1.0, memory: float = 1.0, floor_seconds: float = 0.0, order: float = 2.0
) -> dict[str, KernelConstants]:
    constants = KernelConstants(compute, memory, floor_seconds, order)
    families = (
        "gemm",
        "grouped_gemm",
        "batched_gemm",
        "prefill_attention",
        "decode_attention",
        "mla_prefill",
        "mla_decode",
        "sparse_index",
        "scan",
        "elementwise",
    )
    return {f"{family}.bf16": constants for family in families}


def chip(
    peak: float = 1e15,
    bandwidth: float = 1e12,
    memory_bytes: int = 80 << 30,
    node: int = 8,
    **constants: float,
) -> Chip:
    """A chip of 1 PFLOP/s and 1 TB/s with ideal kernels unless told otherwise."""
    collective = Collective(1e-5, 100e9)
    return Chip(
        id="toy",
        name="Toy",
        vendor="nobody",
        generation="toy",
        memory_bytes=memory_bytes,
        bandwidth_bytes=bandwidth,
        peak_flops={"bf16": peak, "fp8": 2 * peak, "fp32": peak / 10},
        cache_bytes=0,
        core_count=100,
        scale_up=Link("fabric", 200e9, node),
        scale_out=Link("network", 50e9, 1024),
        kernels=kernels(**constants),
        all_reduce={2: collective, 4: collective, 8: collective},
        all_to_all={2: collective, 4: collective, 8: collective},
        provenance=Provenance.DATASHEET,
    )


def framework(**changes: object) -> Framework:
    """A runtime that costs nothing, with other values of some constants."""
    ideal = Framework(
        id="ideal",
        name="Ideal",
        version="1",
        costs=Costs(step_seconds=0.0),
        scheduler=Scheduler(
            prefill_tokens=2048, max_sequences=1024, prefill_passes=PrefillPasses.SHARED
        ),
        memory=MemoryPolicy(memory_fraction=1.0, reserve_bytes=0.0),
        cache=CachePolicy(),
        storage=WeightPolicy(),
        capabilities=Capabilities(),
        builds=Builds(),
        drafting=Drafting(),
        provenance=Provenance.DATASHEET,
        sources=(),
        launch=LaunchTemplate("serve {model}"),
        kernels={},
    )
    return ideal.changed(**changes)


def attention_matrices(hidden: int, heads: int, kv_heads: int, width: int) -> tuple[Matrix, ...]:
    queries, keys = heads * width, kv_heads * width
    role = Role.ATTENTION
    return (
        Matrix("self_attn.q_proj", hidden, queries, role, Split.COLUMN, "qkv"),
        Matrix("self_attn.k_proj", hidden, keys, role, Split.KV, "qkv", heads=kv_heads),
        Matrix("self_attn.v_proj", hidden, keys, role, Split.KV, "qkv", heads=kv_heads),
        Matrix("self_attn.o_proj", queries, hidden, Role.ATTENTION_OUTPUT, Split.ROW, "o"),
    )


def mlp_matrices(hidden: int, inner: int, role: Role = Role.DENSE_MLP) -> tuple[Matrix, ...]:
    path = "mlp.experts" if role is Role.ROUTED_EXPERT else "mlp"
    return (
        Matrix(f"{path}.gate_proj", hidden, inner, role, Split.COLUMN, "gate_up"),
        Matrix(f"{path}.up_proj", hidden, inner, role, Split.COLUMN, "gate_up"),
        Matrix(f"{path}.down_proj", inner, hidden, role, Split.ROW, "down"),
    )


def dense(
    layers: int = 2,
    hidden: int = 1024,
    heads: int = 8,
    kv_heads: int = 2,
    window: int | None = None,
) -> Architecture:
    """A Llama-shaped model: width 128 heads, an MLP four times as wide, 1000 words."""
    width = 128
    block = Block(
        kind="dense",
        matrices=attention_matrices(hidden, heads, kv_heads, width)
        + mlp_matrices(hidden, 4 * hidden),
        cores=(AttentionCore(heads, kv_heads, width, width, window),),
        other_parameters=2 * hidden,
    )
    return _model("toy-dense", hidden, (LayerGroup(block, layers),))


def mixture(layers: int = 2, hidden: int = 1024, experts: int = 8, top_k: int = 2) -> Architecture:
    """The same attention with routed experts of width 512."""
    bank = Experts(
        count=experts,
        top_k=top_k,
        matrices=mlp_matrices(hidden, 512, Role.ROUTED_EXPERT),
        router=Matrix("mlp.gate", hidden, experts, Role.ROUTER, Split.REPLICATED),
    )
    block = Block(
        kind="moe",
        matrices=attention_matrices(hidden, 8, 2, 128),
        cores=(AttentionCore(8, 2, 128, 128),),
        experts=bank,
        other_parameters=2 * hidden,
    )
    return _model("toy-moe", hidden, (LayerGroup(block, layers),))


def latent(layers: int = 2, hidden: int = 1024, heads: int = 16) -> Architecture:
    """Latent attention with DeepSeek's proportions and a dense MLP."""
    role = Role.ATTENTION
    block = Block(
        kind="mla",
        matrices=(
            Matrix("self_attn.q_proj", hidden, heads * 192, role, Split.COLUMN),
            Matrix("self_attn.kv_a_proj", hidden, 576, role, Split.REPLICATED),
            Matrix("self_attn.kv_b_proj", 512, heads * 256, role, Split.COLUMN, batched=True),
            Matrix("self_attn.o_proj", heads * 128, hidden, Role.ATTENTION_OUTPUT, Split.ROW),
            *mlp_matrices(hidden, 4 * hidden),
        ),
        cores=(LatentCore(heads, 512, 128, 64, 128),),
    )
    return _model("toy-mla", hidden, (LayerGroup(block, layers),))


def _model(name: str, hidden: int, layers: tuple[LayerGroup, ...]) -> Architecture:
    return Architecture(
        name=name,
        model_type="toy",
        hidden_size=hidden,
        vocabulary_size=1000,
        layers=layers,
        embedding_parameters=1000 * hidden,
        lm_head=Matrix("lm_head", hidden, 1000, Role.LM_HEAD, Split.COLUMN),
        tied_embeddings=False,
        other_parameters=hidden,
    )
