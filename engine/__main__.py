"""``python -m engine``: the command line without the app."""

import sys

from engine.cli import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
