"""Benchmark names: what they say, and the scenarios that they mean."""
