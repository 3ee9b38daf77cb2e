"""Small arithmetic on arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.words.arrays import Folded, distinct

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=12)


@given(st.lists(st.integers(-5, 5)))
def test_every_value_once_and_rising(values: list[int]):
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


@given(LENGTHS)
def test_rows_hold_every_element_of_every_list_once(lengths: list[int]):
    folded = Folded.of(np.array(lengths))
    lists = np.broadcast_to(folded.rows[:, np.newaxis], folded.along.shape)
    found = list(zip(lists[folded.inside], folded.along[folded.inside], strict=True))
    assert sorted(found) == [(one, at) for one, count in enumerate(lengths) for at in range(count)]


@given(LENGTHS)
def test_lists_begin_with_their_first_row(lengths: list[int]):
    folded = Folded.of(np.array(lengths))
    assert (folded.along[folded.first, 0] == 0).all()
    assert folded.rows[folded.first].tolist() == list(range(len(lengths)))


def test_gaps_are_few():
    folded = Folded.of(np.array([1, 1, 2, 150, 4000, 5000]))
    assert folded.along.size < 1.3 * 9154
