"""Images that a model makes up: drawn from where its codes should lie, or from where those of training images do lie;
and how far from real ones they are, beside those of a Gaussian, which knows nothing of faces but their covariance."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits
from torch import nn

from autofaces.core.arrays import evenly
from autofaces.evaluation import generation, inference
from autofaces.evaluation.tables import Columns
from autofaces.training import likelihoods
from autofaces.training.pixels import pixels

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

SHOWN = 24  # samples in the figures
MOST = 1000  # samples that are measured
FOLDS = 8
SAMPLES = 0  # what noise is for
CODES = 5000  # training images, at most, that a mixture is fitted to
COMPONENTS = 10  # of a mixture, at most
REGULAR = 1e-6  # of the codes' mean variance: the least in any direction
LINEAR = 2000  # training images, at most, for principal components

# (numbers of a code, images) -> uint8 (images, H, W, C): what `gaussian` makes up
Gate = Callable[[int, int], np.ndarray]


def measure(
    model: nn.Module, train: np.ndarray, test: np.ndarray, gate: Gate
) -> tuple[dict[str, float], Columns, dict[str, np.ndarray]]:
    """What a model makes up beside as many test images, evenly spaced, at most 1,000. train, test: uint8 (N, H, W, C).

    Numbers: swd, sample_sharpness_ratio and _coarse, sample_diversity (see generation) of draws from N(0, I); with
    _codes of draws from a mixture of Gaussians fitted to training images' codes; swd_pca, of what `gate` makes up;
    swd_floor, of test images. Sets: all but the floor, of 8 folds (see `beside`). Pictures, uint8 (24, H, W, C):
    samples, samples_codes, samples_pca.
    """
    count = max(SHOWN, min(len(test), MOST))
    shape = inference.code_shape(model, test)
    made = {
        "": prior(model, shape, count),
        "_codes": draw(model, fit(model, train), count, SAMPLES),
        "_pca": gate(math.prod(shape), count),
    }
    images = test[evenly(len(test), count)]
    numbers, sets = beside({name: samples[: len(images)] for name, samples in made.items()}, images)
    numbers["swd_floor"] = generation.swd_floor(images)
    return numbers, sets, {f"samples{name}": samples[:SHOWN] for name, samples in made.items()}


def beside(made: Mapping[str, np.ndarray], images: np.ndarray) -> tuple[dict[str, float], Columns]:
    """Samples beside as many images, uint8 (N, H, W, C): numbers of all, named with the suffix that the samples have in
    `made`, and pseudo-values of 8 folds, (8,) each, whose mean is the number of all; of "_pca" swd alone.

    A fold is an eighth of the samples and of the images: the k-th has the same images whatever they are compared with.
    Its pseudo-value is what all others make of the number without it, turned round (the jackknife, Tukey 1958): folds
    by themselves are so small that their numbers hardly differ for what differs between the sets. No folds of fewer
    than 8 images.
    """
    bounds = np.linspace(0, len(images), FOLDS + 1, dtype=int)
    every = np.arange(len(images))
    without = [np.delete(every, slice(*ends)) for ends in pairwise(bounds)] if len(images) >= FOLDS else []
    found = {
        f"swd{name}": np.append(whole, rest)
        for name, whole, rest in zip(
            made,
            generation.swds(list(made.values()), images, [every]),
            generation.swds(list(made.values()), images, without, repeats=1) if without else [[]] * len(made),
            strict=True,
        )
    }
    parts, theirs = [every, *without], generation.sharpness(images)
    for name, samples in made.items():
        if name != "_pca":
            for scale, ours in generation.sharpness(samples).items():
                ratios = [generation.ratio(ours[part].mean(), theirs[scale][part].mean()) for part in parts]
                found[f"sample_sharpness_ratio{scale}{name}"] = np.array(ratios)
            diversities = [generation.diversity(samples[part], images[part]) for part in parts]
            found[f"sample_diversity{name}"] = np.array(diversities)
    sets = {name: pseudo(values[0], values[1:]) for name, values in found.items()} if without else {}
    return {name: float(values[0]) for name, values in found.items()}, {"fold": np.arange(FOLDS)} | sets if sets else {}


def pseudo(whole: float, without: np.ndarray) -> np.ndarray:
    """A number of all, and that of all but each of K folds -> (K,) pseudo-values, whose mean is the number of all."""
    return whole + (len(without) - 1) * (without.mean() - without)


def prior(model: nn.Module, shape: Sequence[int], count: int) -> np.ndarray:
    """uint8 (count, H, W, C) decoded from draws of N(0, I), the same for every model with codes of this shape: what a
    variational one is trained for, and a plain one not."""
    noise = likelihoods.generator(inference.device(model), SAMPLES)
    sizes = (min(inference.BATCH, count - start) for start in range(0, count, inference.BATCH))
    codes = (torch.randn((size, *shape), generator=noise, device=noise.device) for size in sizes)
    return np.concatenate([pixels(inference.decode(model, code)) for code in codes])


def fit(model: nn.Module, images: np.ndarray) -> "GaussianMixture":
    """A mixture of Gaussians on the codes of at most 5,000 of uint8 (N, H, W, C), of a variational model their means,
    which any autoencoder can draw from (Ghosh et al. 2020, From variational to deterministic autoencoders, section 4).

    10 of them, as there, with full covariances; fewer where each would have fewer images than a code has numbers.
    Computed with one thread: the same bytes on the same machine. `draw` takes it with its model.
    """
    from sklearn.exceptions import ConvergenceWarning  # a second, which models that make nothing up do without
    from sklearn.mixture import GaussianMixture

    codes = inference.codes(model, images[evenly(len(images), CODES)]).astype(np.float64)
    numbers = codes.shape[1]
    mixture = GaussianMixture(
        int(np.clip(len(codes) // numbers, 1, COMPONENTS)),
        reg_covar=max(REGULAR * codes.var(0).mean(), np.finfo(np.float32).tiny),
        random_state=0,
    )
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # codes that are all the same, too: nothing better is there
        mixture.fit(codes)
    mixture.code_shape = inference.code_shape(model, images)  # which codes in a table have lost
    return mixture


def draw(model: nn.Module, mixture: "GaussianMixture", count: int, seed: int) -> np.ndarray:
    """uint8 (count, H, W, C) decoded from draws of what `fit` found of the model; in no order, so that any of them
    stand for all."""
    random = np.random.default_rng(seed)
    component = random.choice(len(mixture.weights_), count, p=mixture.weights_)
    codes = random.standard_normal((count, mixture.means_.shape[1]))
    for i, (mean, covariance) in enumerate(zip(mixture.means_, mixture.covariances_, strict=True)):
        codes[component == i] = mean + codes[component == i] @ np.linalg.cholesky(covariance).T
    code = torch.from_numpy(codes.astype(np.float32)).unflatten(1, mixture.code_shape).to(inference.device(model))
    return np.concatenate([pixels(inference.decode(model, part)) for part in code.split(inference.BATCH)])


def gaussian(train: np.ndarray, numbers: int, count: int) -> np.ndarray:
    """uint8 (count, H, W, C), draws from a Gaussian on the first `numbers` principal components of at most 2,000
    training images, or as many as these have: what a linear code of that size generates.

    From the inner products of images, which are fewer than pixels: a draw is a weighted sum of the images.
    """
    from autofaces.evaluation.applications import encoding

    images = train[evenly(len(train), LINEAR)]
    amount = len(images)
    inner = encoding.products(images).astype(np.float64)
    inner -= inner.mean(0)
    inner -= inner.mean(1, keepdims=True)
    components = max(1, min(numbers, amount - 1))
    vectors = eigh(inner, subset_by_index=(amount - components, amount - 1))[1][:, ::-1]
    # a component is X^T v / s, with the standard deviation s / sqrt(N); the sign of v is arbitrary
    vectors *= np.sign(np.take_along_axis(vectors, np.abs(vectors).argmax(0)[None], 0))
    noise = np.random.default_rng(SAMPLES).standard_normal((count, vectors.shape[1]))
    weights = noise @ vectors.T / math.sqrt(amount)
    weights += 1 / amount - weights.mean(1, keepdims=True)  # about the mean image
    total = np.zeros((count, images[0].size), np.float32)
    for start in range(0, amount, encoding.BLOCK):
        block = slice(start, start + encoding.BLOCK)
        total += weights[:, block].astype(np.float32) @ encoding.numbers(images[block])
    return (255 * (total + 0.5).clip(0, 1)).round().astype(np.uint8).reshape(count, *images.shape[1:])
