"""Models whose files name their text model in place of describing it (Ultravox)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.model.config.loaded import RawConfig
from engine.model.model_profiles import bundled_models, model_file
from engine.sources.files import MAXIMUM_CONFIG_BYTES, read_bytes
from engine.sources.json_text import parse_json
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES = frozenset({"ultravox"})


def with_named_text(raw: RawConfig, read: Callable[[str], RawConfig | None]) -> RawConfig:
    """``raw`` with the config of the text model that it names as its ``text_config``: of a bundled
    profile or, for a file of the hub, as ``read`` finds it there. Where neither has it, ``raw`` as
    it is: its dialect says what is wanted."""
    kind, named = raw.config.get("model_type"), raw.config.get("text_model_id")
    if not isinstance(kind, str) or kind not in _TYPES or not isinstance(named, str) or not named:
        return raw
    if isinstance(raw.config.get("text_config"), dict):
        return raw
    text = _of_profiles(named) or _of_hub(raw, named, read)
    if text is None:
        return raw
    note = say("its text model is read as {named}, which the file names", named=clean(named, 120))
    return replace(raw, config={**raw.config, "text_config": text}, notes=(*raw.notes, note))


def _of_profiles(named: str) -> dict[str, Any] | None:
    """The config of the bundled profile whose repository is ``named``."""
    for name in bundled_models():
        found = model_file(name)
        assert found is not None
        content = read_bytes(found[0], MAXIMUM_CONFIG_BYTES, say("a config.json"))
        values = parse_json(content, name)
        config = values.get("config")
        if values.get("repository") == named and isinstance(config, dict):
            return config
    return None


def _of_hub(
    raw: RawConfig, named: str, read: Callable[[str], RawConfig | None]
) -> dict[str, Any] | None:
    """What lies there under ``named``; nothing is asked of the hub for files that are here."""
    if not raw.repository:
        return None
    try:
        found = read(named)
    except InputError:
        return None
    return found.config if found is not None else None
