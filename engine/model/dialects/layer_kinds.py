"""Per-layer lists of kinds, read with their length and their words checked."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.keys import Keys


def layer_kinds(
    keys: Keys, layers: int, default: list[str], words: Mapping[str, str], *names: str
) -> list[str]:
    """The kind of each layer in our words.

    ``words`` maps the file's spellings to ours; ``default`` (our words) holds when the file has
    no list. Longer lists are cut (some count the prediction layer). Raises `InputError`.
    """
    names = names or ("layer_types",)
    given = keys.texts(*names)
    if given is None:
        return default
    if len(given) < layers:
        raise keys.problem(names[0], f"{len(given)} entries", f"{layers}, one per layer")
    for word in given:
        if word not in words:
            raise keys.problem(names[0], word, f"one of {', '.join(words)}")
    return [words[word] for word in given[:layers]]


def flags(keys: Keys, layers: int, *names: str) -> list[bool] | None:
    """A 0/1 (or false/true) list with one entry per layer, or None when absent."""
    given = keys.items(*names)
    if given is None:
        return None
    if len(given) < layers:
        raise keys.problem(names[0], f"{len(given)} entries", f"{layers}, one per layer")
    for value in given:
        if value not in (0, 1):
            raise keys.problem(names[0], value, "a list of 0 and 1")
    return [bool(value) for value in given[:layers]]
