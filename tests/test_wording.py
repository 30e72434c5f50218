"""What the command line and the page say alike: claims counted by scale, turns, shares in percent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofaces.verdicts import wording

SHARES = {"data": None, "passes": 0.03, "size": 1.0}


def claim(number: str, verdict: str, grade: str | None, passes: float | None = 0.03, **more) -> dict:
    return {"id": number, "verdict": verdict, "grade": grade, "shares": SHARES | {"passes": passes}} | more


def test_claims_are_counted_by_what_they_were_decided_at():
    claims = [
        claim("A1", "open", "synthetic"),
        claim("A2", "holds", "synthetic", 0.5),
        claim("A2-part", "fails", "synthetic"),
        claim("A3", "holds", "synthetic", None),
        claim("A4", "fails", "paper", 1.0),
        claim("A5", "holds", "reduced", 0.31),
        claim("A6", "fails", "paper", shares=dict.fromkeys(SHARES)),
        claim("A7", "not run", None, shares=None),
    ]
    assert wording.tallies(claims) == [
        (1, "at the papers' scale", "paper", [("fails", 1)]),
        (
            1,
            "on real faces, at less than the papers' scale, 31 % of the papers' images",
            "reduced",
            [("holds", 1)],
        ),
        (3, "on synthetic faces, 3 to 50 % of the papers' images", "synthetic", [("holds", 2), ("open", 1)]),
        (1, "by arithmetic", "paper", [("fails", 1)]),
        (1, "not run", None, [("not run", 1)]),
    ]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ([], ""),
        ([3200], "the other way until 3,200 images seen"),
        ([100, 200, 1600], "crosses its rule at 100, 200 and 1,600 images seen"),
        ([1, 2, 3, 4000], "crosses its rule 4 times, the last time at 4,000 images seen"),
    ],
)
def test_an_effect_that_turned_says_where(turns, said):
    assert wording.turned(turns) == said


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ((0.0321,), "3 %"),
        ((0.0949,), "9 %"),
        ((0.095,), "10 %"),
        ((0.097, 0.1), "10 %"),
        ((0.0002, 0.126), "0.02 to 13 %"),
        ((1.0,), "100 %"),
        ((0.0000004,), "0.00004 %"),
    ],
)
def test_shares_are_in_percent_of_one_digit_or_whole(shares, said):
    assert wording.percent(*shares) == said


@given(st.floats(1e-9, 1))
def test_a_share_has_no_exponent_and_is_right_to_a_digit(share):
    text = wording.percent(share)
    assert "e" not in text
    assert float(text.removesuffix(" %")) == pytest.approx(100 * share, rel=0.5)
