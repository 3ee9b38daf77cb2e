"""A known wrapper around any known type is read or refused in one line."""

from __future__ import annotations

import pytest

from engine.model.config.interpret import interpret
from engine.model.config.loaded import RawConfig
from engine.model.dialects.index import known_model_types
from engine.words.errors import RooftopError


@pytest.mark.parametrize("outer", ["internvl_chat", "minicpmv", "llava", "kimi_vl"])
def test_of_a_text_model_of_any_type(outer: str) -> None:
    for inner in known_model_types():
        config = {"model_type": outer, "text_config": {"model_type": inner}}
        try:
            interpret(RawConfig("x", "x", "x.json", config), "x")
        except RooftopError as error:
            assert "\n" not in str(error), inner


@pytest.mark.parametrize("kind", [[], ["llama"], {"a": 1}, 7, None, True])
def test_a_model_type_that_is_no_text(kind: object) -> None:
    with pytest.raises(RooftopError):
        interpret(RawConfig("x", "x", "x.json", {"model_type": kind}), "x")
