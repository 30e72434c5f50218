"""Objectives: what a training minimises. Each takes a model, images (B, C, H, W) in the model's pixel range and a
context, and returns the loss (a scalar, float32) and its named terms for the history. Settings are keyword-only
arguments. Public functions are objectives, and nothing else."""

import math
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from autofaces.core import files
from autofaces.training import ranks
from autofaces.training.layers import Code
from autofaces.training.likelihoods import Noise, corrupt, draw, evidence, kl_nats


class Context(NamedTuple):
    """When in a training an objective is asked, and what it draws from."""

    epoch: float | Tensor  # of the full schedule: a training that is cut short passes through its epochs faster
    noise: Noise  # on the images' device


Loss = tuple[Tensor, dict[str, Tensor]]
Objective = Callable[[nn.Module, Tensor, Context], Loss]


def mse(
    model: nn.Module,
    images: Tensor,
    context: Context,
    *,
    kl: Annotated[float, Field(ge=0)] = 0.0,
    noise: Annotated[float, Field(ge=0)] = 0.0,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Loss:
    """Mean squared error over images, channels and pixels: kovenko2020, equation (1); ray2020's stacked training.

    `kl`: factor on KL / pixels of the image, of a variational model (ray2020's notebooks: 1). `noise` (standard
    deviation on [0, 1]) and `dropout` (rate) spoil the model's input, in validation too; the target stays clean
    (kovenko2020, section 3.2).
    """
    code, divergence = _drawn(model.encode(_spoilt(model, images, context, noise, dropout)), context)
    error = mse_loss(model.decode(code).float(), images)
    return _with_kl(error, {}, divergence, kl, images)


def mae(
    model: nn.Module,
    images: Tensor,
    context: Context,
    *,
    noise: Annotated[float, Field(ge=0)] = 0.0,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Loss:
    """Mean absolute error over images, channels and pixels: kovenko2020, equation (2). `noise`, `dropout`: see mse."""
    code, _ = _drawn(model.encode(_spoilt(model, images, context, noise, dropout)), context)
    return l1_loss(model.decode(code).float(), images), {}


def layerwise(model: nn.Module, images: Tensor, context: Context, *, kl: Annotated[float, Field(ge=0)] = 0.0) -> Loss:
    """Sum over levels i of MSE(dec_i(enc_i(h_{i-1})), h_{i-1}), h_0 the image: ray2020's recursive one (section 3).

    The authors update level after level, each with an Adam of its own, against activations from before the update.
    No gradient passes between levels and Adam works per parameter, so one step on the sum from one forward pass is
    the same, but for their encoder being one step fresher at each deeper level.
    `kl`: as in mse; only the deepest level has a code to draw.
    """
    terms, divergence = [], None
    for target, code, decode in model.levels(images):
        code, divergence = _drawn(code, context)
        terms.append(mse_loss(decode(code).float(), target.float()))
    named = {f"level_{i}": term.detach() for i, term in enumerate(terms, start=1)}
    return _with_kl(sum(terms), named, divergence, kl, images)


def weighted(model: nn.Module, images: Tensor, context: Context, *, decay: Annotated[float, Field(gt=0, le=1)]) -> Loss:
    """Sum over levels i of decay^(i-1) MSE(what the decoder makes of h_{i-1}, h_{i-1}), trained end to end: one model
    with a loss at every level, ray2020's open idea. Activations are targets without gradient, else the encoder could
    please them by falling silent."""
    terms = [mse_loss(output.float(), target.float()) for target, output in model.chain(images)][::-1]
    loss = sum(decay**i * term for i, term in enumerate(terms))
    return loss, {f"level_{i}": term.detach() for i, term in enumerate(terms, start=1)}


def elbo(
    model: nn.Module,
    images: Tensor,
    context: Context,
    *,
    likelihood: Literal["gaussian", "bernoulli"],
    variance: Annotated[float, Field(gt=0)] | Literal["optimal"] = 1.0,
    reduction: Literal["sum", "mean"] = "sum",
    beta: Annotated[float, Field(ge=0)] = 1.0,
    warmup_epochs: Annotated[int, Field(ge=0)] = 0,
) -> Loss:
    """Reconstruction + beta KL in nats per image, averaged over the batch: kovenko2020, equations (4) to (8).

    The code is drawn once. `likelihood` of the pixels: gaussian with a fixed `variance` (kovenko2020), or bernoulli
    (kolotouros2017). `variance` optimal: the mean squared error of the batch, which gradients pass through; of D pixels
    and channels the nats are D / 2 (log(2 pi mse) + 1) (Rybkin, Daniilidis, Levine 2021, sigma-VAE). `reduction` mean:
    the reconstruction's nats are divided by D, the KL's are not, as code often has it that adds a mean and a sum.
    `beta` rises to its value from 0, linearly over the first `warmup_epochs`.
    Terms, all of whole images: those of likelihoods.evidence, beta, and for the gaussian mse_over_variance (1: the
    variance is what the error says it is), or the variance where it is optimal.
    """
    code = model.encode(images)
    if isinstance(code, Tensor):
        raise _not_variational("elbo")
    if likelihood == "bernoulli" and not hasattr(model, "logits"):
        raise files.BadInput(f"objective elbo: {type(model).__name__} has no logits; set likelihood: gaussian")
    values = evidence(model, images, code, context.noise, likelihood, variance, pooled=True)
    # a tensor, as what a GPU replays has no numbers that change
    epoch = torch.as_tensor(context.epoch, dtype=torch.float64, device=images.device)
    factor = (beta * (epoch / warmup_epochs).clamp(max=1)).float() if warmup_epochs else beta
    numbers = images[0].numel()
    divided = numbers if reduction == "mean" else 1
    loss = values["reconstruction_nats"].mean() / divided + factor * values["kl_nats"].mean()
    terms = {name: value.detach().mean() for name, value in values.items()}
    terms["beta"] = torch.ones_like(loss.detach()) * factor
    if likelihood == "gaussian":  # nats are half of mse_over_variance for each number, and a constant
        doubled = 2 * ranks.mean(values["reconstruction_nats"].detach()) / numbers
        if variance == "optimal":
            terms["variance"] = (doubled - 1).exp() / (2 * math.pi)
        else:
            terms["mse_over_variance"] = doubled - math.log(2 * math.pi * variance)
    return loss, terms


def _drawn(code: Code, context: Context) -> tuple[Tensor, Tensor | None]:
    """The code to decode and its KL in nats, the mean over images; None of a code that is not drawn."""
    if isinstance(code, Tensor):
        return code, None
    mean, log_variance = (part.float() for part in code)
    return draw(mean, log_variance, context.noise), kl_nats(mean, log_variance).mean()


def _spoilt(model: nn.Module, images: Tensor, context: Context, noise: float, dropout: float) -> Tensor:
    low, high = model.pixel_range
    return corrupt(images, context.noise, noise * (high - low), dropout)


def _with_kl(error: Tensor, terms: dict[str, Tensor], divergence: Tensor | None, kl: float, images: Tensor) -> Loss:
    if divergence is None:
        if kl:
            raise _not_variational(f"kl = {kl}")
        return error, terms
    pixels = images.shape[2] * images.shape[3]
    return error + kl / pixels * divergence, terms | {"kl_nats": divergence.detach()}


def _not_variational(setting: str) -> files.BadInput:
    return files.BadInput(
        f"objective: {setting} needs a model with mean and log-variance; set model: latent: gaussian (ladder), "
        "variational: true (pooling), sketch_vae or deep_vae"
    )
