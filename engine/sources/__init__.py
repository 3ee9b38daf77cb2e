"""Bytes from outside, bounded before they are parsed: files, JSON, TOML profiles, the hub."""
