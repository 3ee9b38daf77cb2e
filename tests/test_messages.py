"""Every text that people see has its words in every language, and no language has others."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from functools import cache

import pytest

from engine.sources.languages import languages
from engine.words.messages import ENGLISH, FOLDER
from tests.messages import (
    calls,
    constants,
    has_words,
    named,
    of_tables,
    placeholders,
    said,
    shown_by_the_app,
)

OTHERS = [code for code in languages() if code != ENGLISH]


@cache
def messages(code: str) -> Mapping[str, str]:
    """The messages of a language; no file may say twice what another says."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / code).glob("*.toml")):
        own = tomllib.loads(path.read_text(encoding="utf-8"))
        assert not set(own) & set(found), f"{path.name}: {sorted(set(own) & set(found))}"
        found |= own
    return found


def missing(texts: set[str], code: str) -> list[str]:
    return sorted(one for one in texts if has_words(one) and one not in messages(code))


@pytest.mark.parametrize("code", OTHERS)
class TestEveryLanguage:
    def test_says_every_message(self, code: str):
        assert missing(said(), code) == []

    def test_says_every_constant_that_the_app_shows(self, code: str):
        assert missing(shown_by_the_app(), code) == []

    def test_says_every_label_and_help_of_the_tables(self, code: str):
        assert missing(of_tables(), code) == []

    def test_says_nothing_that_nobody_uses(self, code: str):
        known = constants() | of_tables() | said()
        assert sorted(one for one in messages(code) if one not in known) == []

    def test_puts_in_the_same_values(self, code: str):
        used = said()
        apart = {
            one: told
            for one, told in messages(code).items()
            if one in used and "{" in one and placeholders(one) != placeholders(told)
        }
        assert apart == {}


ERRORS = {"InputError", "RooftopError", "UnknownArchitecture", "Unreachable"}


def bare_words(node: ast.expr) -> bool:
    """Whether a text with words of its own is shown as it is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return has_words(node.value)
    if isinstance(node, ast.JoinedStr):
        return any(bare_words(one) for one in node.values if isinstance(one, ast.Constant))
    if isinstance(node, ast.IfExp):
        return bare_words(node.body) or bare_words(node.orelse)
    return False


def test_the_app_says_no_text_with_values_past_the_messages():
    found = [
        f"{path}:{call.lineno}"
        for path, call in calls()
        if path.startswith("tui") and named(call) in {"say", "warn", "mention", "ask"}
        if isinstance(call.func, ast.Attribute)
        for one in call.args
        if isinstance(one, ast.JoinedStr) and bare_words(one)
    ]
    assert found == []


def test_refusals_of_a_config_say_in_messages_what_they_found_and_expect():
    """Names, values and numbers are alike in every language, words are not."""
    found = [
        f"{path}:{call.lineno}: {ast.unparse(one)}"
        for path, call in calls()
        if named(call) == "problem" and isinstance(call.func, ast.Attribute)
        for one in call.args[1:3]
        if bare_words(one) and ast.unparse(one).strip("'") not in VALUES
    ]
    assert found == []


VALUES = {"true", "false", "null", "preactivation", "shared", "t2r", "c2p, p2c"}
VALUES |= {"[channels, height, width]"}
"""Values of keys, and their names."""

CALLED_ONCE = {
    "投机解码": ("推测解码", "猜测解码"),
    "起草": ("草拟",),
    "基准名": ("测试名称", "基准测试名"),
    "token": ("词元",),
    "推理引擎": ("推理框架", "框架开销"),
    "互连": ("互联", "链路"),
    "颗芯片": ("块芯片", "张卡"),
    "时延": ("延迟",),
    "预填充": ("预填写",),
}
"""Chinese terms, and what else they could be called: one thing has one name on every screen."""


@pytest.mark.parametrize("term", CALLED_ONCE)
def test_chinese_calls_one_thing_by_one_name(term: str):
    texts = {
        f"{path.name}: {line}"
        for folder in (FOLDER / "zh", FOLDER.parent / "glossary" / "zh")
        for path in folder.glob("*.toml")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert any(term in one for one in texts)
    others = CALLED_ONCE[term]
    assert [one for one in sorted(texts) if any(other in one for other in others)] == []
