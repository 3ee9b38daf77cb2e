"""Data only: models, chips, frameworks, objectives and the glossary."""

from pathlib import Path

ROOT = Path(__file__).parent
