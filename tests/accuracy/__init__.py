"""Maintainers' tools: refit of the constants in ``profiles/`` and its cross-validation."""
