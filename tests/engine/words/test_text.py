"""Text from files is data: nothing in it acts upon a terminal or piles up in a cell."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.words.text import clean

ANY = st.text(st.characters(codec="utf-8"), max_size=200)


@given(ANY)
def test_nothing_that_a_terminal_acts_upon_is_left(text: str):
    found = {unicodedata.category(one) for one in clean(text)}
    assert not found & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(ANY)
def test_what_is_clean_stays_as_it_is(text: str):
    assert clean(clean(text)) == clean(text)


@given(st.integers(0, 5000))
def test_marks_on_one_character_are_bounded(count: int):
    shown = clean("e" + "\u0301" * count, 10_000)
    assert sum(unicodedata.combining(one) > 0 for one in shown) == min(count, 6)
    assert ("\N{REPLACEMENT CHARACTER}" in shown) == (count > 6)


@pytest.mark.parametrize("word", ["Tiếng Việt", "שָׁלוֹם", "हिन्दी", "ไทย", "བོད་ཡིག", "深度求索"])
def test_words_of_living_scripts_stay_whole(word: str):
    decomposed = unicodedata.normalize("NFD", word)
    assert (clean(word), clean(decomposed)) == (word, decomposed)
