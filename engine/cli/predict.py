"""``rooftop predict``: what will it be, without a search."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.options import idle_options, scenario_from
from engine.plan.rows import predicted_rows
from engine.scenario import LayoutLimits, Objectives, Scenario
from engine.serve.call import Batch, Concurrency, Most, Size
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.words.text import clean
from engine.words.units import LARGEST_COUNT
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, parse_pool
from engine.work.layout import Layout


def run_predict(arguments: argparse.Namespace) -> int:
    """Predict and print; the exit code says whether every row meets the objectives."""
    raise NotImplementedError
