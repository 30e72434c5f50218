"""Finding images that are not of the data set by how ill they suit the model: kovenko2020, section 4.2, figure 16."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import average_precision_score
from torch import nn

from autofaces.core.arrays import evenly
from autofaces.evaluation.applications.encoding import spread
from autofaces.evaluation.scores import Objective, all_scores, scores

IMAGES = 500  # test images, and at most as many outliers of each kind
TRAINING = 10_000  # training images, at most, that the threshold comes from
PATCH = 16  # pixels of a side of the patches that are shuffled
SHOWN = 4  # images of each kind in the figure


def measure(
    model: nn.Module,
    objective: Objective | None,
    train: np.ndarray,
    test: np.ndarray,
    others: Mapping[str, np.ndarray],
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """How well a score tells outliers from at most 500 test images, whose score should be the lower one.

    train, test: uint8 (N, H, W, C); others: test images of other data sets by name, of any size; they are outliers,
    and so are those of `spoilt`. Scores: those of evaluation.scores.

    By the paper's score, the KL: values, (N,) each, NaN of test images that were not scored: outlier_auroc_<kind>, the
    share of the outliers of a kind that have a higher score than the image (see `above`); outlier_auroc, its mean over
    kinds; outlier_fpr_at_median, 1 of test images above the paper's threshold, the median KL of at most 10,000 training
    images, 0 of others. Metrics: outlier_aupr_<kind>, test images and outliers weigh the same, so that chance is 0.5 as
    of auroc; outlier_aupr, their mean; outlier_recall_at_median: share of outliers, mean over kinds, above the
    threshold. By the other scores all are metrics, with _mse and _elbo before the kind; a model without KL has these
    only.
    Pictures: outlier_images_test and outlier_images_<kind>, uint8 (4, H, W, C), with their outlier_shown_<...> (4,);
    outlier_scores_train, _test and _<kind>, (N,): the KL, or of a model without the mse. outlier_kinds: names (K,).
    """
    index = evenly(len(test), IMAGES)
    chosen = test[index]
    images = {
        "test": chosen,
        **{name: alike(other[evenly(len(other), IMAGES)], test) for name, other in others.items()},
    }
    images |= spoilt(chosen)
    found = {kind: all_scores(model, objective, pictures) for kind, pictures in images.items()}
    kinds = [kind for kind in images if kind != "test"]
    metrics: dict[str, float] = {}
    values: dict[str, np.ndarray] = {}
    for score, inliers in found["test"].items():
        name = "" if score == "kl" else f"_{score}"
        shares = _with_mean(f"outlier_auroc{name}", {kind: above(inliers, found[kind][score]) for kind in kinds})
        if score == "kl":
            values |= {of: spread(share, index, len(test)) for of, share in shares.items()}
        else:
            metrics |= {of: float(share.mean()) for of, share in shares.items()}
        metrics |= _with_mean(f"outlier_aupr{name}", {kind: aupr(inliers, found[kind][score]) for kind in kinds})
    main = "kl" if "kl" in found["test"] else "mse"
    familiar = scores(model, train[evenly(len(train), TRAINING if main == "kl" else IMAGES)])
    if main == "kl":
        threshold = np.median(familiar)
        values["outlier_fpr_at_median"] = spread(found["test"]["kl"] > threshold, index, len(test))
        recalls = [(found[kind]["kl"] > threshold).mean() for kind in kinds]
        metrics["outlier_recall_at_median"] = float(np.mean(recalls))

    pictures = {"outlier_kinds": np.array(kinds)}
    pictures["outlier_scores_train"] = familiar
    for kind, its in found.items():
        shown = evenly(len(images[kind]), SHOWN)
        pictures[f"outlier_images_{kind}"] = images[kind][shown]
        pictures[f"outlier_shown_{kind}"] = its[main][shown]
        pictures[f"outlier_scores_{kind}"] = its[main]
    return metrics, values, pictures


def spoilt(images: np.ndarray) -> dict[str, np.ndarray]:
    """Outliers made of uint8 (N, H, W, C): uniform noise; the images turned by 90 and by 180 degrees, and with their
    patches of 16x16 pixels in random order."""
    random = np.random.default_rng(0)
    count, height, width, channels = images.shape
    rows, columns = height // PATCH, width // PATCH
    patches = images.reshape(count, rows, PATCH, columns, PATCH, channels).swapaxes(2, 3)
    order = random.permuted(np.tile(np.arange(rows * columns), (count, 1)), axis=1)
    mixed = patches.reshape(count, rows * columns, PATCH, PATCH, channels)[np.arange(count)[:, None], order]
    return {
        "noise": random.integers(0, 256, images.shape, np.uint8),
        "turned90": np.rot90(images, axes=(1, 2)).copy(),
        "turned180": np.rot90(images, 2, axes=(1, 2)).copy(),
        "shuffled": mixed.reshape(patches.shape).swapaxes(2, 3).reshape(images.shape),
    }


def alike(images: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Images of another data set, uint8 (N, h, w, c), in the size and the channels of `like`, (., H, W, C)."""
    if images.shape[1:] == like.shape[1:]:
        return images
    mode, size = "RGB" if like.shape[3] == 3 else "L", (like.shape[2], like.shape[1])
    resized = [np.asarray(Image.fromarray(image.squeeze()).convert(mode).resize(size)) for image in images]
    return np.stack(resized).reshape(len(images), *like.shape[1:])


def above(inliers: np.ndarray, outliers: np.ndarray) -> np.ndarray:
    """Share of the outliers' scores (M,) that are above the score of each inlier (N,), equal ones half: (N,).

    The mean is the area under the ROC curve: 0.5: nothing is told apart, 1: all outliers are above all inliers.
    """
    ranked = np.sort(outliers)
    sides = [np.searchsorted(ranked, inliers, side) for side in ("left", "right")]
    return 1 - np.mean(sides, axis=0) / len(ranked)


def aupr(inliers: np.ndarray, outliers: np.ndarray) -> float:
    """Area under precision and recall of scores (N,) and (M,), where both classes weigh the same."""
    numbers = [len(inliers), len(outliers)]
    truth, weight = np.repeat([0, 1], numbers), np.repeat(1 / np.array(numbers), numbers)
    return float(average_precision_score(truth, np.concatenate([inliers, outliers]), sample_weight=weight))


def _with_mean(name: str, by_kind: dict[str, Any]) -> dict[str, Any]:
    """What is known of each kind by its name, <name>_<kind>, and the mean over kinds, <name>."""
    return {name: np.mean(list(by_kind.values()), axis=0)} | {f"{name}_{kind}": v for kind, v in by_kind.items()}
