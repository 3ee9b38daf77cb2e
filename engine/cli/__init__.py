"""The command line: the same engine for scripts.

Exit codes: 0 found, 1 nothing meets the objectives, 2 bad input.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from engine.words.errors import RooftopError
from engine.words.text import clean

COMMANDS = (
    "model",
    "sweep",
    "predict",
    "memory",
    "plan",
    "deploy",
    "check",
    "verify",
    "diff",
    "name",
    "chips",
    "models",
    "frameworks",
    "validate",
    "accuracy",
    "calibrate",
)
"""Sub-commands of ``rooftop``; any other first word opens the app."""

FOUND, NOTHING_MEETS, BAD_INPUT = 0, 1, 2
FEW_COLLECTIONS = 100_000
"""Objects made beyond those dropped before garbage is looked for; Python's own is 700."""


def run(arguments: Sequence[str]) -> int:
    """Run one sub-command and return its exit code; errors are one line on stderr."""
    from engine.cli.parser import build_parser

    # Imports and parsing make little garbage, and looking for it is a tenth of a command's time.
    gc.set_threshold(FEW_COLLECTIONS)
    if isinstance(sys.stdout, TextIOWrapper):
        # A locale without × or ✓ gets a ? in their place.
        sys.stdout.reconfigure(errors="replace")
    try:
        parsed = build_parser().parse_args(list(arguments))
        code: int = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except RooftopError as error:
        print(f"rooftop: {clean(str(error))}", file=sys.stderr)
        return BAD_INPUT
    except SystemExit as stop:
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader left (`| head`): nothing is wrong, and nothing more can be said.
        sys.stdout = None
        return FOUND
    except OSError as error:
        # What reads files says more in an `InputError`; without a name it is the output.
        sys.stdout = None
        what = "the output cannot be written" if error.filename is None else str(error.filename)
        reason = (error.strerror or type(error).__name__).lower()
        print(f"rooftop: {clean(what)}: {reason}", file=sys.stderr)
        return BAD_INPUT
