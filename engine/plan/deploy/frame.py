"""Texts with fields, of which deployment files are made.

In a frame, ``@field@`` stands for a value; a line with a field that is empty is left out. A line
that is only ``@each block@`` stands for a block, once for everything of that name, indented as the
line is. A line that is only ``@field@`` may become several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_FIELD = re.compile(r"@([a-z_]+)@")
_EACH = re.compile(r"^( *)@each ([a-z_]+)@$")


@dataclass(frozen=True, slots=True)
class Context:
    """Values by field, and what blocks are repeated for."""

    values: Mapping[str, str]
    each: Mapping[str, Sequence[Context]] = field(default_factory=dict)

    def within(self, outer: Context) -> Context:
        """The same with what an outer one knows besides."""
        return Context({**outer.values, **self.values}, {**outer.each, **self.each})


def render(frame: str, blocks: Mapping[str, str], context: Context) -> str:
    """A frame filled in. Raises `KeyError` for a field that nothing has."""
    return "".join(f"{line}\n" for line in _lines(frame, blocks, context))


def _lines(frame: str, blocks: Mapping[str, str], context: Context) -> Iterator[str]:
    for line in frame.strip("\n").split("\n"):
        repeated = _EACH.match(line)
        if repeated:
            indent, name = repeated.groups()
            for one in context.each.get(name, ()):
                for inner in _lines(blocks[name], blocks, one.within(context)):
                    yield f"{indent}{inner}" if inner else ""
            continue
        values = {name: context.values[name] for name in _FIELD.findall(line)}
        if "" in values.values():
            continue
        if len(values) == 1 and (alone := re.fullmatch(r"( *)@[a-z_]+@", line)):
            (text,) = values.values()
            yield from (f"{alone[1]}{one}" if one else "" for one in text.split("\n"))
            continue
        yield _filled(line, values)


def _filled(line: str, values: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda found: values[found[1]], line)
