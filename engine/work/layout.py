"""A parallel layout: how one replica of a model is spread over chips."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Degrees of one replica and how many replicas the chips hold.

    A replica has ``tensor × attention_data × pipeline`` chips. Within a pipeline stage its
    ``tensor × attention_data`` ranks hold the attention ``attention_data`` times (each copy
    split ``tensor`` ways, serving its own share of the sequences) and divide the routed
    experts: ``expert`` ways by expert, the rest by splitting each expert's matrices.
    """

    tensor: int = 1
    pipeline: int = 1
    expert: int = 1
    attention_data: int = 1
    replicas: int = 1

    @property
    def ranks(self) -> int:
        """Chips of one pipeline stage."""
        return self.tensor * self.attention_data

    @property
    def chips_per_replica(self) -> int:
        """Chips of one replica."""
        return self.ranks * self.pipeline

    @property
    def expert_tensor(self) -> int:
        """How many ways each expert's matrices are split."""
        return self.ranks // self.expert

    @property
    def chips(self) -> int:
        """Chips that all replicas occupy."""
        return self.chips_per_replica * self.replicas

    @property
    def name(self) -> str:
        """``TP8 EP16 DP2 ×2``: degrees of 1 are left out, TP always shown."""
        parts = [f"TP{self.tensor}"]
        if self.pipeline > 1:
            parts.append(f"PP{self.pipeline}")
        if self.expert > 1:
            parts.append(f"EP{self.expert}")
        if self.attention_data > 1:
            parts.append(f"DP{self.attention_data}")
        if self.replicas > 1:
            parts.append(f"×{self.replicas}")
        return " ".join(parts)
