"""Per-layer lists of kinds, read with their length and their words checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from engine.model.keys import Keys

PREDICTION = (
    "num_nextn_predict_layers",
    "mtp_num_hidden_layers",
    "num_mtp_layers",
    "num_mtp_modules",
)
Entry = TypeVar("Entry")


def one_per_layer(keys: Keys, name: str, given: Sequence[Entry], layers: int) -> list[Entry]:
    """The entries of a list ``name`` for the layers; behind them there may be those of the
    prediction layers. Raises `InputError` for any other length."""
    counts = [keys.values.get(one, keys.defaults.get(one)) for one in PREDICTION]
    beyond = max((one for one in counts if type(one) is int), default=0)
    if len(given) == layers or layers < len(given) <= layers + beyond:
        return list(given[:layers])
    raise keys.problem(name, f"{len(given)} entries", f"{layers}, one per layer")


def layer_kinds(
    keys: Keys, layers: int, default: list[str], words: Mapping[str, str], *names: str
) -> list[str]:
    """The kind of each layer in our words.

    ``words`` maps the file's spellings to ours; ``default`` (our words) holds when the file has
    no list. Raises `InputError`.
    """
    names = names or ("layer_types",)
    given = keys.texts(*names)
    if given is None:
        return default
    for word in given:
        if word not in words:
            raise keys.problem(names[0], word, f"one of {', '.join(words)}")
    return [words[word] for word in one_per_layer(keys, names[0], given, layers)]


def flags(keys: Keys, layers: int, *names: str) -> list[bool] | None:
    """A 0/1 (or false/true) list with one entry per layer, or None when absent."""
    given = keys.items(*names)
    if given is None:
        return None
    for value in given:
        if value not in (0, 1):
            raise keys.problem(names[0], value, "a list of 0 and 1")
    return [bool(value) for value in one_per_layer(keys, names[0], given, layers)]
