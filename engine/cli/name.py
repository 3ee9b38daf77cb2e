"""``rooftop name``: the fields of a benchmark name."""

from __future__ import annotations

import argparse
import json

from engine.cli import FOUND
from engine.plan.names.benchmark import name_fields
from engine.plan.names.parse import parse_name
from engine.words.cells import left
from engine.words.messages import say
from engine.words.text import clean


def run_name(arguments: argparse.Namespace) -> int:
    """Parse and print."""
    name = parse_name(arguments.name)
    fields = name_fields(name)
    if arguments.json:
        print(json.dumps({**fields, "name": str(name)}))
        return FOUND
    for field, value in fields.items():
        print(f"{left(say(field.replace('_', ' ')), 16)} {clean(str(value))}")
    return FOUND
