"""Figures that set rows beside each other: their pictures, their errors, and how their trainings went."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from autofaces import papers
from autofaces.core.files import BadInput
from autofaces.figures import canvas
from autofaces.figures.canvas import COLOURS, FACE, MEDIUM
from autofaces.figures.runs import Run, Runs, by_seed, trained_on

SOME, MORE = 5, 6  # faces in a row: as they are, and smaller
CODES, GATE = "samples_codes", "samples_pca"  # in pictures.npz beside samples


def compared(told: papers.Compared, runs: Runs, note: str) -> Figure:
    """The same unseen faces: as they are, and what each run makes of them, beside its means over all test images.

    BadInput if the runs were not shown the same faces.
    """
    first, *others = runs
    originals = runs[first].pictures["originals"]
    for name in others:
        if not np.array_equal(runs[name].pictures["originals"], originals):
            raise BadInput(
                f"figure '{told.title}': {name} (dataset {runs[name].config['dataset']}) was shown other faces than "
                f"{first} ({runs[first].config['dataset']}); give its row in params.yaml the same dataset, or "
                "`paper: own`"
            )
    count = SOME if told.side == FACE else MORE
    rows = [("original", originals[:count])]
    rows += [(_measured(name, run), run.pictures["reconstructions"][:count]) for name, run in runs.items()]
    tested = runs[first].images.image.nunique()
    means = f"Means over {tested:,} unseen faces; detail: correlation of edges with the original's."
    return canvas.faces(rows, told.title, f"{note} {means}", side=told.side)


def depths(told: papers.Depths, runs: Runs, note: str) -> Figure:
    """Some faces, each through every run, decoded from every depth of the code."""
    rows = []
    first = next(iter(runs.values())).pictures
    for i, original in enumerate(first["originals"][: len(first["depths"])]):
        rows += [(name, np.stack([original, *run.pictures["depths"][i]])) for name, run in runs.items()]
    levels = [f"depth {k}" for k in range(1, first["depths"].shape[1] + 1)]
    return canvas.faces(rows, told.title, note, columns=["original", *levels], side=MEDIUM)


def errors(told: papers.Errors, runs: Runs, note: str) -> Figure:
    """A bar for each run's error, a colour for each kind of run: the first word of its name."""
    kinds = list(dict.fromkeys(name.partition("-")[0] for name in runs))
    colours = list(COLOURS.values())
    several = any(run.images.seed.nunique() > 1 for run in runs.values())
    return canvas.bars(
        {name: by_seed(run, "mse") for name, run in runs.items()},
        [colours[kinds.index(name.partition("-")[0]) % len(colours)] for name in runs],
        told.title,
        f"mean squared error, with its 95 % interval over images{' and seeds' * several}",
        note,
    )


def samples(told: papers.Samples, runs: Runs, note: str) -> Figure:
    """Lines of faces that each run makes up, and those of its yardstick."""
    rows = [block for line in _made_up(runs) for block in line]
    return canvas.faces([(name, made[:SOME]) for name, made in rows], told.title, f"{note} {_from(runs)}".strip())


def sprites(told: papers.Sprites, runs: Runs, note: str) -> Figure:
    """Blocks of faces that each run makes up, and of its yardstick."""
    note = f"{note} {_from(runs)}".strip()
    return canvas.sprites(_made_up(runs), told.title, note, told.columns, told.lines, told.side)


def _made_up(runs: Runs) -> list[list[tuple[str, np.ndarray]]]:
    """Faces from N(0, I), below them from codes as they are, and from principal components, once for each data set."""
    of = {run.config["dataset"]: run.pictures for run in runs.values()}
    lines = [
        [(name, run.pictures["samples"]) for name, run in runs.items()],
        [(f"{name}\nfrom codes", run.pictures[CODES]) for name, run in runs.items() if CODES in run.pictures],
        [(f"components\n{name}", pictures[GATE]) for name, pictures in of.items() if GATE in pictures],
    ]
    return [line for line in lines if line]


def _from(runs: Runs) -> str:
    """What the lines of `_made_up` are drawn from, but for the first, of which the note tells."""
    there = {name for run in runs.values() for name in run.pictures}
    words = ["From codes: from a mixture of Gaussians fitted to training codes."] if CODES in there else []
    if GATE in there:
        words.append("Components: from a Gaussian on as many principal components as a code has numbers.")
    return " ".join(words)


def curves(told: papers.Curves, runs: Runs, note: str) -> Figure:
    """The runs' histories, panel by panel."""
    validated = {line.row for panel in told.panels for line in panel.lines if line.column.startswith("validation")}
    note = f"{note} {trained_on({key: run for key, run in runs.items() if key in validated})}".strip()
    return canvas.curves([_panel(panel, runs) for panel in told.panels], told.title, note, told.width)


def _panel(told: papers.Panel, runs: Runs) -> canvas.Panel:
    lines = []
    for row, column, name, colour, style in told.lines:
        across, up = _across(told.x, runs[row]), _column(runs[row], column)
        lines.append(canvas.Line(name, across, up, COLOURS[colour], style))
    warmup = told.warmup and runs[told.warmup].config["objective"]["arguments"].get("warmup_epochs")
    return canvas.Panel(told.heading, told.x, told.y, lines, (warmup, "end of warm-up") if warmup else None)


def _across(x: str, run: Run) -> pd.Series:
    """Where a row of the history stands; epochs of the full schedule are what a warm-up counts (training.loop.Plan)."""
    table, train = run.history, run.config["train"]
    if x == "epoch":
        return table["epoch"]
    if x == "iteration":
        return table["step"]
    full = train.get("epochs") or train["steps"] * table["epoch"].iloc[-1] / table["step"].iloc[-1]
    return full * table["step"] / table["step"].iloc[-1]


def _column(run: Run, name: str) -> pd.Series:
    """A number of the history; of a reconstruction loss, without what does not depend on the model: N/2 log(2 pi
    variance), of a Gaussian whose variance is not the error itself."""
    values = run.history[name]
    settings = run.config["objective"]["arguments"]
    variance = settings.get("variance", 1.0)
    if name.endswith("reconstruction_nats") and settings["likelihood"] == "gaussian" and variance != "optimal":
        numbers = run.pictures["originals"][0].size
        return values - numbers / 2 * math.log(2 * math.pi * variance)
    return values


def _measured(name: str, run: Run) -> str:
    means = run.images.mean()
    return f"{name}\nmse {means.mse:.4f}\nssim {means.ssim:.2f}\ndetail {means.gradient_correlation:.2f}"
