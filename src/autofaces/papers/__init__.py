"""The papers, each a file here, found by its file name: what it is, its numbers, its claims, and what its figures show.

A file is data and needs nothing to be drawn or trained. It has PAPER, CLAIMS (see verdicts.rules) and FIGURES, in the
order of the page. A row of params.yaml belongs to the file that its `paper` names; `baseline` and `own` are such files
without a paper.
"""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple

from autofaces.core.files import BadInput

EACH = "{dataset}"  # of a figure's data set: there is such a figure for each data set that rows are of
Colour = Literal["blue", "orange", "teal", "purple"]
Rows = Mapping[str, str]  # experiment -> its name in the figure; {variance} is that argument of its objective


class Number(NamedTuple):
    """One number that a paper, its authors' later report or their published code states.

    It stands beside one of ours where ours can be counted or measured: `ours` is "experiment:column" of summary.csv, or
    "claim:id" for the effect of a claim. Otherwise `ours` is words, or empty.
    """

    what: str
    theirs: str
    place: str  # where they say so
    ours: str = ""
    note: str = ""


class Numbers(NamedTuple):
    """Several of them in one table."""

    title: str
    ours: str  # what the column of ours holds
    note: str
    rows: tuple[Number, ...]


class Undecided(NamedTuple):
    """Something that a paper says and that no number of ours can decide."""

    says: str  # in our words
    place: str  # where they say so
    why: str  # no number decides it


class Paper(NamedTuple):
    """What a paper is. Rows that are of no paper have a title, and say in `asks` what they are."""

    title: str
    asks: str
    authors: str = ""
    year: str = ""
    institution: str = ""
    data: str = ""
    numbers: tuple[Numbers, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    legend: str = ""  # what its rows are called in a chart; otherwise its key


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What every figure has. Its texts may contain {dataset}."""

    name: str  # of its file, without .png
    title: str
    note: str  # below the picture; what was measured, and at what scale, follows
    alt: str  # what it shows, for those who cannot see it
    caption: str = ""  # on the page; otherwise the title
    dataset: str = ""  # of rows of this data set alone; EACH


@dataclass(frozen=True, kw_only=True)
class Compared(Figure):
    """The same unseen faces, and what each row makes of them."""

    rows: Rows | None = None  # None: every row of the paper
    side: int = 128  # pixels of a picture


@dataclass(frozen=True, kw_only=True)
class Errors(Figure):
    """A bar for the error of every row of the paper."""

    rows: None = None


@dataclass(frozen=True, kw_only=True)
class Depths(Figure):
    """Some faces, decoded by each row from every depth of its code."""

    rows: Rows


@dataclass(frozen=True, kw_only=True)
class Samples(Figure):
    """A line of faces that each row makes up."""

    rows: Rows


@dataclass(frozen=True, kw_only=True)
class Sprites(Figure):
    """A block of faces that each row makes up, blocks side by side."""

    rows: Rows
    columns: int
    lines: int  # at most
    side: int


class Line(NamedTuple):
    """One row's curve. Lines of the same name look the same, and stand in the legend once."""

    row: str  # experiment
    column: str  # of its history
    name: str
    colour: Colour = "blue"
    style: Literal["-", "--"] = "-"


class Panel(NamedTuple):
    """Axes with lines in them."""

    y: str
    lines: tuple[Line, ...]
    heading: str = ""
    x: Literal["epoch", "iteration", "epoch of the full schedule"] = "epoch"
    warmup: str = ""  # an experiment, the end of whose warm-up is marked


@dataclass(frozen=True, kw_only=True)
class Curves(Figure):
    """Numbers of trainings as they went on."""

    panels: tuple[Panel, ...]
    width: int = 900

    @property
    def rows(self) -> Rows:
        return {line.row: line.row for panel in self.panels for line in panel.lines}


@dataclass(frozen=True, kw_only=True)
class Horizon(Figure):
    """How the effects of the paper's claims went on over the training, a small chart for each part of a claim."""

    rows: None = None


@dataclass(frozen=True, kw_only=True)
class Use(Figure):
    """What one row's code is good for; there is no figure where the row was not tried for it."""

    row: str
    use: Literal["morphs", "feature_maps", "similar", "noise", "dropout", "outliers", "copies"]

    @property
    def rows(self) -> Rows:
        return {self.row: self.row}


def splits(row: str, term: str, name: str = "", colour: Colour = "blue") -> tuple[Line, Line]:
    """The loss of a row, or one of its terms, in training (dashed) and on validation faces."""
    training = Line(row, "train_loss" if term == "loss" else term, f"{name}training", colour, "--")
    return training, Line(row, f"validation_{term}", f"{name}validation", colour)


def keys() -> list[str]:
    """The papers that there are, by their files, in alphabetical order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def ordered(first: Iterable[str]) -> list[str]:
    """The papers of `first`, in its order, then all others that claim something."""
    return list(dict.fromkeys([*first, *(key for key in keys() if load(key).CLAIMS)]))


def load(key: str) -> ModuleType:
    """A paper's file: PAPER, CLAIMS, FIGURES. BadInput where there is none of that name."""
    if key not in keys():
        raise BadInput(
            f"paper {key}: there is no src/autofaces/papers/{key}.py; known: {', '.join(keys())}; rows of params.yaml "
            "that are of no paper say `paper: own`"
        )
    return importlib.import_module(f"autofaces.papers.{key}")


def figures(key: str, datasets: Iterable[str]) -> list[Figure]:
    """A paper's figures, of rows on these data sets."""
    datasets, found = list(dict.fromkeys(datasets)), []
    for figure in load(key).FIGURES:
        found += [_of(figure, dataset) for dataset in datasets] if figure.dataset == EACH else [figure]
    return found


def _of(figure: Figure, dataset: str) -> Figure:
    texts = {field.name: getattr(figure, field.name) for field in fields(Figure)}
    return replace(figure, **{name: text.format(dataset=dataset) for name, text in texts.items()})
