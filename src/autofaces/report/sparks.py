"""How an effect went on over the training, as a small inline SVG beside it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from autofaces.core import files
from autofaces.verdicts.rules import Claim, Part, Rule, named

WIDTH, HEIGHT, EDGE = 132, 36, 4


class Point(NamedTuple):
    """An effect on validation images, after so many images seen; an end of its interval may be NaN."""

    images: float
    effect: float
    low: float
    high: float


class Spark(NamedTuple):
    """Places in pixels of the SVG."""

    words: str  # what it shows
    band: str  # the interval, as a path
    line: str  # the effect
    rules: list[float]  # heights at which the rule begins or ends
    end: tuple[float, float]


Horizons = Mapping[str, Sequence[Point]]  # by the id of a claim, or of its part


def read(folder: Path | str) -> dict[str, list[Point]]:
    """The points of metrics/horizon/<paper>.csv that have an effect; none where the folder is absent. BadInput where a
    file is not such a table."""
    found: dict[str, list[Point]] = {}
    for path in sorted(Path(folder).glob("*.csv")):
        try:
            for row in files.read_csv(path):
                point = Point(*(_number(row[name]) for name in Point._fields))
                if math.isfinite(point.effect):
                    found.setdefault(row["claim"], []).append(point)
        except (KeyError, ValueError):
            raise files.BadInput(f"{path}: not the effects over a training; run `dvc repro --force claims`") from None
    return found


def draw(horizons: Horizons, claims: Iterable[Claim], shown: Mapping[str, str]) -> dict[str, Spark]:
    """A spark line for each part of the claims that has more than one point. `shown`: what an effect of each kind looks
    like, as a format."""
    parts = {key: part for claim in claims for key, part in named(claim).items()}
    several = {key: horizons[key] for key in parts if len(horizons.get(key, ())) > 1}
    return {key: _spark(points, parts[key], shown) for key, points in several.items()}


def _spark(points: Sequence[Point], part: Part, shown: Mapping[str, str]) -> Spark:
    rule = part.rule or Rule(-math.inf, math.inf)
    bounds = [bound for bound in (rule.low, rule.high) if math.isfinite(bound)]
    needed = [*(point.effect for point in points), *bounds]
    scaled = math.log if part.kind == "ratio" and min(needed) > 0 else float
    low, high = min(map(scaled, needed)), max(map(scaled, needed))
    room = 0.25 * (high - low) or 1.0
    low, high = low - room, high + room
    first, last = math.log(points[0].images), math.log(points[-1].images)

    def x(images: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (math.log(images) - first) / ((last - first) or 1), 1)

    def y(value: float) -> float:
        at = scaled(value) if scaled is float or value > 0 else low
        return round(HEIGHT - HEIGHT * (min(max(at, low), high) - low) / (high - low), 1)

    known = [point for point in points if math.isfinite(point.low) and math.isfinite(point.high)]
    around = [(p.images, p.high) for p in known] + [(p.images, p.low) for p in reversed(known)]
    ends = (f"{shown[part.kind].format(p.effect)} after {p.images:,.0f} images" for p in (points[0], points[-1]))
    words = [f"from {' to '.join(ends)} seen in training".replace("-", "−")]
    words += [f"rule {part.rule.text(exact=False)}"] if part.rule else []
    return Spark(
        "; ".join(words),
        _path([(x(images), y(value)) for images, value in around]),
        _path([(x(point.images), y(point.effect)) for point in points]),
        [y(bound) for bound in bounds],
        (x(points[-1].images), y(points[-1].effect)),
    )


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places) if places else ""


def _number(text: str) -> float:
    return float(text) if text else math.nan
