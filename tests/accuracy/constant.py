"""One number that published runs can identify: where it stands, its prior and its bounds."""

from __future__ import annotations

from dataclasses import dataclass

_LIMITS = {
    "compute": (0.02, 0.95),
    "memory": (0.03, 0.97),
    "floor_us": (0.5, 600.0),
    "per_item_ns": (1.0, 500.0),
    "step_us": (20.0, 20_000.0),
    "sequence_us": (0.3, 300.0),
    "request_us": (300.0, 250_000.0),
    "layer_us": (0.05, 80.0),
    "collective_us": (0.05, 40.0),
    "admission_steps": (0.5, 8.0),
    "warmup_ms": (1.0, 8000.0),
    "spacing_us": (100.0, 5000.0),
    "opening_slowdown": (1.0, 6.0),
    "prompt_layer_us": (5.0, 1500.0),
    "decode_pool_pace": (0.7, 1.15),
    "handover_us": (1000.0, 2_000_000.0),
    "handover_passes": (0.5, 100.0),
}
# Microseconds of one call whatever it does: a few launches, of AMD's unfused MLA many.
_HIGHEST_FLOORS = {
    "gemm": 60.0,
    "batched_gemm": 40.0,
    "grouped_gemm": 250.0,
    "prefill_attention": 80.0,
    "decode_attention": 80.0,
    "mla_prefill": 80.0,
    "mla_decode": 160.0,
    "sparse_index": 80.0,
    "scan": 80.0,
    "elementwise": 20.0,
}
_DEVIATION_LIMITS = {"item_share": (0.002, 0.2), "item_split": (1.0, 30.0)}
COLLECTIVES = {
    "all_reduce": {"alpha_us": 0.6, "wide_alpha": 0.2, "link_share": 0.16},
    "all_to_all": {"alpha_us": 0.4, "link_share": 0.25},
}
"""Factors on the starts of a collective, on those of many ranks beyond, and on its bandwidths."""
_EXPONENT_LIMITS = (0.02, 0.34)
"""Dynamic power grows with the cube of the clock where the voltage follows it."""


@dataclass(frozen=True, slots=True)
class Constant:
    """One fitted number. ``scope`` is ``generation``, ``chip``, ``framework`` or ``engine`` (a
    framework's deviations); ``owner`` its id; ``table`` the kernel class, ``all_reduce``,
    ``all_to_all``, ``clock`` or empty for a cost."""

    scope: str
    owner: str
    table: str
    key: str
    prior: float
    width: float

    @property
    def limits(self) -> tuple[float, float]:
        """Plausible values; of factors on a collective's lines, plausible factors."""
        if self.table in COLLECTIVES:
            return (0.4, 1.6) if self.key == "link_share" else (0.3, 3.0)
        if self.table == "clock":
            return _EXPONENT_LIMITS
        if self.scope in {"chip", "engine"}:
            return _DEVIATION_LIMITS.get(self.key, (0.2, 2.5))
        lower, upper = _LIMITS[self.key]
        if self.key == "floor_us" and self.scope == "generation":
            upper = _HIGHEST_FLOORS.get(self.table.split(".")[0], upper)
        return lower, upper
