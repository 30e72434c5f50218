"""A paper's claim as data: parts, each an effect and the rule that it keeps if the claim is right.

An effect is a value, a ratio or a difference of numbers that evaluate measured, or how well the order of several agrees
with the paper's. No metric was chosen because it agrees; `why` argues for each, and says which thresholds are ours
because the paper names none.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

SAME = 0.01  # of a ratio: errors that differ by less count as equal
NEAR = 0.05  # of a ratio without an interval: nearer to the rule than this is open


class Rule(NamedTuple):
    """Where an effect lies if the claim is right: between low and high, or outside of them."""

    low: float
    high: float
    outside: bool = False
    near: float = 0.0  # an effect without an interval that is nearer than this to the rule decides nothing

    def keeps(self, interval: tuple[float, float]) -> bool | None:
        """Whether all of an interval keeps the rule, or none of it; None where it straddles the rule."""
        low, high = interval
        within = self.low < low and high < self.high
        apart = high <= self.low or low >= self.high
        if within == apart:
            return None
        return apart if self.outside else within

    def text(self, exact: bool) -> str:
        """As in "> 1", with the margin that counts where there is no interval."""
        if math.isinf(self.high):
            words = f"> {self.low:g}"
        elif math.isinf(self.low):
            words = f"< {self.high:g}"
        else:
            words = f"{'outside ' if self.outside else ''}{self.low:g} to {self.high:g}"
        return f"{words} ± {self.near:g}" if exact and self.near else words


class Arithmetic(NamedTuple):
    """A number that follows from the paper's own, and so is of no experiment."""

    name: str
    number: float

    def __str__(self) -> str:
        return f"arithmetic:{self.name}"


class Part(NamedTuple):
    """One effect. Without a rule it only stands beside the others.

    A number is "row:name": of images.csv, sets.csv, seeds.csv, the history (`kl_share`) or metrics.json;
    "row:name@1/8": of validation images, an eighth of the training being done (1/512, 1/256, ... 1/2, 1).
    """

    kind: str  # value, ratio, difference; rank: Spearman's correlation of the numbers with theirs
    numbers: tuple[str | Arithmetic, ...]
    rule: Rule | None
    name: str = ""  # what the claim's id becomes for it, where a claim has several
    gate: tuple[str, ...] = ()  # rows: open, unless samples of one are nearer to faces than a Gaussian's on PCA codes
    theirs: tuple[float, ...] = ()  # of a rank: the paper's own numbers


class Claim(NamedTuple):
    """What the paper says, whose file this stands in."""

    id: str
    place: str  # where the paper says so
    claim: str  # in our words
    why: str  # these rows, this metric, this rule
    parts: tuple[Part, ...]


def above(threshold: float, near: float = 0.0) -> Rule:
    return Rule(threshold, math.inf, near=near)


def below(threshold: float, near: float = 0.0) -> Rule:
    return Rule(-math.inf, threshold, near=near)


def value(number: str | Arithmetic, rule: Rule | None, name: str = "", *, gate: Sequence[str] = ()) -> Part:
    return Part("value", (number,), rule, name, tuple(gate))


def ratio(number: str, over: str, rule: Rule | None, name: str = "", *, gate: Sequence[str] = ()) -> Part:
    return Part("ratio", (number, over), rule, name, tuple(gate))


def difference(number: str, minus: str, rule: Rule | None, name: str = "", *, gate: Sequence[str] = ()) -> Part:
    return Part("difference", (number, minus), rule, name, tuple(gate))


def rank(numbers: Sequence[str], theirs: Sequence[float], rule: Rule | None, name: str = "") -> Part:
    """ValueError where there is not one of theirs for each of ours."""
    if len(numbers) != len(theirs):
        raise ValueError(f"rank: {len(numbers)} numbers of ours, {len(theirs)} of theirs; expected as many")
    return Part("rank", tuple(numbers), rule, name, theirs=tuple(theirs))


def named(claim: Claim) -> dict[str, Part]:
    """A claim's parts by their ids: R2, or R1-sharp where there are several."""
    if len(claim.parts) == 1:
        return {claim.id: claim.parts[0]}
    return {f"{claim.id}-{part.name}": part for part in claim.parts}
