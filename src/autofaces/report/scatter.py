"""Error against sharpness of every experiment, as inline SVG that is there without JavaScript."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from autofaces.papers import Paper
from autofaces.report.tables import number

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 52
# shapes that tell papers apart without colour, drawn around (0, 0); page.css has a colour for each
MARKS = (
    "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0z",
    "M-5 -5h10v10h-10z",
    "M0 -6.5L6 5H-6z",
    "M0 -7L6 0L0 7L-6 0z",
    "M-1.7 -6h3.4v4.3h4.3v3.4h-4.3v4.3h-3.4v-4.3h-4.3v-3.4h4.3z",
    "M0 6.5L6 -5H-6z",
)
# of the columns that error may stand against: how the axis is called, and whether it is logarithmic
AXES = {
    "sharpness_ratio_coarse": ("coarse sharpness, share of the original's", True),
    "sharpness_ratio": ("sharpness, share of the original's", True),
    "gradient_correlation": ("true detail, correlation of edges", False),
    "ssim": ("structural similarity", False),
}


class Kind(NamedTuple):
    """How the experiments of one paper are marked."""

    legend: str
    look: str  # CSS class
    shape: str


class Point(NamedTuple):
    """One experiment."""

    key: str
    paper: str
    x: float
    y: float
    label: str
    end: bool  # the label stands on the left of the mark


class Tick(NamedTuple):
    at: float
    text: str


class Chart(NamedTuple):
    """One choice of axis; places in pixels of the SVG."""

    key: str
    title: str
    points: list[Point]
    across: list[Tick]
    up: list[Tick]


def kinds(papers: Mapping[str, Paper]) -> dict[str, Kind]:
    """The mark of each paper, in their order; from the seventh on they come again."""
    marks = enumerate(papers.items())
    return {key: Kind(p.legend or key, f"mark-{i % len(MARKS)}", MARKS[i % len(MARKS)]) for i, (key, p) in marks}


def charts(rows: Mapping[str, Mapping[str, str]]) -> list[Chart]:
    """A chart of mse against each column of AXES, of those experiments that have both."""
    found = []
    for column, (title, logarithmic) in AXES.items():
        values = {key: _pair(row, column, logarithmic) for key, row in rows.items()}
        values = {key: pair for key, pair in values.items() if pair}
        if values:
            found.append(_chart(column, title, logarithmic, values, rows))
    return found


def _pair(row: Mapping[str, str], column: str, logarithmic: bool) -> tuple[float, float] | None:
    try:
        x, y = float(row[column]), float(row["mse"])
    except (KeyError, ValueError):
        return None
    shown = math.isfinite(x) and math.isfinite(y) and y > 0 and (x > 0 or not logarithmic)
    return (x, y) if shown else None


def _chart(
    column: str,
    title: str,
    logarithmic: bool,
    values: Mapping[str, tuple[float, float]],
    rows: Mapping[str, Mapping[str, str]],
) -> Chart:
    place_x, across = _axis([x for x, _ in values.values()], logarithmic, LEFT, WIDTH - RIGHT)
    place_y, up = _axis([y for _, y in values.values()], True, HEIGHT - BOTTOM, TOP)
    points = []
    for key, (x, y) in values.items():
        label = f"{key}: mse {number(str(y))}, {title.partition(',')[0]} {number(str(x))}"
        points.append(Point(key, rows[key]["paper"], place_x(x), place_y(y), label, place_x(x) > WIDTH / 2))
    return Chart(column, title, points, across, up)


def _axis(values: list[float], logarithmic: bool, start: float, end: float) -> tuple[Callable, list[Tick]]:
    """From a value to its place, and the ticks, for an axis that runs from `start` to `end`."""
    scaled = [math.log10(value) if logarithmic else value for value in values]
    low, high = min(scaled), max(scaled)
    margin = 0.06 * (high - low) or 0.5
    low, high = low - margin, high + margin

    def place(value: float) -> float:
        at = math.log10(value) if logarithmic else value
        return round(start + (end - start) * (at - low) / (high - low), 1)

    if logarithmic:
        steps = [m * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    else:
        step = 10.0 ** math.floor(math.log10(high - low))
        step *= next(m for m in (0.1, 0.2, 0.5, 1) if (high - low) / (m * step) <= 8 or m == 1)
        steps = [n * step for n in range(math.floor(low / step), math.ceil(high / step) + 1)]
    shown = [s for s in steps if low <= (math.log10(s) if logarithmic else s) <= high]
    if logarithmic and len(shown) > 8:
        shown = [s for s in shown if f"{s:e}"[0] == "1"]
    return place, [Tick(place(s), f"{s:.6g}".replace("-", "−")) for s in shown]
