"""The effect of a claim's part, and how sure it is."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from autofaces.core import files
from autofaces.verdicts import bootstrap, results
from autofaces.verdicts.results import Number
from autofaces.verdicts.rules import Part

LEVEL = 0.95
LACKING = 0.1  # share of images without a value from which on what is left says nothing of all
ANYTHING = (-math.inf, math.inf)  # the interval of an effect of which too little is known

Interval = tuple[float, float]


class Sample(NamedTuple):
    """The numbers of a part, side by side."""

    values: np.ndarray  # (S, N, K)
    groups: np.ndarray  # (N,)
    alone: bool  # no image or fold has them: N is 1


class Effect(NamedTuple):
    """An effect, or why there is none."""

    effect: float | None
    reason: str | None
    sample: Sample | None


def measure(part: Part, numbers: Sequence[Number]) -> Effect:
    """A part's effect: of the means of its numbers over seeds and over the images that have them all under every seed.

    There is none where a number has no value, as that of a collapsed model, or lacks it for a tenth of the images that
    have another one, or where a ratio's second one is 0.
    BadInput where the numbers are of different images, folds or seeds.
    """
    for number in numbers:
        empty = ~np.isfinite(number.values).any(1)
        if empty.any():
            which = "" if empty.all() else f" under seed {', '.join(map(str, number.seeds[empty]))}"
            return Effect(None, f"{number.name} has no value{which}", None)
    values, groups = _paired(numbers)
    whole = np.isfinite(values).all((0, 2))
    most = np.isfinite(values).all(0).sum(0).max()  # what was asked of few images has no value of the others
    if whole.sum() < (1 - LACKING) * most:
        return Effect(None, f"{most - whole.sum()} of {most} images lack {' or '.join(n.name for n in numbers)}", None)
    sample = Sample(values[:, whole], groups[whole], all(number.units == results.SEEDS for number in numbers))
    if not whole.any():
        return Effect(None, f"no image has a value of {' and '.join(number.name for number in numbers)}", None)
    means = sample.values.mean((0, 1))
    if part.kind == "ratio" and means[1] == 0:
        return Effect(None, f"{numbers[1].name} is 0", None)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = float(_plain(part)(*means))
    if not math.isfinite(effect):
        return Effect(None, "no order among numbers that are all equal", None)
    return Effect(effect, None, sample)


def interval(part: Part, sample: Sample, level: float = LEVEL) -> Interval | None:
    """The interval of an effect, over seeds and over groups of images; None where nothing is known but one number."""
    seeds = len(sample.values)
    if sample.alone and (sample.values == sample.values[:1]).all():
        return None
    if not sample.alone and len(np.unique(sample.groups)) < 2:
        return ANYTHING

    def of(effect: Callable[..., np.ndarray]) -> Interval:
        if not sample.alone:
            return bootstrap.interval(sample.values, effect, sample.groups, level)
        each = effect(*sample.values[:, 0].T)
        half = -special.stdtrit(seeds - 1, (1 - level) / 2) * each.std(ddof=1) / math.sqrt(seeds)
        middle = effect(*sample.values.mean((0, 1)))
        return middle - half, middle + half

    # errors add to a ratio's logarithm, which numbers that are 0 or negative do not have
    ways = [(_log_ratio, np.exp)] * (part.kind == "ratio") + [(_plain(part), np.positive)]
    within = (-1, 1) if part.kind == "rank" else ANYTHING
    with np.errstate(divide="ignore", invalid="ignore"):
        for effect, back in ways:
            low, high = np.clip(back(of(effect)), *within).tolist()
            if math.isfinite(low) and math.isfinite(high):
                return low, high
    return ANYTHING


def spearman(theirs: Sequence[float], *ours: np.ndarray) -> np.ndarray:
    """K arrays of numbers, (...) each -> (...): how their order agrees with that of K numbers, from -1 to 1. Equal
    numbers share their rank; NaN where all of ours are equal."""
    a, b = _ranks(np.stack(ours, -1)), _ranks(np.array(theirs))
    return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))


def _ranks(x: np.ndarray) -> np.ndarray:
    """(..., K) -> (..., K): the rank of each, from its middle: how many are less, less how many are more, halved."""
    return np.sign(x[..., :, None] - x[..., None, :]).sum(-1) / 2


def _plain(part: Part) -> Callable[..., np.ndarray]:
    kinds = {
        "value": lambda a: a,
        "ratio": lambda a, b: a / b,
        "difference": lambda a, b: a - b,
        "rank": lambda *ours: spearman(part.theirs, *ours),
    }
    return kinds[part.kind]


def _log_ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.log(a) - np.log(b)


def _paired(numbers: Sequence[Number]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as (S, N, K), and the groups (N,): of the same images or folds. What was trained under one seed alone, as
    a closed form is, stands beside each seed of the others, what no image has alone beside every image.

    Each row looks at as many validation images as its training can bear: those that all looked at count."""
    names = " and ".join(number.name for number in numbers)
    several = [number for number in numbers if len(number.seeds) > 1]
    if any(not np.array_equal(number.seeds, several[0].seeds) for number in several):
        raise files.BadInput(f"claims: {names} are of different seeds; run `dvc repro evaluate`")
    spread = [number for number in numbers if number.units != results.SEEDS]
    if not spread:
        return _stacked([number.values for number in numbers]), np.zeros(1, int)
    first = spread[0]
    if len({number.units for number in spread}) > 1:
        units = ", ".join(number.units for number in spread)
        raise files.BadInput(f"claims: {names} cannot be compared image by image: they are of {units}")
    if first.units == results.VALIDATION:
        return _of_common(numbers, spread)
    if not all(np.array_equal(n.index, first.index) and np.array_equal(n.groups, first.groups) for n in spread):
        counts = ", ".join(str(len(number.index)) for number in spread)
        raise files.BadInput(
            f"claims: {names} were measured on different {first.units} ({counts} of them); run `dvc repro evaluate`"
        )
    return _stacked([number.values for number in numbers]), first.groups


def _of_common(numbers: Sequence[Number], spread: Sequence[Number]) -> tuple[np.ndarray, np.ndarray]:
    common = spread[0].index
    for number in spread[1:]:
        common = np.intersect1d(common, number.index)
    places = [None if n.units == results.SEEDS else np.flatnonzero(np.isin(n.index, common)) for n in numbers]
    values = [n.values if at is None else n.values[:, at] for n, at in zip(numbers, places, strict=True)]
    return _stacked(values), spread[0].groups[np.isin(spread[0].index, common)]


def _stacked(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*values), axis=-1)
