"""Per-layer lists of kinds, read with their length and their words checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from engine.model.keys import Keys
from engine.words.messages import say

Entry = TypeVar("Entry")


def one_per_layer(keys: Keys, name: str, given: Sequence[Entry], layers: int) -> list[Entry]:
    """The entries of a list ``name`` for the layers; behind them there may be those of all
    prediction layers that there are. Raises `InputError` for any other length."""
    name_of_count = "num_nextn_predict_layers"
    predicted = keys.values.get(name_of_count, keys.defaults.get(name_of_count))
    beyond = predicted if type(predicted) is int else 0
    if len(given) == layers + beyond and beyond:
        note = say(
            "{name}: the last {number} are those of {count}, passed over",
            name=f"{keys.path}{name}",
            number=beyond,
            count=name_of_count,
        )
        if note not in keys.warnings:
            keys.warnings.append(note)
    if len(given) in (layers, layers + beyond):
        return list(given[:layers])
    raise keys.problem(
        name,
        say("{number} entries", number=len(given)),
        say("{number}, one per layer", number=layers),
    )


def check_unused_lists(opened: Iterable[Keys]) -> None:
    """Hold ``layer_types`` to the layers that stand beside it also where the family does not read
    it: a file that contradicts itself is not what somebody means. Raises `InputError`."""
    for keys in opened:
        types, layers = keys.values.get("layer_types"), keys.values.get("num_hidden_layers")
        if isinstance(types, list) and type(layers) is int:
            one_per_layer(keys, "layer_types", types, layers)


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
            raise keys.problem(names[0], word, say("one of {names}", names=", ".join(words)))
    return [words[word] for word in one_per_layer(keys, names[0], given, layers)]


def flags(keys: Keys, layers: int, *names: str) -> list[bool] | None:
    """A 0/1 (or false/true) list with one entry per layer, or None when absent."""
    given = keys.items(*names)
    if given is None:
        return None
    for value in given:
        if value not in (0, 1):
            raise keys.problem(names[0], value, say("a list of 0 and 1"))
    return [bool(value) for value in one_per_layer(keys, names[0], given, layers)]
