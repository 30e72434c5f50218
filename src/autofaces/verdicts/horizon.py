"""How the effect of a claim's part went on over the training, on validation images."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from autofaces.core import files
from autofaces.verdicts import effects, results, rules, scale
from autofaces.verdicts.effects import Effect
from autofaces.verdicts.results import Number, Row
from autofaces.verdicts.rules import Arithmetic, Claim, Part

COLUMNS = ("claim", "point", "images", "effect", "low", "high")


class Point(NamedTuple):
    """An effect at a point of the training."""

    point: int  # in results.POINTS
    images: int  # that the first row has seen
    effect: Effect


def course(part: Part, rows: Mapping[str, Row]) -> list[Point]:
    """A part's effect at every point; none where one of its numbers is not known along the training, as it is of
    reconstructions, or where a row trained on the validation images. Where only closed forms are compared there is but
    one point."""
    named = [number for number in part.numbers if not isinstance(number, Arithmetic)]
    of = [rows.get(number.partition(":")[0]) for number in named]
    if not named or None in of or any("@" in number for number in named):
        return []
    if any(scale.trained_on_validation(row.config) for row in of):
        return []
    first = max(of, key=lambda row: len(row.horizon))  # of equal ones the first
    found = []
    for point, (table, *_) in first.horizon.items():
        numbers = [_at(number, rows, point) for number in part.numbers]
        if None in numbers:
            return []
        found.append(Point(point, int(table.columns["images"][0, 0]), effects.measure(part, numbers)))
    return found


def _at(number: str | Arithmetic, rows: Mapping[str, Row], point: int) -> Number | None:
    """A number of validation images at a point; None of what no image has alone."""
    if isinstance(number, Arithmetic):
        return results.find(number, rows)
    key, _, name = number.partition(":")
    found = results.at(number, rows[key], name, point)
    return found if found and found.units == results.VALIDATION else None


def turns(part: Part, rows: Mapping[str, Row]) -> list[int]:
    """The numbers of images seen at which the effect is on another side of the rule than at the point before."""
    found, before = [], None
    for _, images, (effect, *_) in course(part, rows) if part.rule else ():
        if effect is None:
            continue
        side = part.rule.keeps((effect, effect))
        if before is not None and side != before:
            found.append(images)
        before = side
    return found


def write(path: Path, claims: Iterable[Claim], rows: Mapping[str, Row]) -> None:
    """Write the course of every part that has one as CSV, with 95 % intervals; empty where there is no value."""
    lines = [",".join(COLUMNS)]
    for claim in claims:
        for name, part in rules.named(claim).items():
            lines += [",".join(cells) for cells in _cells(name, part, rows)]
    with files.writing(path) as temporary:
        temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _cells(name: str, part: Part, rows: Mapping[str, Row]) -> Iterator[list[str]]:
    for point, images, (effect, _, sample) in course(part, rows):
        interval = effects.interval(part, sample) if sample else None
        known = interval not in (None, effects.ANYTHING)
        numbers = (effect, *(interval if known else (None, None)))
        yield [name, str(point), str(images), *("" if x is None else f"{x:.6g}" for x in numbers)]
