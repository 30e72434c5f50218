"""Figures of what a code is good for: of the pictures and metrics that `applications.measure` gives for one model.

Pictures and metrics may hold more. Every function puts what was measured behind the note that it is given.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from autofaces import papers
from autofaces.figures.canvas import (
    BLUE,
    EDGE,
    FACE,
    FAINT,
    GAP,
    HALF,
    INK,
    MEDIUM,
    ORANGE,
    SMALL,
    TEAL,
    TEXT,
    WIDTH,
    faces,
    page,
    paste,
    place,
    resized,
    size_note,
    text_width,
    tile,
    write,
)
from autofaces.figures.runs import Runs

BINS = 40
RESTORED = 5  # faces

Pictures = Mapping[str, np.ndarray]
Metrics = Mapping[str, float]


def use(told: papers.Use, runs: Runs, note: str) -> Figure | None:
    """What the row's code is good for; None where there are no pictures of that use, `<use>_...`."""
    (run,) = runs.values()
    prefix, draw = USES[told.use]
    if not any(picture.startswith(prefix) for picture in run.pictures):
        return None
    return draw(run.pictures, run.metrics, told.title, note)


def morphs(pictures: Pictures, metrics: Metrics, title: str, note: str) -> Figure:
    """From one unseen face to another through the code, and by blending pixels: kovenko2020, figure 6."""
    rows = []
    strips, blends = pictures["morph_strips"], pictures["morph_blends"]
    for (start, end), *ways in zip(pictures["morph_ends"], strips, blends, strict=True):
        rows += [(name, np.stack([start, *way, end])) for name, way in zip(("by code", "by pixels"), ways, strict=True)]
    last = strips.shape[1] - 1
    facts = (
        f"Largest over mean step: {metrics['morph_smoothness']:.2f} (by pixels: 1). Sharpness half way over that of "
        f"the ends (variance of the Laplacian): {metrics['morph_sharpness']:.2f} (by pixels: "
        f"{metrics['morph_sharpness_blend']:.2f})."
    )
    columns = ["original", *(f"{i}/{last}" for i in range(last + 1)), "original"]
    return faces(rows, title, f"{note} {facts}", columns, side=HALF)


def feature_maps(pictures: Pictures, metrics: Metrics, title: str, note: str) -> Figure:
    """What a late convolution of the encoder sees: kovenko2020, figure 7. Where the probes found labels, what they read
    from the code."""
    maps = pictures["probe_maps"]
    number, height, width = maps.shape[1:]
    rows = []
    for i, (face, seen) in enumerate(zip(pictures["probe_faces"], maps, strict=True), 1):
        grey = [np.broadcast_to(resized(one[..., None], len(face)), face.shape) for one in seen]
        rows.append((f"face {i}", np.stack([face, *grey])))
    facts = (
        f"{number} maps of the last convolution that still gives at least 16x16 pixels, here {height}x{width}; each "
        "from its least value over these faces, black, to its largest, white."
    )
    if "probe_accuracy" in metrics:
        facts += (
            f" Labels that a linear map reads right, of unseen faces: {metrics['probe_accuracy']:.1%} from the code, "
            f"{metrics['probe_accuracy_pca']:.1%} from as many principal components; "
            f"{metrics['probe_accuracy_majority']:.1%} if it always said what most have."
        )
    columns = ["original", *(f"map {i}" for i in range(1, number + 1))]
    return faces(rows, title, f"{note} {facts}", columns, side=HALF)


def similar(pictures: Pictures, metrics: Metrics, title: str, note: str) -> Figure:
    """The nearest images by code; with labels, those that are right in a frame: kovenko2020, figure 8."""
    queries, nearest = pictures["search_queries"], pictures["search_nearest"]
    k = nearest.shape[1]
    columns = ["query", *(f"nearest {i}" for i in range(1, k + 1))]
    if "search_right" not in pictures:
        rows = [
            (f"query {i}", np.stack([q, *found])) for i, (q, found) in enumerate(zip(queries, nearest, strict=True), 1)
        ]
        return faces(rows, title, f"{note} These faces have no labels to count by.", columns, side=HALF)
    rows = []
    for query, found, right in zip(queries, nearest, pictures["search_right"], strict=True):
        marked = [_framed(face) if yes else _coloured(face) for face, yes in zip(found, right, strict=True)]
        rows.append((f"{right.sum()} of {k}\nright", np.stack([_coloured(query), *marked])))
    what = {"identity": "the same person", "factor_hair_style": "the same hair style"}[str(pictures["search_label"])]
    by = {"code": "", "principal components": "_pca", "pixels": "_pixels", "chance": "_chance"}
    shares = ", ".join(f"{metrics[f'search_precision_at_{k}{suffix}']:.1%} by {name}" for name, suffix in by.items())
    facts = (
        f"In a frame: {what}. Their share among the {k} nearest, mean of {metrics['search_asked']:,.0f} queries: "
        f"{shares}; at best {metrics[f'search_precision_at_{k}_possible']:.1%}. Shown: {len(queries)} of them, evenly "
        "spaced from the least to the most right."
    )
    return faces(rows, title, f"{note} {facts}", columns, side=HALF)


def denoised(
    pictures: Pictures, metrics: Metrics, title: str, note: str, damage: Literal["noise", "dropout"]
) -> Figure:
    """Spoilt and restored, beside the classical methods: kovenko2020, figures 9 (noise) and 10 (dropout)."""
    metric, classical = {
        "noise": ("denoise_psnr_gain_db", {"non-local means": "_nl_means", "wavelets": "_wavelet"}),
        "dropout": ("denoise_dropout_psnr_gain_db", {"inpainting": "_inpainting"}),
    }[damage]
    rows = [("clean", pictures["denoise_clean"]), ("spoilt", pictures[f"denoise_{damage}_spoilt"])]
    for name, suffix in {"model": "", **classical}.items():
        restored = pictures[f"denoise_{damage}{suffix or '_model'}"]
        rows.append((f"{name}\n{metrics[metric + suffix]:+.1f} dB", restored))
    facts = (
        f"dB: gain in PSNR over the spoilt face, mean of {metrics['denoise_images']:.0f} unseen faces; the average "
        f"training face instead of any: {metrics[metric + '_mean']:+.1f} dB."
    )
    return faces([(name, images[:RESTORED]) for name, images in rows], title, f"{note} {facts}", side=MEDIUM)


def outliers(pictures: Pictures, metrics: Metrics, title: str, note: str) -> Figure:
    """Test images and outliers with their scores, and how the scores are distributed: kovenko2020, figure 16.

    Scores: the KL, or the error of a model that has none.
    """
    kl = "outlier_auroc" in metrics
    infix = "" if kl else "_mse"
    kinds = ["test", *pictures["outlier_kinds"].tolist()]
    familiar = pictures["outlier_scores_train"]
    threshold = np.median(familiar)
    bins = _bins(np.concatenate([familiar, *(pictures[f"outlier_scores_{kind}"] for kind in kinds)]))
    score = "KL" if kl else "error"
    facts = (
        f"AUROC: area under the ROC curve, 0.5 where the {score} cannot tell; mean of all kinds "
        f"{metrics[f'outlier_auroc{infix}']:.2f}"
    )
    if kl:
        above, beyond = metrics["outlier_fpr_at_median"], metrics["outlier_recall_at_median"]
        facts += (
            f", by the error {metrics['outlier_auroc_mse']:.2f}. Dashed: median of training images; above it (▲) are "
            f"{above:.0%} of test images and {beyond:.0%} of outliers"
        )
    facts += f". Grey: training images. {size_note(pictures['outlier_images_test'], MEDIUM)}"

    step, axis, apart = MEDIUM + 30, 20, 24
    margin = EDGE + max(text_width(_kind(kind), TEXT) for kind in kinds) + 12
    right = margin + len(pictures["outlier_images_test"]) * (MEDIUM + GAP) - GAP + apart
    figure, top = page(WIDTH, len(kinds) * step + axis, title, f"{note} {facts}".strip())
    for kind in kinds:
        paste(figure, tile([pictures[f"outlier_images_{kind}"]], MEDIUM), margin, top)
        for column, value in enumerate(pictures[f"outlier_shown_{kind}"]):
            said = _digits(value) + (" ▲" if kl and value > threshold else "")
            centre = margin + column * (MEDIUM + GAP) + MEDIUM / 2
            write(figure, centre, top + MEDIUM + 3, said, size=SMALL, color=FAINT, ha="center")
        write(figure, margin - 12, top + MEDIUM / 2 - 16, _kind(kind), ha="right")
        if kind != "test":
            auroc = f"AUROC {metrics[f'outlier_auroc{infix}_{kind}']:.2f}"
            write(figure, margin - 12, top + MEDIUM / 2 + 1, auroc, size=SMALL, color=FAINT, ha="right")
        axes = figure.add_axes((0, 0, 1, 1), label=kind)
        place(axes, right, top, WIDTH - EDGE - 10 - right, MEDIUM)
        _histogram(axes, familiar, bins, color="#d1d5db")
        colour = BLUE if kind == "test" else ORANGE
        _histogram(axes, pictures[f"outlier_scores_{kind}"], bins, color=colour, histtype="step", linewidth=1.6)
        if kl:
            axes.axvline(threshold, color=INK, linestyle="--", linewidth=1)
        axes.set(xscale="log", xlim=(bins[0], 1.05 * bins[-1]), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if bins[-1] < 100 * bins[0] else (1,)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params(labelbottom=kind == kinds[-1], labelsize=SMALL)
        top += step
    axes.set_xlabel("KL of an image, nats" if kl else "mean squared error of an image")
    return figure


def copies(pictures: Pictures, metrics: Metrics, title: str, note: str) -> Figure:
    """Samples above the training images that are nearest to them."""
    facts = (
        f"Distance from a sample to the nearest training image, root mean square: {metrics['copies_distance']:.3f} "
        f"(median), {metrics['copies_ratio']:.2f} times that of unseen faces' reconstructions; far below 1: copies."
    )
    rows = [("sample", pictures["copies_samples"]), ("nearest\nin training", pictures["copies_nearest"])]
    return faces(rows, title, f"{note} {facts}", side=FACE)


USES: dict[str, tuple[str, Callable[..., Figure]]] = {
    "morphs": ("morph_", morphs),
    "feature_maps": ("probe_", feature_maps),
    "similar": ("search_", similar),
    "noise": ("denoise_", partial(denoised, damage="noise")),
    "dropout": ("denoise_", partial(denoised, damage="dropout")),
    "outliers": ("outlier_", outliers),
    "copies": ("copies_", copies),
}


def _kind(kind: str) -> str:
    known = {
        "test": "test images",
        "noise": "uniform noise",
        "turned90": "turned by 90°",
        "turned180": "turned by 180°",
        "shuffled": "patches shuffled",
    }
    return known.get(kind, kind)


def _digits(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _bins(scores: np.ndarray) -> np.ndarray:
    """Edges on a logarithmic scale, also where scores are 0 or all the same."""
    low = max(scores.min(), 1e-6 * scores.max(), 1e-12)
    return np.geomspace(low, max(scores.max(), 2 * low), BINS + 1)


def _histogram(axes: Axes, scores: np.ndarray, bins: np.ndarray, **look: object) -> None:
    axes.hist(scores.clip(bins[0], bins[-1]), bins, weights=np.full(len(scores), 1 / len(scores)), **look)


def _coloured(face: np.ndarray) -> np.ndarray:
    """uint8 (H, W, C) -> (H, W, 3)."""
    return np.broadcast_to(face, (*face.shape[:2], 3))


def _framed(face: np.ndarray) -> np.ndarray:
    """uint8 (H, W, C) -> (H, W, 3), its edge a frame."""
    edge = 1 + len(face) // 32
    framed = np.full((*face.shape[:2], 3), np.round(255 * np.array(to_rgb(TEAL))), np.uint8)
    framed[edge:-edge, edge:-edge] = face[edge:-edge, edge:-edge]
    return framed
