"""Verdicts in words, as the command line and the page have them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from autofaces.verdicts import scale

HOLDS, FAILS, OPEN, NOT_RUN = "holds", "fails", "open", "not run"
ARITHMETIC = "by arithmetic"  # of a claim that no row was measured for
WHERE = {
    scale.PAPER: "at the papers' scale",
    scale.REDUCED: "on real faces, at less than the papers' scale",
    scale.SYNTHETIC: "on synthetic faces",
    ARITHMETIC: ARITHMETIC,
    NOT_RUN: NOT_RUN,
}
MANY = 3  # turns; of more, only the last is told

Claims = Iterable[Mapping[str, Any]]  # as `judge` gives them


class Tally(NamedTuple):
    """Claims that were decided at one scale."""

    count: int
    where: str
    grade: str | None
    verdicts: list[tuple[str, int]]  # those that there are, and how many


def tallies(claims: Claims) -> list[Tally]:
    """How many claims, without their parts, have which verdict: those at the papers' scale first, not run last."""
    of: dict[str, list[Mapping[str, Any]]] = {}
    for claim in claims:
        if "-" not in claim["id"]:
            kind = ARITHMETIC if of_no_row(claim) else claim["grade"]
            of.setdefault(NOT_RUN if claim["verdict"] == NOT_RUN else kind, []).append(claim)
    found = []
    for kind, where in WHERE.items():
        if its := of.get(kind):
            seen = [claim["shares"]["passes"] for claim in its if kind in (scale.REDUCED, scale.SYNTHETIC)]
            shares = sorted(share for share in seen if share is not None)
            some = f", {percent(shares[0], shares[-1])} of the papers' images" if shares else ""
            counts = Counter(claim["verdict"] for claim in its)
            verdicts = [(verdict, counts[verdict]) for verdict in (HOLDS, FAILS, OPEN, NOT_RUN) if verdict in counts]
            found.append(Tally(len(its), where + some, its[0]["grade"], verdicts))
    return found


def of_no_row(claim: Mapping[str, Any]) -> bool:
    """Whether a claim was judged without anything measured."""
    return claim["shares"] is not None and set(claim["shares"].values()) == {None}


def words(verdict: str, grade: str | None) -> str:
    """A verdict as it is told: reproduced or not at the papers' own scale alone."""
    if grade != scale.PAPER:
        return verdict
    return {HOLDS: "reproduced", FAILS: "not reproduced"}.get(verdict, verdict)


def turned(images: Sequence[float]) -> str:
    """Where over the training an effect crossed its rule; empty where it never did."""
    counts = [f"{number:,.0f}" for number in images]
    if not counts:
        return ""
    if len(counts) == 1:
        return f"the other way until {counts[0]} images seen"
    if len(counts) > MANY:
        return f"crosses its rule {len(counts)} times, the last time at {counts[-1]} images seen"
    return f"crosses its rule at {', '.join(counts[:-1])} and {counts[-1]} images seen"


def percent(*shares: float) -> str:
    """Shares as in 3 to 12 %: below ten percent in one digit, never with an exponent."""
    numbers = (100 * share for share in shares)
    ends = (f"{Decimal(f'{number:.1g}'):f}" if number < 10 else f"{number:.0f}" for number in numbers)
    return f"{' to '.join(dict.fromkeys(ends))} %"
