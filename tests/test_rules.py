"""Rules: which effects keep them, and how they read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofaces.verdicts.rules import NEAR, Arithmetic, Rule, above, below


@pytest.mark.parametrize(
    ("interval", "verdict"), [((1.1, 1.2), True), ((0.8, 0.9), False), ((0.9, 1.1), None), ((0.9, 1.0), False)]
)
def test_a_rule_is_kept_broken_or_straddled(interval, verdict):
    assert above(1).keeps(interval) is verdict


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(-1, 0), st.floats(0.01, 1))
def test_outside_is_the_opposite_of_inside(low, width, start, length):
    inside = Rule(start, start + length)
    found, opposite = (rule.keeps((low, low + width)) for rule in (inside, inside._replace(outside=True)))
    assert opposite is (None if found is None else not found)


def test_a_rule_reads_as_what_it_asks_with_its_margin_where_there_is_no_interval():
    rules = (above(1, NEAR), below(0.5), Rule(0.99, 1.01, outside=True))
    assert [rule.text(exact=True) for rule in rules] == ["> 1 ± 0.05", "< 0.5", "outside 0.99 to 1.01"]
    assert above(1, NEAR).text(exact=False) == "> 1"


def test_a_number_of_no_experiment_reads_as_arithmetic():
    assert str(Arithmetic("compression", 0.5)) == "arithmetic:compression"
