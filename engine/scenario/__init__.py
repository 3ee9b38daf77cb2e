"""A Scenario: everything a person chose, in one frozen value.

The sweep is a pure function of it. Plans store it whole; the app keeps a list of them for
undo and redo.
"""

from engine.scenario.bounds import (
    EVEN_CERTAINTY,
    LEAST_BURSTINESS,
    LEAST_PER_SECOND,
    MOST_BURSTINESS,
    MOST_CERTAINTY,
    MOST_HOST_GIB,
    MOST_IMAGES,
    MOST_PER_SECOND,
    MOST_RANK_WAIT,
    MOST_SPREAD,
    MOST_THINK_SECONDS,
    MOST_TURNS,
)
from engine.scenario.deployment import (
    ArrangementKind,
    ChipCount,
    LayoutLimits,
    PoolChoice,
    ReduceFormat,
    Settings,
)
from engine.scenario.objectives import EVERY_PERCENT, USUAL_UTILISED_PERCENT, Best, Objectives
from engine.scenario.scenario import DraftTokens, NameKind, Scenario, Task
from engine.scenario.workload import (
    USUAL_IMAGE,
    USUAL_INPUT_TOKENS,
    USUAL_OUTPUT_TOKENS,
    Client,
    ClientKind,
    FirstToken,
    Lengths,
    Mode,
    Text,
    Workload,
)

__all__ = [
    "EVEN_CERTAINTY",
    "EVERY_PERCENT",
    "LEAST_BURSTINESS",
    "LEAST_PER_SECOND",
    "MOST_BURSTINESS",
    "MOST_CERTAINTY",
    "MOST_HOST_GIB",
    "MOST_IMAGES",
    "MOST_PER_SECOND",
    "MOST_RANK_WAIT",
    "MOST_SPREAD",
    "MOST_THINK_SECONDS",
    "MOST_TURNS",
    "USUAL_IMAGE",
    "USUAL_INPUT_TOKENS",
    "USUAL_OUTPUT_TOKENS",
    "USUAL_UTILISED_PERCENT",
    "ArrangementKind",
    "Best",
    "ChipCount",
    "Client",
    "ClientKind",
    "DraftTokens",
    "FirstToken",
    "LayoutLimits",
    "Lengths",
    "Mode",
    "NameKind",
    "Objectives",
    "PoolChoice",
    "ReduceFormat",
    "Scenario",
    "Settings",
    "Task",
    "Text",
    "Workload",
]
