"""What a code is good for: each use a number with its baseline, and pictures for a figure.

The uses are those of kovenko2020 (search, probe, denoise, outliers, morph), and copies: whether a model that makes
images up only gives its training images back. (What it makes up is measured in evaluation.samples.)
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from torch import nn

from autofaces.core import arrays
from autofaces.core.arrays import evenly
from autofaces.evaluation.inference import codes
from autofaces.evaluation.scores import Objective

USES = ("search", "probe", "denoise", "outliers", "morph", "copies")
TRAINING = 2000  # training images, at most, for principal components, probes and the average image
TEST = 4000  # test images, at most, that are searched and probed


class Labelled(NamedTuple):
    """Images of one part of a split, and what is known of them."""

    images: np.ndarray  # uint8 (N, H, W, C)
    labels: pd.DataFrame  # row i of image i: group, identity where known, labels

    @classmethod
    def load(cls, folder: Path | str, part: str) -> "Labelled":
        return cls(arrays.load(folder, part), arrays.labels(folder, part))


def measure(
    uses: Collection[str],
    model: nn.Module,
    objective: Objective | None,
    train: Labelled,
    test: Labelled,
    others: Mapping[str, np.ndarray],
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Metrics, values of test images, and pictures of those of the `uses` that are of USES: as their modules describe
    them.

    `objective` is what the model was trained with; others: test images of other data sets by name, which are outliers
    here. Values: metrics that each image has, (N,) float64 of N test images; their means stand for the model. NaN where
    an image was not measured, or has no finite value; what no image has, for want of a label or of anything to divide
    by, is absent.
    """
    metrics: dict[str, float] = {}
    values: dict[str, np.ndarray] = {}
    pictures: dict[str, np.ndarray] = {}
    fitted = evenly(len(train.images), TRAINING)
    images, labels = train.images[fitted], train.labels.iloc[fitted]
    # each application is imported where it is asked for: scikit-learn and scikit-image take over a second
    if {"search", "probe"} & set(uses):
        from autofaces.evaluation.applications import probe, search
        from autofaces.evaluation.applications.encoding import principal, rebuilt, spread

        asked = whole_groups(test.labels.group, TEST)
        queries, answers = test.images[asked], test.labels.iloc[asked]
        known, new = codes(model, images), codes(model, queries)
        components = principal(images, queries, known.shape[1])
        of_queries: dict[str, np.ndarray] = {}
        if "search" in uses:
            _add((metrics, of_queries, pictures), search.measure(new, components[1], queries, answers))
        if "probe" in uses:
            of_queries |= probe.measure({"": (known, new), "_pca": components}, labels, answers)
            made = rebuilt(model, queries)
            of_queries |= probe.hair_errors(images, queries, made) | probe.kept(images, queries, made, labels, answers)
            pictures |= probe.feature_maps(model, test.images)
        values |= {name: spread(value, asked, len(test.images)) for name, value in of_queries.items()}
    if "denoise" in uses:
        from autofaces.evaluation.applications import denoise

        _add((metrics, values, pictures), denoise.measure(model, test.images, images.mean(0)))
    if "outliers" in uses:
        from autofaces.evaluation.applications import outliers

        _add((metrics, values, pictures), outliers.measure(model, objective, train.images, test.images, others))
    if "morph" in uses:
        from autofaces.evaluation.applications import morph

        _add((metrics, pictures), morph.measure(model, test.images))
    if "copies" in uses:
        from autofaces.evaluation.applications import copies

        _add((metrics, pictures), copies.measure(model, train.images, test.images))
    finite = {name: np.where(np.isfinite(value), value, np.nan) for name, value in values.items()}
    return (
        {name: value for name, value in metrics.items() if np.isfinite(value)},
        {name: value for name, value in finite.items() if not np.isnan(value).all()},
        pictures,
    )


def whole_groups(group: pd.Series, most: int) -> np.ndarray:
    """Indices, in order, of the images of the first groups by name that have at most `most` images together."""
    _, index, sizes = np.unique(group.to_numpy(str), return_inverse=True, return_counts=True)
    return np.flatnonzero(np.cumsum(sizes)[index] <= most)


def _add(to: tuple[dict, ...], found: tuple[dict, ...]) -> None:
    for known, new in zip(to, found, strict=True):
        known |= new
