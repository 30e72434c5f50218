"""Several experiments at once; tests/test_pipeline.py runs it all."""

from hypothesis import given
from hypothesis import strategies as st

from autofaces.reproduce import chunks


@given(st.lists(st.text()), st.integers(1, 9))
def test_chunks_hold_every_key_once_in_order(keys, size):
    parts = list(chunks(keys, size))
    assert [key for part in parts for key in part] == keys
    assert all(0 < len(part) <= size for part in parts)
