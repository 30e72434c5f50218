"""The papers' figures, ours beside their numbers: from samples and histories to byte-stable PNG."""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from autofaces import files
from autofaces.params import Experiment

DPI = 100
FACE = 128  # pixels of a face's side in a figure
GAP = 4  # pixels between faces
SOME = 6  # faces in a figure of many rows
INK, FAINT = "#1f2430", "#6b7280"
COLOURS = ("#2563eb", "#d9480f", "#0f766e", "#9333ea", "#b45309", "#be185d", "#4d7c0f", "#475569")

matplotlib.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e5e7eb",
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "svg.hashsalt": "autofaces",
    }
)


class Run(NamedTuple):
    """One experiment's results, as the figures need them."""

    experiment: Experiment
    images: pd.DataFrame  # every test image's metrics
    pictures: dict[str, np.ndarray]  # uint8 (K, H, W, C): originals, reconstructions; depths
    history: pd.DataFrame


def run(folder: Path | str, experiment: Experiment) -> Run:
    """What evaluate wrote into `folder`."""
    folder = Path(folder)
    with np.load(folder / "pictures.npz") as pictures:
        return Run(experiment, pd.read_csv(folder / "images.csv"), dict(pictures), pd.read_csv(folder / "history.csv"))


def curve_rows(runs: dict[str, Run]) -> list[dict[str, object]]:
    """The histories of several experiments in one long table, for `dvc plots`."""
    columns = ["epoch", "step", "train_loss", "validation_loss", "validation_mse"]
    tables = [run.history[columns].assign(experiment=key) for key, run in runs.items()]
    return pd.concat(tables)[["experiment", *columns]].to_dict("records")


def draw(paper: str, runs: dict[str, Run], scale: str) -> dict[str, Figure]:
    """Every figure of a paper by its file name; `scale` says what data and how much of the work it stands for."""
    function, needed = {
        "ray2020": (ray2020, ("ray-stacked", "ray-recursive", "ray-stacked-vae")),
        "kovenko2020": (kovenko2020, ("kovenko-ae", "kovenko-vae-var1e-2")),
        "koenig2020": (koenig2020, ("koenig-m1-nf16-bs32", "koenig-m2-bs32")),
        "kolotouros2017": (kolotouros2017, ("kolotouros-sketch-ae", "kolotouros-sketch-vae")),
    }[paper]
    if missing := [key for key in needed if key not in runs]:
        raise files.BadInput(
            f"figures of {paper} need the experiment {missing[0]}; params.yaml has {', '.join(runs) or 'none of it'}"
        )
    return function(runs, scale)


def scale(profile: str, source: str, runs: Iterable[Run]) -> str:
    """What a figure stands for, in a line: profile, data, and images seen in training."""
    faces_are = {
        "synthetic": "synthetic faces",
        "local": "real faces (local archives)",
        "official": "real faces",
    }
    seen = sorted({int(run.history["images"].iloc[-1]) for run in runs})
    dataset = sorted({run.experiment.dataset for run in runs})
    return (
        f"{', '.join(dataset)}, {faces_are[source]}, profile {profile}, "
        f"{' to '.join(f'{n:,}' for n in dict.fromkeys((seen[0], seen[-1])))} images seen in training."
    )


def ray2020(runs: dict[str, Run], scale: str) -> dict[str, Figure]:
    """Figure 3 of the paper, decoding from every depth, loss curves, and every variant with its error."""
    stacked, recursive = runs["ray-stacked"], runs["ray-recursive"]
    pair = {"stacked": stacked, "recursive": recursive}
    rows = [("original", stacked.pictures["originals"])]
    rows += [(_measured(name, run), run.pictures["reconstructions"]) for name, run in pair.items()]

    levels = stacked.pictures["depths"].shape[1]
    deep = []
    for i in range(len(stacked.pictures["depths"])):
        original = stacked.pictures["originals"][i : i + 1]
        for name, run in pair.items():
            deep.append((name, np.concatenate([original, run.pictures["depths"][i]])))
    return {
        "reconstructions.png": faces(
            rows,
            title="Unseen faces after seven halvings: trained end to end, and level by level",
            note=f"Figure 3 of ray2020, ours. {scale}",
        ),
        "depths.png": faces(
            deep,
            title="What each depth of the code still knows",
            note=f"Encoded to depth k and decoded from there: each depth halves width and height once more. {scale}",
            columns=["original", *(f"depth {k}" for k in range(1, levels + 1))],
        ),
        "losses.png": curves(
            {name: run.history for name, run in pair.items()},
            {"validation_mse": "validation faces"},
            title="Error of the whole reconstruction while training",
            note=scale,
        ),
        "variants.png": faces(
            [
                ("original", stacked.pictures["originals"][:SOME]),
                *((_measured(_short(k), run), run.pictures["reconstructions"][:SOME]) for k, run in runs.items()),
            ],
            title="The same unseen faces through every variant",
            note=f"Figure 3 of ray2020 for all rows. bn: batch norm; sharedbn: shared by both ways. {scale}",
        ),
        "errors.png": bars(
            {_short(key): run.images["mse"] for key, run in runs.items()},
            title="Error of every variant on unseen faces",
            axis="mean squared error, with 95 % interval over images",
            note=f"After table 1 of the authors' final report (2022). {scale}",
        ),
        "samples.png": made_up(
            runs,
            title="Faces made up by the variational variants",
            note=f"After the authors' final report (2022). {scale}",
        ),
    }


def made_up(runs: dict[str, Run], title: str, note: str) -> Figure:
    """What the variational rows make of the same draws of N(0, I), a row each."""
    rows = [(_short(key), run.pictures["samples"]) for key, run in runs.items() if "samples" in run.pictures]
    return faces(rows, title=title, note=note)


def kovenko2020(runs: dict[str, Run], scale: str) -> dict[str, Figure]:
    """Figure 5 (reconstructions) of every row, and the loss curves (figures 4 and 14)."""
    rows = [("original", runs["kovenko-ae"].pictures["originals"])]
    rows += [
        (_measured(key.removeprefix("kovenko-"), run), run.pictures["reconstructions"]) for key, run in runs.items()
    ]
    return {
        "reconstructions.png": faces(
            rows,
            title="Unseen faces from 256 numbers",
            note=f"Figure 5 of kovenko2020, ours. {scale}",
        ),
        "samples.png": made_up(
            runs,
            title="Faces made up by each VAE: variance of the pixels, and warm-up of the KL",
            note=f"Figures 12 and 15 of kovenko2020, ours. {scale}",
        ),
        "losses.png": curves(
            {key.removeprefix("kovenko-"): run.history for key, run in runs.items()},
            {"validation_mse": "validation faces"},
            title="Error of the reconstruction while training",
            note=f"After figures 4 and 14 of kovenko2020. {scale}",
        ),
    }


def kolotouros2017(runs: dict[str, Run], scale: str) -> dict[str, Figure]:
    """Figures 2 and 3 (sketches through AE and VAE) and 1 (losses), and sketches that the VAE makes up."""
    sketches = {"AE": runs["kolotouros-sketch-ae"], "VAE": runs["kolotouros-sketch-vae"]}
    rows = [("original", sketches["AE"].pictures["originals"])]
    rows += [(_measured(name, run), run.pictures["reconstructions"]) for name, run in sketches.items()]
    return {
        "reconstructions.png": faces(
            rows,
            title="Unseen sketches: autoencoder and variational autoencoder",
            note=f"Figures 2 and 3 of kolotouros2017, ours. {scale}",
        ),
        "losses.png": curves(
            {name: run.history for name, run in sketches.items()},
            {"validation_mse": "validation sketches"},
            title="Error of the reconstruction while training",
            note=f"Figure 1 of kolotouros2017, ours. {scale}",
        ),
        "samples.png": made_up(runs, title="Sketches made up by the VAE", note=scale),
    }


def koenig2020(runs: dict[str, Run], scale: str) -> dict[str, Figure]:
    """Figure 3 (model 1 against model 2), and figures 4 and 5 (validation and training losses)."""
    one, two = runs["koenig-m1-nf16-bs32"], runs["koenig-m2-bs32"]
    names = {"model 1": one, "model 2": two}
    rows = [("original", one.pictures["originals"])]
    rows += [(_measured(name, run), run.pictures["reconstructions"]) for name, run in names.items()]
    return {
        "reconstructions.png": faces(
            rows,
            title="Unseen faces from 256 numbers: strided convolutions (model 1) and pooling (model 2)",
            note=f"Figure 3 of koenig2020, ours. {scale}",
        ),
        "losses.png": curves(
            {f"{name}, batch {run.experiment.train.batch_size}": run.history for name, run in names.items()},
            {"validation_loss": "validation", "train_loss": "training"},
            title="Loss while training: mean squared error on [-1, 1]",
            note=f"Figures 4 and 5 of koenig2020, ours. {scale}",
        ),
    }


def faces(
    rows: Sequence[tuple[str, np.ndarray]],
    title: str,
    note: str,
    columns: Sequence[str] | None = None,
) -> Figure:
    """Rows of pictures, (label, uint8 (K, H, W, C)) each, every picture shown pixel by pixel."""
    count = len(rows[0][1])
    margin = max(150, 20 + 8 * max(len(line) for label, _ in rows for line in label.splitlines()))
    head, foot = 58 if columns is None else 80, 34
    width = margin + count * (FACE + GAP) + 12
    height = head + len(rows) * (FACE + GAP) + foot
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    for r, (label, pictures) in enumerate(rows):
        top = head + r * (FACE + GAP)
        for c, picture in enumerate(pictures):
            left = margin + c * (FACE + GAP)
            box = (left / width, 1 - (top + FACE) / height, FACE / width, FACE / height)
            axes = figure.add_axes(box)
            axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_axis_off()
        y = 1 - (top + FACE / 2) / height
        figure.text((margin - 12) / width, y, label, ha="right", va="center", linespacing=1.5)
    for c, label in enumerate(columns or []):
        x = (margin + c * (FACE + GAP) + FACE / 2) / width
        figure.text(x, 1 - (head - 8) / height, label, ha="center", va="bottom", color=FAINT)
    _title(figure, title, note)
    return figure


def curves(histories: dict[str, pd.DataFrame], panels: dict[str, str], title: str, note: str) -> Figure:
    """Each history's column against epochs: a panel per column (name -> heading), a colour per history."""
    figure = Figure(figsize=(5.4 * len(panels) + (2.6 if len(panels) == 1 else 0), 4.2), dpi=DPI)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (column, heading) in zip(axes, panels.items(), strict=True):
        for colour, (name, history) in zip(itertools.cycle(COLOURS), histories.items(), strict=False):
            ax.plot(history["epoch"], history[column], color=colour, marker="o", markersize=3.5, label=name)
        ax.set_title(heading, fontsize=10, color=FAINT)
        ax.set_xlabel("epoch")
        ax.margins(x=0.03, y=0.1)
    axes[0].set_ylim(bottom=0)  # after all is drawn: it fixes the shared axis
    axes[0].set_ylabel("mean squared error")
    axes[-1].legend(frameon=False)
    _title(figure, title, note)
    figure.subplots_adjust(left=0.1 if len(panels) > 1 else 0.11, right=0.97, top=0.8, bottom=0.2)
    return figure


def bars(values: dict[str, pd.Series], title: str, axis: str, note: str) -> Figure:
    """A bar for the mean of each series, with its 95 % interval by bootstrap over the images."""
    figure = Figure(figsize=(9.6, 1.5 + 0.32 * len(values)), dpi=DPI)
    axes = figure.subplots()
    names = list(values)[::-1]
    means = np.array([values[name].mean() for name in names])
    low, high = np.array([interval(values[name].to_numpy()) for name in names]).T
    axes.barh(names, means, color=COLOURS[0], xerr=(means - low, high - means), ecolor=INK, capsize=2, height=0.7)
    axes.set_xlabel(axis)
    axes.grid(axis="y", visible=False)
    _title(figure, title, note)
    inch = figure.get_figheight()
    figure.subplots_adjust(left=0.22, right=0.97, top=1 - 0.55 / inch, bottom=0.85 / inch)
    return figure


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean of (N,) values, by 2,000 bootstrap samples from a fixed seed."""
    random = np.random.default_rng(0)
    means = [values[random.integers(0, len(values), len(values))].mean() for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def save(figure: Figure, path: Path | str) -> None:
    """Write a PNG without the maker's version, so that equal pictures are equal bytes."""
    with files.writing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def _title(figure: Figure, title: str, note: str) -> None:
    height = figure.get_figheight() * DPI
    figure.text(0.012, 1 - 14 / height, title, ha="left", va="top", fontsize=14, weight="bold")
    figure.text(0.012, 10 / height, note, ha="left", va="bottom", fontsize=8.5, color=FAINT)


def _short(key: str) -> str:
    """An experiment's key without its paper."""
    return key.partition("-")[2]


def _measured(name: str, run: Run) -> str:
    means = run.images.mean()
    return f"{name}\nmse {means.mse:.4f}\nssim {means.ssim:.2f}\ndetail {means.gradient_correlation:.2f}"
