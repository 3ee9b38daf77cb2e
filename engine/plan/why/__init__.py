"""Why: what binds a candidate, whether it starts, and what would have to change."""
