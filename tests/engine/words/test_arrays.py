"""Small arithmetic on arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.words.arrays import distinct


@given(st.lists(st.integers(-5, 5)))
def test_every_value_once_and_rising(values: list[int]):
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))
