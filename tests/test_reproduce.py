"""Several experiments at once; tests/test_pipeline.py runs it all."""

from hypothesis import given
from hypothesis import strategies as st

from autofaces.reproduce import hands


@given(st.lists(st.text()), st.integers(1, 9))
def test_every_key_is_dealt_once_and_hands_are_even(keys, size):
    dealt = hands(keys, size)
    assert sorted(key for hand in dealt for key in hand) == sorted(keys)
    assert all(max(map(len, dealt)) - 1 <= len(hand) <= size for hand in dealt)
    assert len(dealt) == -(-len(keys) // size)
