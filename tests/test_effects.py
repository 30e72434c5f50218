"""Effects of numbers, and their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from autofaces.verdicts import effects
from autofaces.verdicts.effects import Sample
from autofaces.verdicts.rules import difference, rank, ratio, value

ORDERS = st.lists(st.tuples(*[st.integers(0, 6)] * 2), min_size=3, max_size=9)


@given(ORDERS)
def test_an_order_agrees_as_spearman_says_with_ties(pairs):
    ours, theirs = np.array(pairs, float).T
    with np.errstate(invalid="ignore"):
        found = float(effects.spearman(theirs, *ours))
    if len(set(ours)) == 1 or len(set(theirs)) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(stats.spearmanr(ours, theirs).statistic)


@given(ORDERS.filter(lambda pairs: all(len(set(x)) > 1 for x in zip(*pairs, strict=True))))
def test_an_order_is_the_same_on_any_scale_and_turns_about(pairs):
    ours, theirs = np.array(pairs, float).T
    found = float(effects.spearman(theirs, *ours))
    assert effects.spearman(theirs, *np.exp(ours)) == pytest.approx(found)
    assert effects.spearman(theirs, *-ours) == pytest.approx(-found)


def test_orders_of_many_resamples_are_compared_at_once():
    ours = np.random.default_rng(0).random((5, 4, 3))
    found = effects.spearman((1, 2, 3, 4, 5), *ours)
    assert found.shape == (4, 3)
    assert found[1, 2] == pytest.approx(effects.spearman((1, 2, 3, 4, 5), *ours[:, 1, 2]))


def sample(values: np.ndarray) -> Sample:
    return Sample(values, np.arange(values.shape[1]), False)


@pytest.mark.parametrize("part", [ratio("a:x", "b:x", None), difference("a:x", "b:x", None)])
def test_an_interval_is_wider_at_a_higher_level_and_turned_about_with_its_numbers(part):
    values = np.random.default_rng(0).lognormal(0, 0.3, (1, 50, 2))
    (low, high), (lower, higher) = (effects.interval(part, sample(values), level) for level in (0.95, 0.99))
    assert lower < low < high < higher
    about = effects.interval(part, sample(values[..., ::-1]))
    back = (1 / high, 1 / low) if part.kind == "ratio" else (-high, -low)
    assert about == pytest.approx(back, rel=0.02)


def test_a_ratio_whose_numbers_may_be_0_or_negative_has_an_interval_around_it():
    values = np.random.default_rng(0).normal([-0.5, 1], 0.2, (1, 50, 2))
    values[0, :25, 0] = 0
    low, high = effects.interval(ratio("a:x", "b:x", None), sample(values))
    assert low < values[..., 0].mean() / values[..., 1].mean() < high < 0


def test_of_an_order_no_interval_is_beyond_1():
    values = np.random.default_rng(0).normal([1, 2, 3, 4], 6, (3, 30, 4))
    low, high = effects.interval(rank(["a:x"] * 4, (1, 2, 3, 4), None), sample(values))
    assert -1 <= low < high <= 1


def test_one_number_alone_has_no_interval_and_one_of_each_seed_has():
    alone = Sample(np.ones((1, 1, 1)), np.zeros(1), True)
    assert effects.interval(value("a:x", None), alone) is None
    several = np.array([1.0, 2.0, 4.0]).reshape(3, 1, 1)
    low, high = effects.interval(value("a:x", None), Sample(several, np.zeros(1), True))
    found = stats.ttest_1samp(several.ravel(), 0).confidence_interval()
    assert (low, high) == pytest.approx((found.low, found.high))
