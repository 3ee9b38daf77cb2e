"""The terminal app: widgets that draw what the engine computes; no formula lives here."""
