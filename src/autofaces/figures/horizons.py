"""How the effects of a paper's claims went on over the training: a small chart for each part of a claim."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from autofaces import papers
from autofaces.figures import canvas
from autofaces.figures.canvas import BLUE, EDGE, FAINT, INK, ORANGE, SMALL, SMALLEST, WIDTH, place, write
from autofaces.figures.runs import Runs, measured_at
from autofaces.verdicts import scale
from autofaces.verdicts.rules import Arithmetic, Claim, Part, Rule, named

MANY = 24  # charts; of more, those that only stand beside a claim are left out
HEIGHT, HEADING, APART = 112, 22, 16  # pixels: of a chart, its heading, and between charts
LABELS = 46  # pixels for the numbers on the left of a chart
FAR, FARTHEST = 9, math.log(1000)  # times the rest, and of a ratio: farther early effects leave the chart
METRICS = {  # those whose names are long, in a heading
    "sharpness_ratio": "sharp",
    "sharpness_ratio_coarse": "coarse",
    "gradient_correlation": "detail",
    "generalisation_gap": "gap",
    "reconstruction_nats": "reconstruction",
    "active_units": "active",
}

Table = Sequence[Mapping[str, str]]  # the rows of metrics/horizon/<paper>.csv: claim, point, images, effect, low, high


class Course(NamedTuple):
    """One part of a claim."""

    id: str
    part: Part
    numbers: np.ndarray  # float (P, 4): images seen, no two the same, effect, low, high; NaN where there is none


def horizon(told: papers.Horizon, claims: Sequence[Claim], runs: Runs, table: Table) -> Figure | None:
    """A chart for each part that the table has: its effect and 95 % interval over the images seen, and its rule; below
    them what these charts stand for. None where the table has none."""
    courses = _courses(claims, table)
    if len(courses) > MANY:
        courses = [course for course in courses if course.part.rule]
    if not courses:
        return None
    columns = min(4, max(3, math.ceil(len(courses) / 4)))
    lines = math.ceil(len(courses) / columns)
    each, down = (WIDTH - 2 * EDGE - 6) / columns, HEADING + HEIGHT + APART
    ends = [_end(course, runs) for course in courses]
    seen = np.concatenate([course.numbers[:, 0] for course in courses])
    left, right = seen.min() / 1.25, 1.25 * seen.max()
    note = f"{told.note} {_measured_at(courses, runs)} {_legend(courses, ends, right)}"
    figure, top = canvas.page(WIDTH, lines * down + 34, told.title, note)
    for i, (course, end) in enumerate(zip(courses, ends, strict=True)):
        at, y = EDGE + each * (i % columns), top + down * (i // columns)
        axes = figure.add_axes((0, 0, 1, 1), label=course.id)
        place(axes, at + LABELS, y + HEADING, each - LABELS - 8, HEIGHT)
        _draw(axes, course, end if end and end <= right else None)
        axes.set(xscale="log", xlim=(left, right))
        axes.xaxis.set_major_locator(LogLocator(subs=(1,) if right > 30 * left else (1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _count(value)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params(labelsize=SMALLEST, length=2, labelbottom=i + columns >= len(courses))
        write(figure, at + LABELS, y + 3, course.id, size=SMALL, weight="bold")
        used = canvas.text_width(course.id, SMALL, "bold") + 11
        words = canvas.fitted(_metric(course.part), int(each - LABELS - used), SMALLEST)
        write(figure, at + LABELS + used, y + 3.5, words, size=SMALLEST, color=FAINT)
    write(figure, WIDTH / 2, top + lines * down + 10, "images seen in training", size=SMALL, color=FAINT, ha="center")
    return figure


def _courses(claims: Sequence[Claim], table: Table) -> list[Course]:
    """The parts that have numbers, in the claims' order."""
    found: dict[str, list[list[float]]] = {}
    for row in table:
        numbers = [float(row[name] or "nan") for name in ("images", "effect", "low", "high")]
        found.setdefault(row["claim"], []).append(numbers)
    parts = {key: part for claim in claims for key, part in named(claim).items()}
    shown = {}
    for key in parts:
        if key in found:
            last = {images: numbers for images, *numbers in found[key]}  # a short training has points at one step
            shown[key] = np.array([[images, *numbers] for images, numbers in last.items()])
            shown[key][~np.isfinite(shown[key])] = np.nan  # of an interval: too little is known
    return [Course(key, parts[key], x) for key, x in shown.items() if np.isfinite(x[:, 1]).any()]


def _measured_at(courses: Sequence[Course], runs: Runs) -> str:
    """What the charts stand for: of which rows they are, and after how many images they end."""
    numbers = [number for course in courses for number in course.part.numbers if not isinstance(number, Arithmetic)]
    keys = list(dict.fromkeys(number.partition(":")[0] for number in numbers))
    own = {key: runs[key] for key in keys if key in runs}
    others = [key for key in keys if key not in runs]
    words = [measured_at(own, [round(course.numbers[-1, 0]) for course in courses])] if own else []
    words += [f"Rows of other papers, some on other data: {', '.join(others)}."] if own and others else []
    return " ".join(words)


def _end(course: Course, runs: Runs) -> float | None:
    """Images after which the paper's training ended, of the first row of the part that is this paper's and trained."""
    for run in (runs.get(str(number).partition(":")[0]) for number in course.part.numbers):
        passes = run and scale.passes(run.config, run.metrics)
        if passes:
            return run.config["training"]["images"] / passes
    return None


def _draw(axes: Axes, course: Course, end: float | None) -> None:
    images, effect, low, high = course.numbers.T
    rule = course.part.rule
    colour = BLUE if rule else FAINT
    axes.fill_between(images, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(images, effect, color=colour, linewidth=1.3)
    for x, middle, *interval in course.numbers.tolist():
        kept = rule and rule.keeps(tuple(interval) if np.isfinite(interval).all() else (middle, middle))
        edge = ORANGE if kept is False else colour
        face = "white" if rule and kept is None else edge
        axes.plot([x], [middle], "o", markersize=3.6, color=edge, markerfacecolor=face, markeredgewidth=1)
    bounds = [bound for bound in (rule.low, rule.high) if math.isfinite(bound)] if rule else []
    _scale(axes, course, bounds)
    if rule:
        _shade(axes, rule, bounds)
    if end:
        axes.axvline(end, color=INK, linestyle=(0, (1, 2)), linewidth=1)


def _scale(axes: Axes, course: Course, bounds: Sequence[float]) -> None:
    """Limits that hold the effects of the later half and the rule, early effects unless they are `FAR` off these, and
    the intervals but for what an early one is wider than all else."""
    _, effect, low, high = course.numbers.T
    known = np.flatnonzero(np.isfinite(effect))
    early, late = np.split(effect[known], [len(known) // 2])
    logarithmic = course.part.kind == "ratio" and (course.numbers[np.isfinite(course.numbers)] > 0).all()
    there, back = (np.log, np.exp) if logarithmic else (np.positive, np.positive)
    must = there(np.concatenate([late, bounds, low[-1:], high[-1:]]))
    least, most = np.nanmin(must), np.nanmax(must)
    reach = FAR * ((most - least) or abs(most) or 1.0)
    reach = min(reach, FARTHEST) if logarithmic else reach
    nearest = least - reach, most + reach
    seen = there(early).clip(*nearest)
    least, most = min([least, *seen]), max([most, *seen])
    room = (most - least) or abs(most) or 1.0
    least = max(np.nanmin(there([*low, back(least)])), least - room / 2, nearest[0]) - 0.12 * room
    most = min(np.nanmax(there([*high, back(most)])), most + room / 2, nearest[1]) + 0.12 * room
    if logarithmic:
        axes.set_yscale("log")
    axes.set_ylim(back(least), back(most))
    wide = logarithmic and most - least > math.log(5)
    decades = (1,) if most - least > math.log(300) else (1, 2, 5) if most - least < math.log(30) else (1, 3)
    axes.yaxis.set_major_locator(LogLocator(subs=decades, numticks=5) if wide else MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_minor_locator(NullLocator())
    sign = {"ratio": "×{:.6g}", "difference": "{:+.6g}"}.get(course.part.kind, "{:.6g}")
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: sign.format(value).replace("-", "−") if value else "0")
    )


def _shade(axes: Axes, rule: Rule, bounds: Sequence[float]) -> None:
    """The side of the rule on which the claim is right, and its line."""
    bottom, top = axes.get_ylim()
    inside = (max(bottom, rule.low), min(top, rule.high))
    spans = [(bottom, inside[0]), (inside[1], top)] if rule.outside else [inside]
    for low, high in spans:
        axes.axhspan(low, high, color="#e6f4ea", linewidth=0, zorder=0)
    for bound in bounds:
        axes.axhline(bound, color=INK, linewidth=0.9, zorder=1.5)


def _legend(courses: Sequence[Course], ends: Sequence[float | None], right: float) -> str:
    words = ["×: a ratio; + and −: a difference. Green: where the claim is right."]
    if any(course.part.rule for course in courses):
        words.append("Dots are orange where the whole interval breaks the rule, hollow where a part of it does.")
    if not all(course.part.rule for course in courses):
        words.append("Grey charts stand beside a claim.")
    if any(end and end <= right for end in ends):
        words.append("Dotted: where the paper's training ended.")
    if beyond := sorted({round(end) for end in ends if end and end > right}):
        ends = " to ".join(f"{images:,}" for images in dict.fromkeys((beyond[0], beyond[-1])))
        words.append(f"The paper's own trainings end beyond what is shown, at {ends} images.")
    return " ".join(words)


def _metric(part: Part) -> str:
    name = str(part.numbers[0]).partition(":")[2]
    return METRICS.get(name, name.replace("_", " "))


def _count(images: float) -> str:
    """As in 300, 10k, 2M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if images >= unit:
            return f"{images / unit:g}{letter}"
    return f"{images:g}"
