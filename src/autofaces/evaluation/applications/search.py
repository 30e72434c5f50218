"""Finding similar images by the distance of their codes: kovenko2020, section 3.2, figure 8."""

from hashlib import sha256
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.preprocessing import KernelCenterer

from autofaces.core.arrays import evenly
from autofaces.evaluation.applications.encoding import products, spread

K = 5
LABELS = ("identity", "factor_hair_style")  # what similar means: the first that two test images share
SHOWN = 6  # queries in the figure

Metric = Literal["cosine", "euclidean"]


def measure(
    codes: np.ndarray, components: np.ndarray, images: np.ndarray, labels: pd.DataFrame
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """How often the 5 nearest images have the query's label: the person, or of images without persons the hair style.

    codes, components: (N, D) each, of the test images; images: uint8 (N, H, W, C); labels: row i of image i.
    Every image is a query among all others, but for byte-identical copies, of which one stays.

    Metrics: search_asked, the number of queries: images whose label another one has too. Values, (N,) each, NaN of
    images that are no queries: search_precision_at_5, the share with the query's label, by cosine of codes from which
    their mean is taken; _euclidean: by distance; _pixels, _pca and these with _euclidean: of pixels and of principal
    components. _chance: of a random order; _possible: where a perfect one ends (a label that three images have gives 2
    of 5). Neither without labels.
    Pictures: search_queries (6, H, W, C) and search_nearest (6, 5, H, W, C) by cosine of codes, nearest first. With
    labels also search_right, bool (6, 5), and search_label, the label's name; the queries then are evenly spaced from
    those with the fewest to those with the most right.
    """
    number, kept = len(images), first_of_copies(images)
    codes, components, images = codes[kept], components[kept], images[kept]
    found = nearest(codes @ codes.T, "cosine")
    name = shared_label(labels.iloc[kept])
    if name is None:
        shown = evenly(len(images), SHOWN)
        return {}, {}, {"search_queries": images[shown], "search_nearest": images[found[shown]]}
    label = pd.factorize(labels[name].iloc[kept])[0]
    shares = {}
    for space, gram in {"": codes @ codes.T, "_pixels": products(images), "_pca": components @ components.T}.items():
        shares[space] = precision(nearest(gram, "cosine"), label)
        shares[f"{space}_euclidean"] = precision(nearest(gram, "euclidean"), label)
    same = others(label)
    shares |= {"_chance": same / (len(label) - 1), "_possible": np.minimum(same / K, 1)}
    asked = np.flatnonzero(same)
    values = {f"search_precision_at_{K}{n}": spread(s[asked], kept[asked], number) for n, s in shares.items()}
    right = label[found] == label[:, None]
    ranked = asked[np.argsort(right[asked].sum(1), kind="stable")]
    shown = ranked[evenly(len(ranked), SHOWN)]
    return (
        {"search_asked": len(asked)},
        values,
        {
            "search_queries": images[shown],
            "search_nearest": images[found[shown]],
            "search_right": right[shown],
            "search_label": np.array(name),
        },
    )


def first_of_copies(images: np.ndarray) -> np.ndarray:
    """Indices of images, uint8 (N, H, W, C), without those that are byte-identical to an earlier one."""
    seen: dict[bytes, int] = {}
    for i, image in enumerate(images):
        seen.setdefault(sha256(image.tobytes()).digest(), i)
    return np.fromiter(seen.values(), int)


def shared_label(labels: pd.DataFrame) -> str | None:
    """The first of LABELS that all images have and two of them share; None where there is none."""
    shared = (n for n in LABELS if n in labels and labels[n].notna().all() and labels[n].duplicated().any())
    return next(shared, None)


def others(label: np.ndarray) -> np.ndarray:
    """(N,) -> (N,): how many other images have each image's label."""
    return np.bincount(label)[label] - 1


def nearest(gram: np.ndarray, metric: Metric, k: int = K) -> np.ndarray:
    """The k nearest of each of N points, nearest first, itself left out: (N, k) indices.

    gram: (N, N), their inner products. cosine is that of the points from which their mean is taken: without it, all
    faces look alike. Equal distances go to the earlier image.
    """
    gram = KernelCenterer().fit_transform(gram.astype(np.float64))
    squares = np.diag(gram).clip(min=np.finfo(np.float32).tiny)
    distance = -gram / np.sqrt(squares) if metric == "cosine" else squares - 2 * gram
    np.fill_diagonal(distance, np.inf)
    return np.argsort(distance, axis=1, kind="stable")[:, :k]


def precision(nearest: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Share of the nearest of each image, (N, k), that have its label (N,): (N,)."""
    return (label[nearest] == label[:, None]).mean(1)
