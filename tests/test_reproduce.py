"""Several stages at once; tests/test_pipeline.py runs it all."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from autofaces import params
from autofaces.reproduce import hands, made_of

ROOT = Path(__file__).parents[1]


@given(st.lists(st.text()), st.integers(1, 9))
def test_every_key_is_dealt_once_and_hands_are_even(keys, size):
    dealt = hands(keys, size)
    assert sorted(key for hand in dealt for key in hand) == sorted(keys)
    assert all(max(map(len, dealt)) - 1 <= len(hand) <= size for hand in dealt)
    assert len(dealt) == -(-len(keys) // size)


def test_the_data_stages_are_all_there_once_and_in_their_order():
    settings = params.load(ROOT / "params.yaml")
    chains = [made_of(archive, settings) for archive in settings.archives]
    stages = [f"download@{key}" for key in settings.archives]
    stages += [f"{stage}@{key}" for stage in ("split", "preprocess") for key in settings.datasets]
    assert sorted(stage for chain in chains for stage in chain) == sorted(stages)
    celeba = ["download@celeba", "split@celeba", "preprocess@celeba", "split@celeba-grey64", "preprocess@celeba-grey64"]
    assert celeba in chains
