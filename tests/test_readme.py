"""What the README says of Python and of the house is so. ``python -m tests.test_readme`` writes
what its example prints anew."""

from __future__ import annotations

import contextlib
import io
import re
from doctest import DocTestParser

from tests.import_graph import ROOT

README = ROOT / "README.md"
EXAMPLE = re.compile(r"<!-- notebook -->\n```pycon\n(.*?)```\n<!-- /notebook -->", re.DOTALL)
MAP = "## A map for whoever carries on"
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.\w+))`")


def example() -> str:
    found = EXAMPLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def session(text: str) -> str:
    """The statements of a session with what they print now."""
    names: dict[str, object] = {}
    lines = []
    for one in DocTestParser().get_examples(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(one.source, "README", "single"), names)
        lines.append(">>> " + one.source.rstrip("\n").replace("\n", "\n... ") + "\n")
        lines.append(printed.getvalue())
    return "".join(lines)


def test_the_example_prints_what_the_readme_says():
    assert session(example()) == example()


def test_every_place_on_the_map_exists():
    places = PATH.findall(README.read_text(encoding="utf-8").partition(MAP)[2])
    assert len(places) > 50
    assert [one for one in places if not (ROOT / one).exists()] == []


def test_the_map_has_every_room():
    rooms = {f"engine/{one.name}/" for one in (ROOT / "engine").iterdir() if one.is_dir()}
    rooms = {one for one in rooms if "__" not in one}
    assert rooms <= set(PATH.findall(README.read_text(encoding="utf-8").partition(MAP)[2]))


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(example(), session(example())), encoding="utf-8")
