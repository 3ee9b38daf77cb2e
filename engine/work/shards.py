"""How small a rank's part of a matrix may be: what engines refuse, by the format of its kernel.

Numbers are scaled in groups or blocks, and a rank needs whole ones; kernels that pad their input
(MXFP4 experts) need nothing. Block-scaled FP8 is each engine's own rule (``shard_multiple`` of its
profile): vLLM, SGLang and ATOM refuse parts that are no multiple of a block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.model.matrices import Matrix, Split
from engine.work.tokens.inventory import Inventory

ALIGNED = 16
"""Elements: 16 bytes of FP8, below which no matrix unit reads (cuBLASLt, torch._scaled_mm)."""
MULTIPLES: Mapping[str, float] = {
    "nvfp4": 16,
    "mxfp8": 32,
    "int4": 32,
    "mxfp4": 1,
}
"""What is the same for all engines, by format: groups of one scale (OCP microscaling formats 1.0;
NVFP4), the smallest group that GPTQ and AWQ kernels of experts take (vLLM's moe_wna16); MXFP4
experts are padded, never refused."""


@dataclass(frozen=True, slots=True)
class Part:
    """``elements`` along which something is divided, ``name`` says of what; a rank's part has to
    be a whole multiple."""

    name: str
    elements: int
    multiple: float
    format: str

    def why_not(self, ranks: int) -> str:
        """Why it cannot be divided into so many; empty where it can."""
        if ranks == 1:
            return ""
        part = self.elements / ranks
        if part % self.multiple == 0:
            return ""
        return (
            f"found {part:g} of {self.elements:,} elements of {self.name} on a rank, expected a "
            f"multiple of {self.multiple:g} ({self.format})"
        )


@dataclass(frozen=True, slots=True)
class Shards:
    """What tensor parallelism and the splitting of experts divide."""

    dense: tuple[Part, ...] = ()
    experts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, inventory: Inventory, own: Mapping[str, float]) -> Shards:
        """Of a model's kernels; ``own`` are the engine's multiples by format."""
        experts = (
            _part("an expert's width", bank.experts.matrices[-1].inputs, bank.kernel, own)
            for bank in inventory.banks
        )
        dense = (
            _part(matrix.name, _divided(matrix), gemm.kernel, own)
            for gemm in inventory.gemms
            if _format(gemm.kernel) in own
            for matrix in gemm.parts
            if matrix.split in {Split.COLUMN, Split.ROW}
            and not matrix.batched
            # What is no whole number of blocks to begin with is left out of the quantisation.
            and _divided(matrix) % own[_format(gemm.kernel)] == 0
        )
        return cls(tuple(dict.fromkeys(dense)), tuple(dict.fromkeys(experts)))

    def why_not_tensor(self, tensor: int) -> str:
        """Why so many ranks cannot divide the dense matrices; empty where they can."""
        return next(_reasons(self.dense, tensor), "")

    def why_not_experts(self, ways: int) -> str:
        """Why experts cannot be split so many ways; empty where they can."""
        return next(_reasons(self.experts, ways), "")


def _reasons(parts: tuple[Part, ...], ranks: int) -> Iterator[str]:
    return (reason for part in parts if (reason := part.why_not(ranks)))


def _divided(matrix: Matrix) -> int:
    return matrix.inputs if matrix.split is Split.ROW else matrix.outputs


def _format(kernel: str) -> str:
    """``grouped_gemm.mxfp4_weight`` computes with MXFP4 weights."""
    return kernel.partition(".")[2].removesuffix("_weight")


def _part(name: str, elements: int, kernel: str, own: Mapping[str, float]) -> Part:
    format = _format(kernel)
    multiple = own.get(format, MULTIPLES.get(format, ALIGNED))
    return Part(name, elements, multiple, format)
