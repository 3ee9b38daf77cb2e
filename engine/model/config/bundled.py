"""The bundled profile that a name of the hub stands for: what plans without the hub."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from engine.model.model_profiles import bundled_models, model_spelt
from engine.words.errors import InputError
from engine.words.messages import say
from profiles import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.sources.hub import Fetched, HubReference

_PRECISIONS = {
    "awq": "W4A16",
    "gptq": "W4A16",
    "int4": "W4A16",
    "w4a16": "W4A16",
    "int8": "int8",
    "w8a8": "W8A8",
    "fp8": "W8A8",
    "nvfp4": "NVFP4",
    "fp4": "NVFP4",
    "mxfp4": "MXFP4",
}
"""What a checkpoint's name says of its formats, by word."""
_TUNED = re.compile(r"instruct|chat|it|hf|base|bf16|dynamic|quantized|v?\d{4}", re.ASCII)
"""Words and months of a name that change nothing of what is computed."""


def _by_repository() -> dict[str, str]:
    """Bundled profiles by the repository that they were taken from, in lower case."""
    texts = ((name, (ROOT / "models" / f"{name}.json").read_text()) for name in bundled_models())
    found = ((name, json.loads(text).get("repository")) for name, text in texts)
    return {repository.lower(): name for name, repository in found if repository}


def stand_in(name: str) -> tuple[str, str]:
    """The bundled profile of what ``name`` (with or without an organisation) is a version of, and
    the precision that it says; both may be ""."""
    published = _by_repository().get(name.lower(), "")
    if published:
        return published, ""
    # Neural Magic's checkpoints end in ``-quantized.w4a16``, Meta's first ones begin with its name.
    short = name.rpartition("/")[2].lower().removeprefix("meta-").replace("quantized.", "")
    words, precision = short.split("-"), ""
    while words:
        found = model_spelt("-".join(words))
        if found:
            return found, precision
        last = words.pop()
        if last in _PRECISIONS:
            precision = precision or _PRECISIONS[last]
        elif not _TUNED.fullmatch(last):
            break
    return "", ""


def stand_in_words(name: str) -> str:
    """That profile and precision in words, to end an error with; or ""."""
    profile, precision = stand_in(name)
    if not profile:
        return ""
    if precision:
        return say(
            "; bundled: {profile}, with precision {precision}", profile=profile, precision=precision
        )
    return say("; bundled: {profile}", profile=profile)


def fetch(reference: HubReference, progress: Callable[[str], None] | None = None) -> Fetched:
    """A config from the hub; where there is none to be had, the error names the bundled profile
    that stands for it. Raises `InputError`."""
    from engine.sources.hub import fetch_config

    try:
        return fetch_config(reference, progress)
    except InputError as error:
        raise type(error)(f"{error}{stand_in_words(reference.repository)}") from None
