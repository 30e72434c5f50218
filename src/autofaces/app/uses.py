"""The uses of trained models on one's own images: which rows can serve a use, which serves it best, and what is odd."""

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from autofaces.core import arrays, files
from autofaces.evaluation.scores import scores
from autofaces.training import devices, models

MODELS, METRICS, ARRAYS = Path("models"), Path("metrics"), Path("data/arrays")
PERCENTILE = 99  # of unseen faces' scores: above it an image is called an outlier
REFERENCE = 2000  # images, at most, of each part that the threshold comes from


class Use(NamedTuple):
    """How rows are compared for one use."""

    metric: str  # in metrics/<experiment>.json or metrics/outliers/<experiment>.json
    best: Callable[[Iterable[float]], float]  # min or max of it
    useless: tuple[float, str] = (-math.inf, "")  # where the model is of no use: at this value and below it, in words


USES = {
    "reconstruct": Use("mse", min),
    "denoise": Use("denoise_psnr_gain_db", max, (0.0, "no better than the noisy images")),
    # the evenness of a morph is best where every code gives the same face; swd asks for faces, and for different ones
    "morph": Use("swd", min),
    "similar": Use("search_precision_at_5", max),
    "sample": Use("swd", min),
    "outliers": Use("outlier_auroc", max, (0.5, "no better than chance")),
}


class Trained(NamedTuple):
    """A trained model that a use works with."""

    key: str
    folder: Path
    model: nn.Module
    config: dict[str, Any]
    why: str  # it was taken, in words


def load(use: str, experiment: str | None) -> Trained:
    """The model of the row or model folder `experiment`, of the best row for `use` where that is None.

    On the device to compute on. BadInput where there is none, or where it cannot serve the use.
    """
    key, why = (experiment, "") if experiment else _best(use)
    folder = Path(key) if (Path(key) / "config.json").exists() else MODELS / key
    if not folder.exists():
        trained = keys()
        close = difflib.get_close_matches(key, trained, n=1)
        raise files.BadInput(
            f"experiment {key}: no trained model at {folder}; trained here: {', '.join(trained) or 'none'}"
            + (f"; did you mean {close[0]}?" if close else "")
        )
    model, config = models.load(folder)
    if not can(use, config):
        able = [k for k in keys() if can(use, models.config(MODELS / k))]
        raise files.BadInput(
            f"experiment {key}: it is not variational, so it cannot {use}; rows that can: {', '.join(able) or 'none'}"
        )
    return Trained(config.get("experiment", folder.name), folder, model.to(devices.pick(None).device), config, why)


def keys() -> list[str]:
    """The rows that have a trained model here, sorted."""
    return sorted(path.parent.name for path in MODELS.glob("*/config.json"))


def can(use: str, config: Mapping[str, Any]) -> bool:
    """Whether a model serves a use at all: only a variational one can make images up."""
    return use != "sample" or is_variational(config)


def is_variational(config: Mapping[str, Any]) -> bool:
    """Whether a model's code is a mean and a log-variance; found without its weights."""
    return models.is_variational(*(config[k] for k in ("name", "size", "channels", "arguments")))


def unit(config: Mapping[str, Any]) -> str:
    """What the scores of a model are counted in."""
    return "nats" if is_variational(config) else "mse"


def threshold(trained: Trained) -> tuple[float, str] | None:
    """The score above which an image is an outlier, and what it was taken from; None where its data set is not here.

    The 99th percentile over faces of the model's own data set that it was not trained on: of such faces one in a
    hundred is called an outlier. (The paper's, the median over training images, calls more than half of them so; and
    training images, which the model knows, score too low to stand for new ones.)
    """
    folder = ARRAYS / str(trained.config.get("dataset"))
    if not folder.is_dir():
        return None
    values = []
    for part in ("validation", "test"):
        images = arrays.load(folder, part)
        values.append(scores(trained.model, images[arrays.evenly(len(images), REFERENCE)]))
    values = np.concatenate(values)
    what = f"{PERCENTILE}th percentile of {len(values):,} faces of {folder} it was not trained on"
    return float(np.percentile(values, PERCENTILE)), what


def _best(use: str) -> tuple[str, str]:
    metric, best, (nothing, words) = USES[use]
    values = {}
    for key in keys():
        paths = [path for folder in (METRICS, METRICS / "outliers") if (path := folder / f"{key}.json").exists()]
        found = {k: v for path in paths for k, v in json.loads(path.read_text(encoding="utf-8")).items()}
        value = found.get(metric)
        if value is not None and can(use, models.config(MODELS / key)):
            values[key] = value
    if not values:
        able = [key for key in keys() if can(use, models.config(MODELS / key))]
        advice = (
            f"name one with --experiment: {', '.join(able)}" if able else "run `make repro` in the project's folder"
        )
        raise files.BadInput(f"{MODELS}/, {METRICS}/: no trained row has the metric {metric} to choose by; {advice}")
    value = best(values.values())
    key = next(k for k, v in values.items() if v == value)
    extreme = "lowest" if best is min else "highest"
    why = f"{extreme} {metric}, {value:.4g}, of {len(values)} row{'s' if len(values) > 1 else ''}"
    return key, f"{why}, {words}" if value <= nothing else why
