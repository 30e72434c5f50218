"""Rules: which effects keep them, and how they read; parts by their ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofaces.verdicts import rules
from autofaces.verdicts.rules import NEAR, Arithmetic, Claim, Rule, above, below, difference, rank, ratio, value


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


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(0, 2), st.floats(-2, 2))
def test_a_wider_interval_never_says_the_opposite(low, width, more, threshold):
    narrow, wide = ((low - x, low + width + x) for x in (0, more))
    assert above(threshold).keeps(wide) in (None, above(threshold).keeps(narrow))


def test_a_rule_reads_as_what_it_asks_with_its_margin_where_there_is_no_interval():
    rules = (above(1, NEAR), below(0.5), Rule(0.99, 1.01, outside=True))
    assert [rule.text(exact=True) for rule in rules] == ["> 1 ± 0.05", "< 0.5", "outside 0.99 to 1.01"]
    assert above(1, NEAR).text(exact=False) == "> 1"


def test_a_number_of_no_experiment_reads_as_arithmetic():
    assert str(Arithmetic("compression", 0.5)) == "arithmetic:compression"


def test_parts_say_what_they_are_made_of():
    assert value("a:mse", None) == ("value", ("a:mse",), None, "", (), ())
    assert ratio("a:mse", "b:mse", None, "x", gate=["a"]) == ("ratio", ("a:mse", "b:mse"), None, "x", ("a",), ())
    assert difference("a:mse", "b:mse", above(0)).kind == "difference"
    assert rank(["a:mse", "b:mse"], [1, 2], None).theirs == (1, 2)


def test_a_rank_takes_one_of_their_numbers_for_each_of_ours():
    with pytest.raises(ValueError, match="rank: 3 numbers of ours, 2 of theirs; expected as many"):
        rank(["a:mse", "b:mse", "c:mse"], [1, 2], above(0))


def test_a_claims_only_part_has_its_id_and_several_have_their_names():
    one, other = value("a:mse", below(1), "one"), value("b:mse", below(1), "other")
    assert rules.named(Claim("A1", "", "", "", (one,))) == {"A1": one}
    assert rules.named(Claim("A1", "", "", "", (one, other))) == {"A1-one": one, "A1-other": other}
