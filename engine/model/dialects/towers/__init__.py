"""Towers that see and hear: their parameters counted from the nested config, file by model line."""
