"""What trained models are used for on one's own images, and which of them serves a use best."""

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from autofaces import devices, files, models
from autofaces.data import arrays
from autofaces.models import pixels
from autofaces.outlying import scores

MODELS, METRICS, ARRAYS = Path("models"), Path("metrics"), Path("data/arrays")
PERCENTILE = 99  # of unseen faces' scores: above it an image is called an outlier
REFERENCE = 2000  # images, at most, of each part that the threshold comes from


class Use(NamedTuple):
    """How rows are compared for one use."""

    metric: str  # in metrics/<experiment>.json or metrics/outliers/<experiment>.json
    best: Callable[[Iterable[float]], float]  # min or max of it


USES = {
    "reconstruct": Use("mse", min),
    "denoise": Use("denoise_psnr_gain_db", max),
    # the evenness of a morph is best where every code gives the same face; swd asks for faces, and for different ones
    "morph": Use("swd", min),
    "similar": Use("search_precision_at_5", max),
    "sample": Use("swd", min),
    "outliers": Use("outlier_auroc", max),
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
        able = [k for k in keys() if can(use, _config(k))]
        raise files.BadInput(
            f"experiment {key}: it is not variational, so it cannot {use}; rows that can: {', '.join(able) or 'none'}"
        )
    return Trained(folder.name, folder, model.to(devices.pick(None)), config, why)


def keys() -> list[str]:
    """The rows that have a trained model here, sorted."""
    return sorted(path.parent.name for path in MODELS.glob("*/config.json"))


def can(use: str, config: Mapping[str, Any]) -> bool:
    """Whether a model serves a use at all: only a variational one can make images up."""
    return use != "sample" or is_variational(config)


def is_variational(config: Mapping[str, Any]) -> bool:
    """Whether a model's code is a mean and a log-variance; found without its weights."""
    return models.is_variational(*(config[k] for k in ("name", "size", "channels", "arguments")))


def reconstruct(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """uint8 (B, H, W, C) -> the model's reconstructions, of the same shape."""
    return pixels(models.reconstruct(model, models.tensor(model, images)))


def sample(model: nn.Module, count: int, noise: torch.Generator) -> np.ndarray:
    """What a variational model makes up, uint8 (count, H, W, C): decoded draws of N(0, I)."""
    return pixels(models.sample(model, count, noise))


def morph(model: nn.Module, ends: np.ndarray) -> np.ndarray:
    """uint8 (2, H, W, C) -> uint8 (9, H, W, C): from one to the other through the code, as `models.morph`."""
    return pixels(models.morph(model, ends))


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
        chosen = np.linspace(0, len(images) - 1, min(REFERENCE, len(images)), dtype=int)
        values.append(scores(trained.model, images[chosen]))
    values = np.concatenate(values)
    what = f"{PERCENTILE}th percentile of {len(values):,} faces of {folder} it was not trained on"
    return float(np.percentile(values, PERCENTILE)), what


def _best(use: str) -> tuple[str, str]:
    metric, best = USES[use]
    values = {}
    for key in keys():
        paths = [path for folder in (METRICS, METRICS / "outliers") if (path := folder / f"{key}.json").exists()]
        found = {k: v for path in paths for k, v in json.loads(path.read_text(encoding="utf-8")).items()}
        value = found.get(metric)
        if value is not None and can(use, _config(key)):
            values[key] = value
    if not values:
        able = [key for key in keys() if can(use, _config(key))]
        advice = (
            f"name one with --experiment: {', '.join(able)}" if able else "run `make repro` in the project's folder"
        )
        raise files.BadInput(f"{MODELS}/, {METRICS}/: no trained row has the metric {metric} to choose by; {advice}")
    value = best(values.values())
    key = next(k for k, v in values.items() if v == value)
    extreme = "lowest" if best is min else "highest"
    return key, f"{extreme} {metric}, {value:.4g}, of {len(values)} row{'s' if len(values) > 1 else ''}"


def _config(key: str) -> dict[str, Any]:
    return json.loads((MODELS / key / "config.json").read_text(encoding="utf-8"))
