"""A trained model on its test images: every image's values, the pictures that figures show, and images made up."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofaces import models, probability
from autofaces.metrics import generation, reconstruction, sharpness
from autofaces.models import batches, device, encode, normalise, pixels, reconstruct, sample, tensor, to_unit
from autofaces.models.layers import point
from autofaces.params import Component

SHOWN = 8  # test images in the figures, the same for every model of a dataset
DEEP = 2  # of them also decoded from every depth
MADE_UP = 24  # samples in the figures
MOST = 1000  # samples that are measured
AVERAGED = 2000  # training images
SAMPLES, CODES = 0, 1  # what noise is for


def per_image(model: nn.Module, test: np.memmap, name: str) -> dict[str, np.ndarray]:
    """uint8 (N, H, W, C) -> every metric of reconstruction, (N,) float64 each."""
    parts = []
    number = math.ceil(len(test) / models.BATCH)
    for images in tqdm(batches(model, test), desc=name, total=number, unit=" batches", disable=None):
        original, output = normalise(images, (0.0, 1.0)), reconstruct(model, images)
        parts.append(reconstruction.errors(original, output) | sharpness.detail(original, output))
    return _joined(parts)


def mse_of_mean(train: np.memmap, test: np.memmap) -> np.ndarray:
    """uint8 (N, H, W, C) each -> (N,) float64: the error of showing, for every test image, the average of at most 2,000
    training images: what a model has to beat."""
    mean = np.mean([train[i] for i in _evenly(train, AVERAGED)], axis=0, dtype=np.float64)
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
    model: nn.Module, test: np.memmap, codes: tuple[Tensor, Tensor], objective: Component
) -> dict[str, np.ndarray]:
    """A variational model's values, (N,) float64 each: kl_nats; of one trained with the objective elbo also
    reconstruction_nats, elbo_nats and bits_per_dim, with the likelihood it was trained with.

    KL counts in full, whatever its factor in training. As there the code is drawn once; the noise is the same at every
    call and for every model with such a code.
    """
    if objective.name != "elbo":
        return _joined([{"kl_nats": probability.kl_nats(*codes)}])
    likelihood = {k: v for k, v in objective.arguments.items() if k in ("likelihood", "variance")}
    parts = []
    drawn_from = zip(*(part.split(models.BATCH) for part in codes), strict=True)
    for number, (batch, code) in enumerate(zip(batches(model, test), drawn_from, strict=True)):
        images = normalise(batch, model.pixel_range)
        noise = probability.generator(images.device, CODES, number * models.BATCH)
        parts.append(probability.evidence(model, images, code, noise, **likelihood))
    return _joined(parts)


def samples(model: nn.Module, test_images: int) -> np.ndarray:
    """uint8 (K, H, W, C) that a variational model makes up from draws of N(0, I), the same for every model with such a
    code: as many as there are test images, at most 1,000, at least the 24 of the figures."""
    count = max(MADE_UP, min(test_images, MOST))
    noise = probability.generator(device(model), SAMPLES)
    parts = [pixels(sample(model, min(models.BATCH, count - start), noise)) for start in range(0, count, models.BATCH)]
    return np.concatenate(parts)


def of_samples(samples: np.ndarray, test: np.memmap) -> dict[str, float]:
    """swd, swd_floor, sample_sharpness_ratio, sample_diversity of `samples` beside as many test images, evenly spaced;
    without those that so few or so equal test images do not have."""
    images = test[_evenly(test, len(samples))]
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
    index = _evenly(test, SHOWN)
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


def _evenly(test: np.memmap, most: int) -> np.ndarray:
    """Places of at most so many test images, evenly spaced."""
    return np.linspace(0, len(test) - 1, min(most, len(test)), dtype=int)


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, np.ndarray]:
    """Batches of values, (B,) each -> (N,) float64."""
    return {name: torch.cat([part[name] for part in parts]).double().cpu().numpy() for name in parts[0]}
