"""The uses of trained models on one's own images: which rows can serve a use, which serves it best, and what is odd."""

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from torch import nn

from autofaces.core import arrays, files
from autofaces.evaluation import inference
from autofaces.evaluation.scores import scores
from autofaces.training import devices, likelihoods, models
from autofaces.training.pixels import pixels

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
    "sample from codes": Use("swd_codes", min),
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
    if models.config(folder).get("not_run"):
        raise files.BadInput(
            f"experiment {key}: an ablation that the profile does not run; set profiles.<profile>.ablations in "
            f"params.yaml, for the profile that is active there, and run `dvc repro evaluate-ablation@{key}`"
        )
    model, config = models.load(folder)
    if not can(use, config):
        able = [k for k in keys() if can(use, models.config(MODELS / k))]
        raise files.BadInput(
            f"experiment {key}: it is not variational, so nothing makes its codes N(0, I); add --from codes, or take a "
            f"row that is: {', '.join(able) or 'none'}"
        )
    return Trained(config.get("experiment", folder.name), folder, model.to(devices.pick(None).device), config, why)


def keys() -> list[str]:
    """The rows that have a trained model here, sorted."""
    return sorted(path.parent.name for path in MODELS.glob("*/weights.safetensors"))


def can(use: str, config: Mapping[str, Any]) -> bool:
    """Whether a model serves a use at all: only a variational one has codes for draws from N(0, I)."""
    return use != "sample" or is_variational(config)


def is_variational(config: Mapping[str, Any]) -> bool:
    """Whether a model's code is a mean and a log-variance; found without its weights."""
    return models.is_variational(*(config[k] for k in ("name", "size", "channels", "arguments")))


def unit(config: Mapping[str, Any]) -> str:
    """What the scores of a model are counted in."""
    return "nats" if is_variational(config) else "mse"


def images(trained: Trained, part: str) -> np.memmap:
    """The images of a part of the data set that a model was trained on. BadInput where they are not here."""
    path = ARRAYS / str(trained.config.get("dataset")) / f"{part}.npy"
    if not path.exists():
        raise files.BadInput(
            f"{path}: not found; it has images of the data set that {trained.key} was trained on, and `dvc repro "
            "preprocess` makes it"
        )
    found = arrays.load(path.parent, part)
    size, channels = trained.config["size"], trained.config["channels"]
    if found.shape[1:] != (size, size, channels):
        raise files.BadInput(
            f"{path}: images {found.shape[1:]}, expected {(size, size, channels)}, as {trained.key} was trained on; "
            "both are of one profile after `dvc repro`"
        )
    return found


def made_up(trained: Trained, source: Literal["prior", "codes"], count: int, seed: int) -> Iterator[np.ndarray]:
    """Faces, uint8 (H, W, C) each, decoded from draws of N(0, I), or of a mixture of Gaussians that is fitted to the
    codes of the images the model was trained on. BadInput where these are not here."""
    sizes = [min(inference.BATCH, count - start) for start in range(0, count, inference.BATCH)]
    if source == "prior":
        noise = likelihoods.generator(inference.device(trained.model), seed)
        for size in sizes:
            yield from pixels(inference.draw(trained.model, size, noise))
        return
    from autofaces.evaluation import samples  # scikit-learn: a second that other uses do without

    mixture = samples.fit(trained.model, images(trained, "train"))
    for batch, size in enumerate(sizes):
        own = np.random.SeedSequence([seed, batch]).generate_state(1)
        yield from samples.draw(trained.model, mixture, size, int(own[0]))


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
        faces = images(trained, part)
        values.append(scores(trained.model, faces[arrays.evenly(len(faces), REFERENCE)]))
    values = np.concatenate(values)
    what = f"{PERCENTILE}th percentile of {len(values):,} faces of {folder} it was not trained on"
    return float(np.percentile(values, PERCENTILE)), what


def _best(use: str) -> tuple[str, str]:
    metric, best, (nothing, words) = USES[use]
    values = {}
    for key in keys():
        paths = [path for folder in (METRICS, METRICS / "outliers") if (path := folder / f"{key}.json").exists()]
        found = {k: v for path in paths for k, v in files.read_json(path).items()}
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
