"""Predictions against published measurements: reading rows, predicting them, error by group."""
