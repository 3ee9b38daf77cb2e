"""Bytes per chip: the engine's share of it, weights on ranks, cache, and the batch that fits."""
