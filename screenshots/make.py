"""Takes the pictures of the real app: ``python screenshots/make.py [--language CODE] [NAME …]``,
in every language or in one; those in another than English have its code in their names.

Every scene drives the app with keys, at 80×24 and at 120×40, and writes one SVG each.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from engine.cli import language_asked  # noqa: E402
from engine.scenario import Objectives, Scenario  # noqa: E402
from engine.sources.languages import is_ascii, languages  # noqa: E402
from engine.words.messages import ENGLISH  # noqa: E402
from tui.app import RooftopApp  # noqa: E402
from tui.settings.settings import Settings  # noqa: E402

SIZES = ((80, 24), (120, 40))
WAIT_SECONDS = 30.0
REST_SECONDS = 1.5
"""After the last key, for what is worked out behind it."""
DEEPSEEK = Scenario()
QWEN = Scenario(
    model="qwen3-32b",
    chip="h100_sxm",
    chips=8,
    objectives=Objectives(ttft_ms=1000, tpot_ms=30),
)
RESNET = Scenario(model="resnet-50", chip="h100_sxm", chips=1, objectives=Objectives(latency_ms=10))


@dataclass(frozen=True)
class Scene:
    """A picture: the scenario, the keys that lead to it, the theme."""

    name: str
    keys: tuple[str, ...] = ()
    scenario: Scenario = DEEPSEEK
    theme: str = "dark"
    ascii_only: bool = False


SCENES = (
    Scene("main"),
    Scene("small-slo", ("3", "down", "down", "down", "down", "enter", "3", "0"), QWEN),
    Scene("why", ("6",)),
    Scene("why-zoomed", ("6", "6")),
    Scene("chart-batch", ("5", "5")),
    Scene("chart-pareto", ("5", "5", "p")),
    Scene("chart-roofline", ("5", "5", "p", "p")),
    Scene("tree", ("1", *["down"] * 4)),
    Scene("tree-search", ("1", "slash", *"rope", "enter")),
    Scene("best-layouts", ("v",), QWEN),
    Scene("filter", ("v", "v", "slash", *"tp4", "space", *"b>32"), QWEN),
    Scene("compare", ("space", "v", "down", "space", "down", "space", "c"), QWEN),
    Scene("baseline", ("b", "2", *["down"] * 5, "right", "right", "escape"), QWEN),
    Scene("sensitivity", ("w",), QWEN),
    Scene("help", ("question_mark",)),
    Scene("palette", ("colon", *"copy")),
    Scene("columns", ("C", "down", "down")),
    Scene("vision", (), RESNET),
    Scene("contrast", (), QWEN, "contrast"),
    Scene("mono", (), QWEN, "mono"),
    Scene("ascii", (), QWEN, "mono", True),
)


async def take(scene: Scene, size: tuple[int, int], language: str) -> str:
    """Drive the app through ``scene`` and return the picture."""
    settings = Settings(theme=scene.theme, ascii_only=scene.ascii_only, language=language)
    app = RooftopApp(scene.scenario, settings=settings)
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for key in scene.keys:
            await pilot.press(key)
            await settled(app, pilot)
        await pilot.pause(REST_SECONDS)
        return app.export_screenshot(title="rooftop")


async def settled(app: RooftopApp, pilot) -> None:  # type: ignore[no-untyped-def]
    """Wait until the sweep of the scenario on the screen is in."""
    for _ in range(int(WAIT_SECONDS / 0.02)):
        await pilot.pause(0.02)
        session = app.main.session
        if session is not None and (session.error or session.sweep_is_current):
            return
    raise SystemExit("the sweep did not end")


def main(arguments: list[str]) -> None:
    """Take every picture, or those named."""
    os.environ.pop("NO_COLOR", None)
    asked, names = language_asked(arguments)
    for language in (asked,) if asked else languages():
        take_all(names, language)


def take_all(names: list[str], language: str) -> None:
    """The pictures in one language; plain ASCII only where it can carry it."""
    ending = "" if language == ENGLISH else f"-{language}"
    for scene in SCENES:
        if (names and scene.name not in names) or (scene.ascii_only and not is_ascii(language)):
            continue
        for width, height in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                # Nobody's own settings and sessions are to be seen.
                os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = folder
                picture = asyncio.run(take(scene, (width, height), language))
            path = HERE / f"{scene.name}-{width}x{height}{ending}.svg"
            path.write_text(picture, encoding="utf-8")
            print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
