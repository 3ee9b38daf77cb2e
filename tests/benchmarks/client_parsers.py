"""Plans' benchmark lines given to the parsers of guidellm and aiperf.

    python -m tests.benchmarks.client_parsers [aiperf guidellm=PYTHON …]

Installs each client, with all that it needs, into an environment that is thrown away (minutes, and
gigabytes for guidellm, which needs torch), or takes the interpreter PYTHON that has it already.
Its own command then parses every line that plans write for it, and checks the values as far as that
goes before anything is sent. Prints how many lines parse and what does not.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path

from engine.plan.verification import verification
from tests.benchmarks.engine_parsers import CLIENT_CASES

SECONDS = 3600
WHEELS = {"aiperf": "aiperf==0.13.0", "guidellm": "guidellm==0.8.1"}
_START = "import json, sys\nlines = json.load(sys.stdin)\nsys.argv[0] = 'client'\n"
CHILDREN = {
    "aiperf": f"""{_START}
from aiperf.cli import app
for words in lines:
    try:
        app.parse_args(words, print_error=False, exit_on_error=False)
        print("RESULT", flush=True)
    except Exception as error:
        print("RESULT", " ".join(str(error).split()), flush=True)
""",
    "guidellm": f"""{_START}
import click
from guidellm.cli import cli
for words in lines:
    try:
        context = click.Context(cli)
        cli.get_command(context, words[0]).make_context(words[0], words[1:], parent=context)
        print("RESULT", flush=True)
    except click.ClickException as error:
        print("RESULT", " ".join(error.format_message().split()), flush=True)
""",
}
"""What reads lines from stdin as a client would, and prints what is wrong with each."""


def main() -> None:
    """Print one paragraph for each client."""
    for asked in sys.argv[1:] or WHEELS:
        name, _, python = asked.partition("=")
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {_report(name, python or _installed(name, Path(folder)))}", flush=True)


def _installed(name: str, folder: Path) -> str:
    """An interpreter that has the client."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", WHEELS[name]]
    subprocess.run(pip, check=False, capture_output=True, timeout=SECONDS)
    return python


def _report(name: str, python: str) -> str:
    lines = _lines(name)
    done = subprocess.run(
        [python, "-c", CHILDREN[name]],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    told = [one for one in done.stdout.splitlines() if one.startswith("RESULT")]
    if len(told) != len(lines):
        return (done.stderr.strip().splitlines() or ["nothing was said"])[-1][:300]
    wrong = Counter(one.removeprefix("RESULT").strip() for one in told)
    said = "".join(f"\n  {count} × {text[:200]}" for text, count in wrong.items() if text)
    return f"{wrong['']} of {len(lines)} lines of {WHEELS[name]} parse{said}"


def _lines(name: str) -> list[list[str]]:
    """The words of every line after the command's name."""
    found = []
    for case in CLIENT_CASES:
        prepared = case.prepared("vllm")
        chosen = case.arrangement, prepared.precisions[0], case.batch
        runs = verification(prepared, case.scenario("vllm"), *chosen)["runs"]
        found += [shlex.split(run["lines"][name])[1:] for run in runs if name in run["lines"]]
    return found


if __name__ == "__main__":
    main()
