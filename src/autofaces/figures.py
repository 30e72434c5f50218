"""What the figures of each paper show, ours beside its numbers: samples and histories become pictures and charts."""

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from autofaces import figures_uses, files
from autofaces.drawing import (
    BLUE,
    COLOURS,
    FACE,
    HALF,
    MEDIUM,
    ORANGE,
    PURPLE,
    TEAL,
    Line,
    Panel,
    bars,
    curves,
    faces,
    sprites,
)
from autofaces.params import Experiment

SOME, MORE = 5, 6  # faces in a row: as they are, and smaller
DASHED, DOTTED = "--", ":"


class Run(NamedTuple):
    """One experiment's results, as the figures need them."""

    experiment: Experiment
    metrics: dict[str, object]  # metrics.json
    images: pd.DataFrame  # every test image's metrics
    pictures: dict[str, np.ndarray]  # pictures.npz; uint8 (K, H, W, C): originals, reconstructions, samples, depths
    history: pd.DataFrame


Runs = dict[str, Run]  # by experiment, or by the name a figure gives it
Scale = Callable[[Runs], str]
Figures = dict[str, Figure]  # by file name


def run(folder: Path | str, experiment: Experiment) -> Run:
    """What evaluate wrote into `folder`, and stage outliers into outliers/ beside it; of images, the first seed's."""
    folder = Path(folder)
    images, history = (pd.read_csv(folder / f"{name}.csv") for name in ("images", "history"))
    metrics, pictures = {}, {}
    for place in (folder, folder.parent / "outliers" / folder.name):
        if place.exists():
            metrics |= json.loads((place / "metrics.json").read_text(encoding="utf-8"))
            with np.load(place / "pictures.npz") as found:
                pictures |= dict(found)
    return Run(experiment, metrics, images[images.seed == images.seed.iloc[0]], pictures, history)


def curve_rows(runs: Runs) -> list[dict[str, object]]:
    """The histories of several experiments in one long table, for `dvc plots`."""
    columns = ["epoch", "step", "train_loss", "validation_loss", "validation_mse"]
    tables = [run.history[columns].assign(experiment=key) for key, run in runs.items()]
    return pd.concat(tables)[["experiment", *columns]].to_dict("records")


def draw(paper: str, runs: Runs, profile: str, source: str) -> Figures:
    """Every figure of a paper by its file name, from all its rows; each says by `profile` and `source` what it stands
    for. BadInput names a row that the figures need and params.yaml lacks. Uses are drawn of rows that list them."""
    function = {
        "ray2020": ray2020,
        "kovenko2020": kovenko2020,
        "koenig2020": koenig2020,
        "kolotouros2017": kolotouros2017,
    }[paper]
    return function(runs, partial(scale, profile, source))


def scale(profile: str, source: str, runs: Runs) -> str:
    """What a figure of these runs stands for, in a line: data, profile, and images seen in training."""
    faces_are = {
        "synthetic": "synthetic faces",
        "local": "real faces, local archives",
        "official": "real faces",
    }
    seen = sorted({int(run.history["images"].iloc[-1]) for run in runs.values()})
    dataset = sorted({run.experiment.dataset for run in runs.values()})
    return (
        f"On {', '.join(dataset)} ({faces_are[source]}), profile {profile}, "
        f"{' to '.join(f'{n:,}' for n in dict.fromkeys((seen[0], seen[-1])))} images seen in training."
    )


def ray2020(runs: Runs, scale: Scale) -> Figures:
    """Figure 3, decoding from every depth, every variant with its error (the authors' final report of 2022), and what
    its code finds: of kovenko2020's uses that which LFW, with its persons, can judge."""
    pair = _pick(runs, {"stacked": "ray-stacked", "recursive": "ray-recursive"})
    variational = _pick(runs, {"stacked-vae": "ray-stacked-vae", "recursive-vae": "ray-recursive-vae"})
    every, used = _short(runs), partial(_used, runs, scale)
    colours = dict(zip(pair, COLOURS, strict=False))
    error = [_line(name, run, "validation_mse", colours[name]) for name, run in pair.items()]
    return {
        "reconstructions.png": compared(
            pair,
            title="Unseen faces, trained end to end and level by level",
            note=f"Figure 3 of ray2020, ours. {scale(pair)}",
        ),
        "depths.png": by_depth(
            pair,
            title="What each depth of the code still knows",
            note="Encoded to depth k and decoded from there: each depth halves width and height once more. "
            f"After section 4 of ray2020. {scale(pair)}",
        ),
        "losses.png": curves(
            [Panel("", "epoch", "mean squared error", error)],
            title="Error of the whole reconstruction on validation faces",
            note=f"Ours, for figure 3 of ray2020. {scale(pair)}",
            width=640,
        ),
        "variants.png": compared(
            every,
            title="The same unseen faces through every variant",
            note=f"Figure 3 of ray2020 for all rows. bn: batch norm; sharedbn: shared by both ways. {scale(every)}",
            side=HALF,
        ),
        "errors.png": errors(
            every,
            title="Error of every variant on unseen faces",
            note=f"Table 1 of the authors' final report (2022), ours. {scale(every)}",
        ),
        "samples.png": faces(
            [(name, run.pictures["samples"][:SOME]) for name, run in variational.items()],
            title="Faces made up by the variational variants",
            note=f"After the authors' final report (2022): decoded from draws of N(0, I). {scale(variational)}",
        ),
        **used(
            "similar.png",
            "ray-stacked",
            "search",
            figures_uses.similar,
            title="Unseen faces, and those whose codes are nearest",
            note="Not in ray2020: figure 8 of kovenko2020, of the stacked network.",
        ),
    }


def kovenko2020(runs: Runs, scale: Scale) -> Figures:
    """Figures 4 and 5 (autoencoders), 6 to 10 (what autoencoders are good for), 12 (what VAEs make up, by variance), 13
    to 15 (warm-up of the KL), 16 (outliers), and whether samples are copies."""
    autoencoders = _pick(
        runs,
        {
            "faces as they are (figure 4)": "kovenko-ae",
            "faces with noise": "kovenko-denoise-noise",
            "faces with dropout": "kovenko-denoise-dropout",
        },
    )
    variances = _pick(runs, {f"var1e-{n}": f"kovenko-vae-var1e-{n}" for n in (1, 2, 3)})
    two = _pick(runs, {"classical": "kovenko-vae-var1e-2", "with warm-up": "kovenko-vae-warmup"})
    warmup = two["with warm-up"].experiment.objective.arguments.get("warmup_epochs")

    colours = dict(zip(two, COLOURS, strict=False))

    def part(heading: str, term: str, y: str) -> Panel:
        lines = []
        for name, run in two.items():
            lines += _splits(_without_constant(_full_schedule(run)), term, f"{name}, ", colours[name])
        mark = (warmup, "end of warm-up") if warmup else None
        return Panel(heading, "epoch of the full schedule", y, lines, mark)

    plain, every = _pick(runs, {"autoencoder": "kovenko-ae"}), _short(runs)
    used = partial(_used, runs, scale)
    return {
        "reconstructions.png": compared(
            plain,
            title="Unseen faces, and what the autoencoder makes of them",
            note=f"Figure 5 of kovenko2020, ours. {scale(plain)}",
        ),
        "variants.png": compared(
            every,
            title="The same unseen faces through every model",
            note=f"Figure 5 of kovenko2020 for all rows, all given clean faces. {scale(every)}",
            side=HALF,
        ),
        "errors.png": errors(
            every,
            title="Error of every model on unseen faces",
            note=f"Ours, for figure 5 of kovenko2020. {scale(every)}",
        ),
        "losses.png": curves(
            [Panel(name, "epoch", "mean squared error", _splits(run, "loss")) for name, run in autoencoders.items()],
            title="Loss of the autoencoders on training and validation faces",
            note="Figure 4 of kovenko2020, ours; beside it the denoising autoencoders, which are given spoilt faces "
            f"and asked for clean ones. {scale(autoencoders)}",
        ),
        "sprites.png": sprites(
            [
                (f"variance {run.experiment.objective.arguments['variance']:g}", run.pictures["samples"])
                for run in variances.values()
            ],
            title="Faces made up by a VAE, by the variance of its pixels",
            note=f"Figure 12 of kovenko2020, ours: decoded from draws of N(0, I). {scale(variances)}",
            columns=4,
            rows=4,
            side=HALF,
        ),
        "warmup.png": curves(
            [
                part("figure 13", "kl_nats", "KL, nats per image"),
                part("figure 14", "reconstruction_nats", "reconstruction loss, nats per image"),
            ],
            title="KL and reconstruction loss of the VAE, classical and with warm-up",
            note="Figures 13 and 14 of kovenko2020, ours; warm-up is with batch norm. Reconstruction loss: the "
            f"Gaussian's, without its constant. {scale(two)}",
        ),
        "samples.png": sprites(
            [(name, run.pictures["samples"]) for name, run in two.items()],
            title="Faces made up by the VAE, classical and with warm-up",
            note="Figure 15 of kovenko2020, ours; warm-up is with batch norm. Decoded from draws of N(0, I). "
            f"{scale(two)}",
            columns=4,
            rows=2,
            side=MEDIUM,
        ),
        **used(
            "morphs.png",
            "kovenko-ae",
            "morph",
            figures_uses.morphs,
            title="From one unseen face to another, through the code and by blending pixels",
            note="Figure 6 of kovenko2020, ours: the autoencoder.",
        ),
        **used(
            "feature-maps.png",
            "kovenko-ae",
            "probe",
            figures_uses.feature_maps,
            title="What a late layer of the encoder sees in unseen faces",
            note="Figure 7 of kovenko2020, ours: the autoencoder.",
        ),
        **used(
            "similar.png",
            "kovenko-ae",
            "search",
            figures_uses.similar,
            title="Unseen faces, and those whose codes are nearest",
            note="Figure 8 of kovenko2020, ours: the autoencoder.",
        ),
        **used(
            "denoised-noise.png",
            "kovenko-denoise-noise",
            "denoise",
            partial(figures_uses.denoised, damage="noise"),
            title="Unseen faces with Gaussian noise, and what restores them",
            note="Figure 9 of kovenko2020, ours: noise of standard deviation 0.3, as in training.",
        ),
        **used(
            "denoised-dropout.png",
            "kovenko-denoise-dropout",
            "denoise",
            partial(figures_uses.denoised, damage="dropout"),
            title="Unseen faces with dropout, and what restores them",
            note="Figure 10 of kovenko2020, ours: three numbers in ten are set to 0, as in training.",
        ),
        **used(
            "outliers.png",
            "kovenko-vae-var1e-2",
            "outlier",
            figures_uses.outliers,
            title="Unseen faces and outliers, by the KL of their code",
            note="Figure 16 of kovenko2020, ours: the classical VAE.",
        ),
        **used(
            "copies.png",
            "kovenko-vae-var1e-2",
            "copies",
            figures_uses.copies,
            title="Faces made up by the VAE, above the training faces that are nearest to them",
            note="Not in kovenko2020: the classical VAE.",
        ),
    }


def koenig2020(runs: Runs, scale: Scale) -> Figures:
    """Figures 3 to 5 (model 1 against model 2), 6 to 13 (feature maps and batch size), the published slope, and what
    the code finds."""
    models = _pick(
        runs,
        {
            "model 1, bs16": "koenig-m1-nf16-bs16",
            "model 1, bs32": "koenig-m1-nf16-bs32",
            "model 2, bs16": "koenig-m2-bs16",
            "model 2, bs32": "koenig-m2-bs32",
        },
    )
    cells = ("nf32-bs32", "nf64-bs32", "nf32-bs64", "nf64-bs64", "nf128-bs128", "nf128-bs256")  # figures 8 to 13
    grid = _pick(runs, {cell: f"koenig-m1-{cell}" for cell in cells})
    slopes = {"nf64-bs64": grid["nf64-bs64"]} | _pick(runs, {"as published": "koenig-m1-nf64-bs64-as-published"})
    batch32 = {name: models[f"{name}, bs32"] for name in ("model 1", "model 2")}
    every, used = _short(runs), partial(_used, runs, scale)

    published = "As published: with the code's LeakyReLU, whose slope of 1.0 leaves negative values as they are."
    squares = "mean squared error on [-1, 1]"
    looks = dict(zip(models, [(BLUE, DASHED), (BLUE, "-"), (ORANGE, DASHED), (ORANGE, "-")], strict=True))
    looks |= dict(zip(cells, [(TEAL, DASHED), (BLUE, DASHED), (TEAL, "-"), (BLUE, "-")], strict=False))
    looks |= {"nf128-bs128": (PURPLE, DASHED), "nf128-bs256": (PURPLE, "-"), "as published": (ORANGE, "-")}

    def losses(heading: str, shown: Runs, column: str = "validation_loss") -> Panel:
        return Panel(heading, "epoch", squares, [_line(name, run, column, *looks[name]) for name, run in shown.items()])

    return {
        "reconstructions.png": compared(
            batch32,
            title="Unseen faces through strided convolutions and through pooling",
            note=f"Figure 3 of koenig2020, ours: models 1 and 2 at bs32. {scale(batch32)}",
        ),
        "losses.png": curves(
            [losses("validation (figure 4)", models), losses("training (figure 5)", models, "train_loss")],
            title="Losses of models 1 and 2 at two batch sizes",
            note=f"Figures 4 and 5 of koenig2020, ours. {scale(models)}",
        ),
        "grid-losses.png": curves(
            [
                losses("nf32 and nf64 (figure 6)", {cell: grid[cell] for cell in cells[:4]}),
                losses("nf64 and nf128 (figure 7)", {cell: grid[cell] for cell in cells[3:]}),
                losses("LeakyReLU as published", slopes),
            ],
            title="Validation losses of model 1 by feature maps (nf) and batch size (bs)",
            note=f"Figures 6 and 7 of koenig2020, ours. {published} {scale(grid | slopes)}",
        ),
        "grid.png": compared(
            grid,
            title="Model 1 by feature maps and batch size",
            note=f"Figures 8 to 13 of koenig2020, ours. {scale(grid)}",
            side=HALF,
        ),
        "as-published.png": compared(
            slopes,
            title="LeakyReLU as meant and as published",
            note=f"Ours, for figure 11 of koenig2020. {published} {scale(slopes)}",
            side=HALF,
        ),
        "errors.png": errors(
            every,
            title="Error of every model on unseen faces",
            note=f"Ours, for figures 3 and 8 to 13 of koenig2020. {scale(every)}",
        ),
        **used(
            "similar.png",
            "koenig-m1-nf64-bs64",
            "search",
            figures_uses.similar,
            title="Unseen faces, and those whose codes are nearest",
            note="Not in koenig2020: figure 8 of kovenko2020, of model 1 at nf64, bs64.",
        ),
    }


def kolotouros2017(runs: Runs, scale: Scale) -> Figures:
    """Figures 1 (losses), 2 and 3 (sketches), 4 (CelebA), and what both VAEs make up."""
    sketches = _pick(runs, {"AE": "kolotouros-sketch-ae", "VAE": "kolotouros-sketch-vae"})
    celeba = _pick(runs, {"VAE": "kolotouros-celeba-vae"})
    variational = {"sketches": sketches["VAE"], "faces": celeba["VAE"]}

    def parts(name: str, run: Run) -> list[Panel]:
        names = {"reconstruction_nats": "cross-entropy", "kl_nats": "KL"}
        return [
            Panel(name, "iteration", f"{what}, nats per image", _splits(run, term, x="step"))
            for term, what in names.items()
        ]

    return {
        "reconstructions.png": compared(
            sketches,
            title="Unseen sketches: autoencoder, and variational autoencoder",
            note=f"Figures 2 and 3 of kolotouros2017, ours. {scale(sketches)}",
        ),
        "losses.png": curves(
            [
                Panel("AE", "iteration", "mean squared error", _splits(sketches["AE"], "loss", x="step")),
                *parts("VAE", sketches["VAE"]),
            ],
            title="Losses of autoencoder and VAE on sketches",
            note=f"Figure 1 of kolotouros2017, ours. {scale(sketches)}",
        ),
        "celeba.png": compared(
            celeba,
            title="Unseen faces through the deeper VAE",
            note=f"Figure 4 of kolotouros2017, ours. {scale(celeba)}",
        ),
        "celeba-losses.png": curves(
            parts("VAE", celeba["VAE"]),
            title="Losses of the deeper VAE on faces",
            note=f"Ours, for section 1.3 of kolotouros2017. {scale(celeba)}",
        ),
        "samples.png": sprites(
            [(name, run.pictures["samples"]) for name, run in variational.items()],
            title="Sketches and faces made up by the two VAEs",
            note=f"Not in kolotouros2017: decoded from draws of N(0, I). {scale(variational)}",
            columns=6,
            rows=4,
            side=HALF,
        ),
    }


def compared(runs: Runs, title: str, note: str, side: int = FACE) -> Figure:
    """The same unseen faces: as they are, and what each run makes of them, beside its means over all test images.

    BadInput if the runs were not shown the same faces.
    """
    first, *others = runs
    originals = runs[first].pictures["originals"]
    for name in others:
        if not np.array_equal(runs[name].pictures["originals"], originals):
            raise files.BadInput(
                f"figure '{title}': {name} (dataset {runs[name].experiment.dataset}) was shown other faces than "
                f"{first} ({runs[first].experiment.dataset}); give its row in params.yaml the same dataset, or "
                "paper: baseline"
            )
    count = SOME if side == FACE else MORE
    rows = [("original", originals[:count])]
    rows += [(_measured(name, run), run.pictures["reconstructions"][:count]) for name, run in runs.items()]
    means = f"Means over {len(runs[first].images):,} unseen faces; detail: correlation of edges with the original's."
    return faces(rows, title, f"{note} {means}", side=side)


def by_depth(runs: Runs, title: str, note: str) -> Figure:
    """Some faces, each through every run, decoded from every depth of the code."""
    rows = []
    first = next(iter(runs.values())).pictures
    for i, original in enumerate(first["originals"][: len(first["depths"])]):
        rows += [(name, np.stack([original, *run.pictures["depths"][i]])) for name, run in runs.items()]
    levels = [f"depth {k}" for k in range(1, first["depths"].shape[1] + 1)]
    return faces(rows, title, note, columns=["original", *levels], side=MEDIUM)


def errors(runs: Runs, title: str, note: str) -> Figure:
    """A bar for each run's error, a colour for each kind of run: the first word of its name."""
    kinds = list(dict.fromkeys(name.partition("-")[0] for name in runs))
    return bars(
        {name: run.images["mse"].to_numpy() for name, run in runs.items()},
        [COLOURS[kinds.index(name.partition("-")[0]) % len(COLOURS)] for name in runs],
        title,
        "mean squared error, with its 95 % interval over images",
        note,
    )


def _used(
    runs: Runs, scale: Scale, name: str, key: str, use: str, draw: Callable[..., Figure], title: str, note: str
) -> Figures:
    """What `draw`, of figures_uses, makes of one row's use; nothing where there are no pictures of it, `<use>_...`."""
    run = _pick(runs, {key: key})[key]
    if not any(picture.startswith(f"{use}_") for picture in run.pictures):
        return {}
    return {name: draw(run.pictures, run.metrics, title, f"{note} {scale({key: run})}")}


def _pick(runs: Runs, names: dict[str, str]) -> Runs:
    """Runs by the name a figure gives them, from name -> experiment."""
    for key in names.values():
        if key not in runs:
            raise files.BadInput(
                f"figures need the experiment {key}; params.yaml has {', '.join(runs) or 'none of its paper'}; "
                "take the row back from git"
            )
    return {name: runs[key] for name, key in names.items()}


def _short(runs: Runs) -> Runs:
    """By experiment without its paper: ray-stacked -> stacked."""
    return {key.partition("-")[2]: run for key, run in runs.items()}


def _measured(name: str, run: Run) -> str:
    means = run.images.mean()
    return f"{name}\nmse {means.mse:.4f}\nssim {means.ssim:.2f}\ndetail {means.gradient_correlation:.2f}"


def _line(name: str, run: Run, column: str, colour: str, style: str = "-", x: str = "epoch") -> Line:
    return Line(name, run.history[x], run.history[column], colour, style)


def _splits(run: Run, term: str, name: str = "", colour: str = BLUE, x: str = "epoch") -> list[Line]:
    """A loss or one of its terms, in training and on validation faces."""
    columns = {"training": "train_loss" if term == "loss" else term, "validation": f"validation_{term}"}
    styles = {"training": DASHED, "validation": "-"}
    return [_line(f"{name}{split}", run, column, colour, styles[split], x) for split, column in columns.items()]


def _full_schedule(run: Run) -> Run:
    """Its history by the epoch of the full schedule, as the warm-up counts; see training.Plan."""
    history, train = run.history, run.experiment.train
    full = train.epochs or train.steps * history["epoch"].iloc[-1] / history["step"].iloc[-1]
    return run._replace(history=history.assign(epoch=full * history["step"] / history["step"].iloc[-1]))


def _without_constant(run: Run) -> Run:
    """Its reconstruction loss without what does not depend on the model: N/2 log(2 pi variance), of a Gaussian."""
    settings = run.experiment.objective.arguments
    constant = 0.0
    if settings["likelihood"] == "gaussian":
        constant = run.pictures["originals"][0].size / 2 * math.log(2 * math.pi * settings.get("variance", 1.0))
    columns = ("reconstruction_nats", "validation_reconstruction_nats")
    return run._replace(history=run.history.assign(**{c: run.history[c] - constant for c in columns}))
