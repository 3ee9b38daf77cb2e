"""Write what the repository publishes about its accuracy, from a measurements CSV.

``python -m engine.validation.publish MEASUREMENTS.csv --configs DIR`` predicts every row and
writes ``profiles/accuracy/ranges.toml`` and ``published.csv``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from engine.files import write_text
from engine.validation.eras import GENERIC, profile_of
from engine.validation.held_out import CaseError, case_errors
from engine.validation.published import PUBLISHED, choose, published_text
from engine.validation.reader import Measurement, read_measurements
from engine.validation.uncertainty import RANGES

HEADER = """\
# Relative errors that two of three published results stayed within, by kind of case, and what
# has been published at all. Written by engine/validation/publish.py; edits are lost.

"""


def ranges_text(rows: Sequence[Measurement], errors: Iterable[CaseError]) -> str:
    """The text of ``ranges.toml``."""
    import tomli_w

    document = {"covered": _covered(rows), "case": [_case(error) for error in errors]}
    return HEADER + tomli_w.dumps(document)


def _covered(rows: Sequence[Measurement]) -> dict[str, list[str]]:
    language = [
        (row.chip, profile_of(row.framework, row.framework_version, row.chip))
        for row in rows
        if row.kind != "cv"
    ]
    known = {(chip, profile) for chip, profile in language if profile != GENERIC}
    return {
        "chips": sorted({chip for chip, _ in language}),
        "frameworks": sorted({profile for _, profile in known}),
        "pairs": sorted(f"{chip}/{profile}" for chip, profile in known),
        "vision_chips": sorted({row.chip for row in rows if row.kind == "cv"}),
    }


def _case(error: CaseError) -> dict[str, Any]:
    return {
        "kind": error.case.kind,
        "chip": "measured" if error.case.chip_measured else "unmeasured",
        "kernels": "fitted" if error.case.kernels_fitted else "datasheet",
        "framework": "known" if error.case.framework_known else "unknown",
        "rows": error.rows,
        "basis": error.basis,
        "range": {name: round(value, 3) for name, value in error.ranges.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; the exit code of the program."""
    parser = argparse.ArgumentParser(prog="python -m engine.validation.publish")
    parser.add_argument("measurements", type=Path, metavar="MEASUREMENTS.csv")
    parser.add_argument("--configs", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    rows = read_measurements(options.measurements)
    write_text(RANGES, ranges_text(rows, case_errors(rows, options.configs)))
    chosen = choose(rows)
    write_text(PUBLISHED, published_text(chosen))
    print(f"written: {RANGES}, {PUBLISHED} ({len(chosen)} rows)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
