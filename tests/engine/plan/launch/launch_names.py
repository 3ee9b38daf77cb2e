"""What engines call the figures of a prediction, for tests."""

from __future__ import annotations

from collections.abc import Mapping

KINDS = {
    "tensor": ("tensor", "ranks"),
    "pipeline": ("pipeline", "pipeline"),
    "data": ("data", "data"),
    "expert": ("expert", "expert"),
    "sequences": ("rank sequences", "all sequences"),
    "context": ("context", "context"),
    "budget": ("rank budget", "all budget"),
    "memory": ("memory", "memory"),
}
"""Figures of a prediction, of one attention rank and of all."""
EVERY_RANK: Mapping[str, tuple[str, ...]] = {
    "vllm": (),
    "sglang": ("tensor", "sequences", "budget"),
    "trtllm": ("tensor",),
    "lmdeploy": ("sequences",),
    "atom": (),
    "deepspeed": (),
}
"""What engines count over all attention ranks."""
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "vllm": {
        "tensor": "--tensor-parallel-size",
        "pipeline": "--pipeline-parallel-size",
        "data": "--data-parallel-size",
        "sequences": "--max-num-seqs",
        "context": "--max-model-len",
        "budget": "--max-num-batched-tokens",
        "memory": "--gpu-memory-utilization",
    },
    "sglang": {
        "tensor": "--tp-size",
        "pipeline": "--pp-size",
        "data": "--attn-dp-size",
        "expert": "--ep-size",
        "sequences": "--max-running-requests",
        "context": "--context-length",
        "budget": "--chunked-prefill-size",
        "memory": "--mem-fraction-static",
    },
    "trtllm": {
        "tensor": "--tensor_parallel_size",
        "pipeline": "--pipeline_parallel_size",
        "expert": "--moe_expert_parallel_size",
        "sequences": "--max_batch_size",
        "context": "--max_seq_len",
        "budget": "--max_num_tokens",
        "memory": "--free_gpu_memory_fraction",
    },
    "lmdeploy": {
        "tensor": "--tp",
        "data": "--dp",
        "expert": "--ep",
        "sequences": "--max-batch-size",
        "context": "--session-len",
        "budget": "--max-prefill-token-num",
        "memory": "--cache-max-entry-count",
    },
    "atom": {
        "tensor": "--tensor-parallel-size",
        "pipeline": "--pipeline-parallel-size",
        "data": "--data-parallel-size",
        "sequences": "--max-num-seqs",
        "context": "--max-model-len",
        "budget": "--max-num-batched-tokens",
        "memory": "--gpu-memory-utilization",
    },
    "deepspeed": {"tensor": "--tensor-parallel", "context": "--max-length"},
}
"""What engines call them."""
FIELDS = {"budget": "prefill_tokens", "memory": "memory_fraction"}
GAPS = {
    "tensor": "tensor parallelism",
    "pipeline": "pipeline parallelism",
    "data": "attention-data parallelism",
    "expert": "expert parallelism",
    "sequences": "sequences of one",
    "context": "context of",
    "budget": "prompt tokens in one pass",
    "memory": "memory share",
}
ROUTERS = {
    "vllm": "vllm-router",
    "vllm-ascend": "vllm-router",
    "sglang": "sglang-router",
    "sglang-interval": "sglang-router",
    "sglang-interval-10": "sglang-router",
    "sglang-flashmla": "sglang-router",
    "trtllm": "nginx",
    "lmdeploy": "lmdeploy-router",
    "atom": "atom-router",
    "mindie": "nginx",
}
POOL_ROUTERS = ROUTERS | {"vllm-ascend": "vllm-ascend-router", "trtllm": "trtllm-router"}
"""Whose options what stands in front of replicas, and of pools, is held against."""
FILES = {
    "trtllm.yaml": "trtllm-file",
    "disaggregated.yaml": "trtllm-router-file",
    "config.json": "mindie-file",
}
"""Of which recorded keys files are, by the ends of their names."""
