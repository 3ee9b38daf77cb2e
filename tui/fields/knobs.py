"""A knob set by its name, as ``rate 3``, ``tp 8`` or ``isl=4K``: every field of the forms. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from engine.scenario import Scenario
from engine.words.errors import InputError
from engine.words.messages import language, say
from tui.fields.forms import HARDWARE, WORKLOAD, Field

_SHORT = {
    "tensor": ("tp",),
    "pipeline": ("pp",),
    "expert": ("ep",),
    "attention_data": ("dp",),
    "kv": ("kv",),
    "fixed_batch": ("batch", "bs"),
    "draft_tokens": ("drafts", "mtp"),
    "utilisation": ("busy",),
    "usd_per_million_output": ("cost",),
    "host_cache_gib": ("host cache",),
}
"""Names by which people call a field besides its own."""
_SIGNS = re.compile(r"\s*[≤≥].*")


@dataclass(frozen=True, slots=True)
class Knob:
    """A field with what was typed for it; a field of one kind of model where others have one of
    that name, too."""

    fields: tuple[Field, ...]
    text: str

    def of(self, known: tuple[Field, ...]) -> Field | None:
        """The one among the fields that a kind of model has."""
        return next((one for one in self.fields if one in known), None)

    def complaint(self, scenario: Scenario) -> str:
        """Why none of the fields takes the text; empty where one does."""
        told = ""
        for field in self.fields:
            try:
                field.write(scenario, self.text)
            except InputError as error:
                told = told or str(error)
            else:
                return ""
        return told


def knob(typed: str) -> Knob | None:
    """What is to be set to what; None where the first words name no field or nothing follows."""
    words = typed.replace("=", " ", 1).split()
    named = _named(language())
    for count in range(len(words), 0, -1):
        fields = named.get(" ".join(words[:count]).lower())
        if fields is not None:
            text = " ".join(words[count:])
            return Knob(fields, text) if text else None
    return None


@cache
def _named(code: str) -> dict[str, tuple[Field, ...]]:
    """The fields by all of their names, in English and in the language ``code``."""
    found: dict[str, tuple[Field, ...]] = {}
    for field in (*HARDWARE, *WORKLOAD):
        for name in _names(field):
            found[name] = (*found.get(name, ()), field)
    return found


def _names(field: Field) -> set[str]:
    label, told = _SIGNS.sub("", field.label), _SIGNS.sub("", say(field.label))
    names = {field.id, field.id.replace("_", " "), field.id.replace("_", "-"), label, told}
    return {one.lower() for one in (*names, *_SHORT.get(field.id, ())) if one}
