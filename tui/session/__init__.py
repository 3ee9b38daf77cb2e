"""The session: the scenario, its history, its table, and what is kept of it."""
