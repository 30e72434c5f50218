"""A trained model on its test images: every image's values, the pictures that figures show, and images made up."""

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofaces.core import arrays, files
from autofaces.core.arrays import evenly
from autofaces.evaluation import generation, inference, reconstruction, sharpness
from autofaces.evaluation.inference import batches, draw, encode, reconstruct, tensor
from autofaces.evaluation.scores import Objective
from autofaces.training import devices, likelihoods, models
from autofaces.training.layers import point
from autofaces.training.pixels import normalise, pixels, to_unit

SHOWN = 8  # test images in the figures, the same for every model of a dataset
DEEP = 2  # of them also decoded from every depth
MADE_UP = 24  # samples in the figures
MOST = 1000  # samples that are measured
AVERAGED = 2000  # training images
SAMPLES, CODES = 0, 1  # what noise is for

# of one seed: values of every test image, (N,) each; numbers that no image has alone; pictures
Measured = tuple[dict[str, np.ndarray], dict[str, float], dict[str, np.ndarray]]


def row(folder: Path | str, data: Path | str, target: Path) -> dict[str, Any]:
    """Measure a row's models on its test images: the summary, which is means over images and seeds.

    folder: of its models, as training.rows.train writes it; data: of its arrays. Into the folder `target` go
    metrics.json (the summary), images.csv (every image's values under every seed), and of the first seed config.json,
    pictures.npz and dvclive/, the history of its training.
    """
    parts = {part: arrays.load(data, part) for part in arrays.PARTS}
    images, found, config, shown = _of_each_seed(folder, lambda model, its: _measured(model, its, parts, data))
    summary = described(config, len(found))
    summary |= {"images": sum(map(len, parts.values())), "test_images": len(parts["test"])}
    summary |= over_seeds(found)
    write(target, summary, images, shown)
    files.write_json(target / "config.json", config)
    shutil.copytree(Path(folder) / "dvclive", target / "dvclive")
    return summary


def outliers(folder: Path | str, own: str, data: Mapping[str, Path | str], target: Path) -> dict[str, Any]:
    """How well a row's models tell images of other data sets from their own: the summary, as of `row`.

    own: the models' data set; data: the arrays of it and of others, by data set. The folder `target` gets no config and
    history, which `row` keeps. BadInput where `data` lacks the models' own set.
    """
    from autofaces.evaluation import applications

    if own not in data:
        raise files.BadInput(f"{folder}: dataset {own}; expected one of {', '.join(data)}")
    train, test = (applications.Labelled.load(data[own], part) for part in ("train", "test"))
    others = {name: arrays.load(place, "test") for name, place in data.items() if name != own}

    def measured(model: nn.Module, config: Mapping[str, Any]) -> Measured:
        numbers, values, shown = applications.measure(["outliers"], model, objective(config), train, test, others)
        return values, numbers, shown

    images, found, _, shown = _of_each_seed(folder, measured)
    summary = over_seeds(found)
    write(target, summary, images, shown)
    return summary


def write(folder: Path, summary: Mapping[str, Any], rows: list[dict], pictures: Mapping[str, np.ndarray]) -> None:
    """Write metrics.json, images.csv and pictures.npz into `folder`."""
    files.write_json(folder / "metrics.json", summary)
    files.write_csv(folder / "images.csv", rows)
    np.savez(folder / "pictures.npz", **pictures)


def objective(config: Mapping[str, Any]) -> Objective | None:
    """What a model was trained with, from its config; None of a closed form."""
    found = config["objective"]
    return found and Objective(**found)


def described(config: Mapping[str, Any], seeds: int) -> dict[str, Any]:
    """What a row is, and how it was trained, from its first model's config: the head of its summary."""
    return {
        **{name: config[name] for name in ("profile", "paper", "dataset")},
        "seeds": seeds,
        **{name: config[name] for name in ("parameters", "flops_per_image")},
        "precision": config["training"]["precision"],
        "training_images_seen": config["training"]["images"],
    }


def _of_each_seed(
    folder: Path | str, measured: Callable[[nn.Module, Mapping[str, Any]], Measured]
) -> tuple[list[dict[str, float]], list[dict[str, float]], dict[str, Any], dict[str, np.ndarray]]:
    """Every seed's values of every image, in one table, and its numbers; of the first one config and pictures."""
    images, found, first = [], [], None
    for place in models.seeds(folder):
        model, config = models.load(place)
        values, numbers, shown = measured(model.to(devices.pick(config["training"].get("threads")).device), config)
        images += rows(values, config["training"]["seed"])
        found.append(means(values) | numbers)
        first = first or (config, shown)
    return images, found, *first


def _measured(
    model: nn.Module, config: Mapping[str, Any], parts: Mapping[str, np.memmap], data: Path | str
) -> Measured:
    train, test = parts["train"], parts["test"]
    values = per_image(model, test, config["experiment"]) | {"mse_of_mean": mse_of_mean(train, test)}
    shown = pictures(model, test)
    error = float(np.nanmean(values["mse"]))
    numbers = {"generalisation_gap": error / config["training"]["train_mse"]}
    if found := codes(model, test):
        values |= nats(model, test, found, objective(config))
        made_up = drawn(model, len(test))
        numbers |= {"active_units": likelihoods.active_units(found[0]), **of_samples(made_up, test)}
        shown["samples"] = made_up[:MADE_UP]
    if config["applications"]:
        from autofaces.evaluation import applications  # pandas and scikit-learn: only where they are needed

        both = (applications.Labelled.load(data, part) for part in ("train", "test"))
        more, of_images, more_shown = applications.measure(config["applications"], model, objective(config), *both, {})
        values |= of_images
        numbers |= more
        shown |= more_shown
    return values, numbers, shown


def per_image(model: nn.Module, test: np.memmap, name: str) -> dict[str, np.ndarray]:
    """uint8 (N, H, W, C) -> every metric of reconstruction, (N,) float64 each."""
    parts = []
    number = math.ceil(len(test) / inference.BATCH)
    for images in tqdm(batches(model, test), desc=name, total=number, unit=" batches", disable=None):
        original, output = normalise(images, (0.0, 1.0)), reconstruct(model, images)
        parts.append(reconstruction.errors(original, output) | sharpness.detail(original, output))
    return _joined(parts)


def mse_of_mean(train: np.memmap, test: np.memmap) -> np.ndarray:
    """uint8 (N, H, W, C) each -> (N,) float64: the error of showing, for every test image, the average of at most 2,000
    training images: what a model has to beat."""
    mean = np.mean([train[i] for i in evenly(len(train), AVERAGED)], axis=0, dtype=np.float64)
    return np.array([np.square((image - mean) / 255).mean() for image in test])


@torch.inference_mode()
def codes(model: nn.Module, test: np.memmap) -> tuple[Tensor, Tensor] | None:
    """Mean and log-variance of every test image's code, (N, ...) each; None of a model that is not variational."""
    parts = []
    for images in batches(model, test):
        code = encode(model, images)
        if isinstance(code, Tensor):
            return None
        parts.append(code)
    mean, log_variance = (torch.cat(part) for part in zip(*parts, strict=True))
    return mean, log_variance


@torch.inference_mode()
def nats(
    model: nn.Module, test: np.memmap, codes: tuple[Tensor, Tensor], objective: Objective
) -> dict[str, np.ndarray]:
    """A variational model's values, (N,) float64 each: kl_nats; of one trained with the objective elbo also
    reconstruction_nats, elbo_nats and bits_per_dim, with the likelihood it was trained with.

    KL counts in full, whatever its factor in training. As there the code is drawn once; the noise is the same at every
    call and for every model with such a code.
    """
    if objective.name != "elbo":
        return _joined([{"kl_nats": likelihoods.kl_nats(*codes)}])
    likelihood = {k: v for k, v in objective.arguments.items() if k in ("likelihood", "variance")}
    parts = []
    drawn_from = zip(*(part.split(inference.BATCH) for part in codes), strict=True)
    for number, (batch, code) in enumerate(zip(batches(model, test), drawn_from, strict=True)):
        images = normalise(batch, model.pixel_range)
        noise = likelihoods.generator(images.device, CODES, number * inference.BATCH)
        parts.append(likelihoods.evidence(model, images, code, noise, **likelihood))
    return _joined(parts)


def drawn(model: nn.Module, test_images: int) -> np.ndarray:
    """uint8 (K, H, W, C) that a variational model makes up from draws of N(0, I), the same for every model with such a
    code: as many as there are test images, at most 1,000, at least the 24 of the figures."""
    count = max(MADE_UP, min(test_images, MOST))
    noise = likelihoods.generator(inference.device(model), SAMPLES)
    parts = [
        pixels(draw(model, min(inference.BATCH, count - start), noise)) for start in range(0, count, inference.BATCH)
    ]
    return np.concatenate(parts)


def of_samples(samples: np.ndarray, test: np.memmap) -> dict[str, float]:
    """swd, swd_floor, sample_sharpness_ratio, sample_diversity of `samples` beside as many test images, evenly spaced;
    without those that so few or so equal test images do not have."""
    images = test[evenly(len(test), len(samples))]
    samples = samples[: len(images)]
    values = {
        "swd": generation.swd(samples, images),
        "swd_floor": generation.swd_floor(images),
        "sample_sharpness_ratio": generation.sharpness_ratio(samples, images),
        "sample_diversity": generation.diversity(samples, images),
    }
    return {name: value for name, value in values.items() if not np.isnan(value)}


def means(values: dict[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric over the images that have it (a flat original has no sharpness ratio)."""
    return {name: float(np.nanmean(value)) for name, value in values.items()}


def over_seeds(found: list[dict[str, float]]) -> dict[str, float]:
    """The mean over seeds of each number that all have, in six digits; a count as it is where the seeds agree on it."""
    shared = [name for name in found[0] if all(name in numbers for numbers in found)]
    columns = {name: [numbers[name] for numbers in found] for name in shared}
    return {
        name: column[0] if isinstance(column[0], int) and len(set(column)) == 1 else float(f"{np.mean(column):.6g}")
        for name, column in columns.items()
    }


def rows(values: dict[str, np.ndarray], seed: int) -> Iterator[dict[str, float]]:
    """One row per test image, in the order of its array; `seed` is the training's."""
    for image, row in enumerate(zip(*values.values(), strict=True)):
        yield {"seed": seed, "image": image, **dict(zip(values, map(float, row), strict=True))}


def pictures(model: nn.Module, test: np.memmap) -> dict[str, np.ndarray]:
    """Pictures, uint8: originals and reconstructions (K, H, W, C), evenly spaced in the test set at index (K,); of a
    model with levels also depths (2, levels, H, W, C): encoded to depth k and decoded from there."""
    index = evenly(len(test), SHOWN)
    images = tensor(model, test[index])
    shown = {
        "index": index,
        "originals": test[index],
        "reconstructions": pixels(reconstruct(model, images)),
    }
    if hasattr(model, "levels"):
        shown["depths"] = np.stack([pixels(d) for d in _decoded(model, images[:DEEP])], axis=1)
    return shown


@torch.inference_mode()
def _decoded(model: nn.Module, images: Tensor) -> list[Tensor]:
    inputs = normalise(images, model.pixel_range)
    depths = range(1, len(model.encoder) + 1)
    return [to_unit(model.decode(point(model.encode(inputs, k)), k), model.pixel_range) for k in depths]


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, np.ndarray]:
    """Batches of values, (B,) each -> (N,) float64."""
    return {name: torch.cat([part[name] for part in parts]).double().cpu().numpy() for name in parts[0]}
