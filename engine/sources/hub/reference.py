"""What a person writes to name a model on the hub: ``org/name``, ``org/name@revision``, a link."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

_ID = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./+-]+))?", re.ASCII)
_LINK = re.compile(
    r"(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/|hf://)"
    r"(?P<repository>[\w.-]+/[\w.-]+?)"
    r"(?:@(?P<at>[\w.+-]+)|/(?:tree|blob|resolve)/(?P<revision>[\w.+-]+)(?:/.*)?)?/?",
    re.ASCII,
)
LONGEST = 200


@dataclass(frozen=True, slots=True)
class HubReference:
    """A repository and a revision in it (branch, tag or commit; empty: the default branch)."""

    repository: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}" if self.revision else self.repository

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repository.split("/")[1]

    @classmethod
    def parse(cls, text: str, revision: str = "") -> HubReference | None:
        """The reference that ``text`` is, or None when it is no hub id at all.

        ``revision`` is given beside it (``--revision``); raises `InputError` when the two differ.
        """
        match = _ID.fullmatch(text) or _LINK.fullmatch(text) if len(text) <= LONGEST else None
        if match is None:
            return None
        groups = match.groupdict()
        own = groups.get("revision") or groups.get("at") or ""
        if own and revision and own != revision:
            raise InputError(
                say(
                    "--revision: found {revision!r} beside {text}, expected one revision",
                    revision=clean(revision, 60),
                    text=clean(text, 80),
                )
            )
        return cls(match["repository"], own or revision)
