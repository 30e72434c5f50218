"""How ill images suit a model: scores that tell outliers from images of the data set (kovenko2020, section 4.2)."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from autofaces.evaluation import inference
from autofaces.training.layers import Code, point
from autofaces.training.likelihoods import bernoulli_nats, gaussian_nats, kl_nats, optimal_variance
from autofaces.training.pixels import normalise, to_unit


class Objective(NamedTuple):
    """What a model was trained with, as its config says."""

    name: str
    arguments: Mapping[str, Any]


def scores(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """The score of a model, (N,) float64 of uint8 (N, H, W, C): of a variational one the kl, else the mse.

    Both as `all_scores` has them; for the kl nothing is decoded.
    """

    def one(inputs: Tensor, code: Code) -> dict[str, Tensor]:
        return {"": _mse(model, inputs, model.decode(code)) if isinstance(code, Tensor) else _kl(code)}

    return _each(model, images, one)[""]


def all_scores(model: nn.Module, objective: Objective | None, images: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of uint8 (N, H, W, C), (N,) float64 each, higher of what suits the model less.

    mse: of the reconstruction, pixels in [0, 1]. Of a variational model also kl: KL(q(code | image) || N(0, I)) in
    nats; elbo: minus the evidence lower bound in nats, at the mean of the code instead of draws, where the objective is
    one (`likelihood`).
    """

    def every(inputs: Tensor, code: Code) -> dict[str, Tensor]:
        output = model.decode(point(code))
        values = {"mse": _mse(model, inputs, output)}
        if isinstance(code, Tensor):
            return values
        values = {"kl": _kl(code)} | values
        if pixels == "bernoulli":
            values["elbo"] = values["kl"] + bernoulli_nats(model.logits(point(code)), inputs)
        elif pixels:
            variance = optimal_variance(output, inputs) if pixels == "optimal" else pixels
            values["elbo"] = values["kl"] + gaussian_nats(output, inputs, variance)
        return values

    pixels = likelihood(objective, images[0].shape)
    return _each(model, images, every)


def likelihood(objective: Objective | None, shape: tuple[int, ...]) -> str | float | None:
    """What an objective takes the pixels of images (H, W, C) for, so that it is a bound on their likelihood:
    "bernoulli", or a normal distribution, of this variance or of each image's own ("optimal"); None where it is none.

    Mean squared error + k / (H W) KL is, times C H W / (2 variance), a bound with the variance k C / 2. Nats divided by
    the C H W numbers of an image, and the KL in full, are a bound with C H W times the variance.
    """
    settings = objective.arguments if objective else {}
    if "likelihood" not in settings:
        bound = objective and objective.name == "mse" and settings.get("kl")
        return settings["kl"] * shape[2] / 2 if bound else None
    divided = settings.get("reduction") == "mean"
    if settings["likelihood"] == "bernoulli":
        return None if divided else "bernoulli"
    variance = settings.get("variance", 1.0)
    if variance == "optimal":
        return None if divided else variance
    return variance * math.prod(shape) if divided else variance


@torch.inference_mode()
def _each(
    model: nn.Module, images: np.ndarray, values: Callable[[Tensor, Code], dict[str, Tensor]]
) -> dict[str, np.ndarray]:
    """What `values` gives of every batch and its code, put together."""
    found: dict[str, list[Tensor]] = {}
    for batch in inference.batches(model, images):
        inputs = normalise(batch, model.pixel_range)
        for name, value in values(inputs, model.encode(inputs)).items():
            found.setdefault(name, []).append(value.cpu())
    return {name: torch.cat(value).double().numpy() for name, value in found.items()}


def _kl(code: tuple[Tensor, Tensor]) -> Tensor:
    return kl_nats(*(part.double() for part in code))


def _mse(model: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
    made, original = (to_unit(images, model.pixel_range).double() for images in (output, inputs))
    return (made - original).square().mean((1, 2, 3))
