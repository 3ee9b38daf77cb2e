"""A config in the blocks and the order of the document that explains DeepSeek-V3's.

``profiles/glossary/document.toml`` names the eight blocks and their keys; whatever else a config
has comes in a last block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.model.glossary import key_of, leaves
from engine.sources.languages import words
from engine.sources.profile_files import read_toml
from engine.words.messages import ENGLISH
from profiles import ROOT

BEYOND = "beyond"
"""The block of keys that the document does not name."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block: the dotted paths of its keys in order. A key that the config lacks has the path
    that the document gives it, and is ``missing``."""

    name: str
    keys: tuple[str, ...]
    missing: frozenset[str] = frozenset()


@cache
def _document() -> Mapping[str, tuple[str, ...]]:
    return {
        block: tuple(keys) for block, keys in read_toml(ROOT / "glossary/document.toml").items()
    }


def block_title(block: str, language: str = ENGLISH) -> str:
    """A block's title, with the document's number."""
    return words(language, "blocks")[block]


def document_blocks(config: Mapping[str, Any]) -> tuple[Block, ...]:
    """The keys of ``config`` in the document's blocks, whatever their family's spelling; the
    last block, `BEYOND`, is left out where the document names every key."""
    paths: dict[str, list[str]] = {}
    for path in leaves(config):
        paths.setdefault(key_of(path) or path, []).append(path)
    blocks = [_block(name, keys, paths) for name, keys in _document().items()]
    named = {path for block in blocks for path in block.keys}
    beyond = tuple(path for path in leaves(config) if path not in named)
    return (*blocks, Block(BEYOND, beyond)) if beyond else tuple(blocks)


def _block(name: str, keys: tuple[str, ...], paths: Mapping[str, list[str]]) -> Block:
    found = [(key, paths.get(key_of(key) or key, [])) for key in keys]
    return Block(
        name,
        tuple(path for key, given in found for path in given or (key,)),
        frozenset(key for key, given in found if not given),
    )
