"""Likelihoods and divergences in nats per image, and all that is drawn: noise comes from counters, never from a state.

Nats per image are summed over pixels and channels, or over the dimensions of the code.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from autofaces.training import ranks


class Share(NamedTuple):
    """A source of noise for a batch of which this process has a slice: what is drawn is the same whoever has it."""

    source: torch.Generator
    batch: int  # images
    images: slice  # of them


Noise = torch.Generator | Share

ACTIVE = 0.01  # variance over images from which on a number of the code counts as used
LEAST_VARIANCE = 1 / (12 * 255**2)  # of pixels on [0, 1]: what rounding to 256 levels leaves of any image


def gaussian_nats(output: Tensor, target: Tensor, variance: float | Tensor) -> Tensor:
    """-log N(target; output, variance I), (B,): kovenko2020, equation (5) with its last sign put right. `variance` is
    one number, or a tensor of one for all images, (), or for each, (B,)."""
    squares = (target - output).square().flatten(1)
    spread = 2 * math.pi * variance
    log = spread.log() if isinstance(spread, Tensor) else math.log(spread)
    return squares.sum(1) / (2 * variance) + squares.shape[1] / 2 * log


def optimal_variance(output: Tensor, target: Tensor) -> Tensor:
    """The variance under which a Gaussian finds an image likeliest, (B,): its mean squared error, that gradients pass
    through; of a batch the mean of these (Rybkin, Daniilidis, Levine 2021, sigma-VAE)."""
    return (target - output).square().flatten(1).mean(1).clamp(min=LEAST_VARIANCE)


def bernoulli_nats(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of greys in [0, 1] taken as probabilities, (B,): kolotouros2017's CE."""
    return binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1).sum(1)


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)), (B,): kovenko2020, equation (7) with its minus sign."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).flatten(1).sum(1)


def evidence(
    model: nn.Module,
    images: Tensor,
    code: tuple[Tensor, Tensor],
    noise: Noise,
    likelihood: str,
    variance: float | Literal["optimal"] = 1.0,
    pooled: bool = False,
) -> dict[str, Tensor]:
    """The evidence lower bound of images (B, C, H, W) with its sign turned, from one draw of their code (mean and
    log-variance), (B,) each: reconstruction_nats (`likelihood` gaussian, with `variance`, or bernoulli), kl_nats,
    elbo_nats (their sum), and bits_per_dim, elbo_nats for each pixel and channel (of a gaussian likelihood 8 bits more
    would count the 256 levels). Kovenko2020, equations (4) to (8).

    `variance` optimal: each image's own mean squared error, or, `pooled`, that of all of them together."""
    mean, log_variance = (part.float() for part in code)
    drawn = draw(mean, log_variance, noise)
    if likelihood == "gaussian":
        output = model.decode(drawn).float()
        if variance == "optimal":
            variance = optimal_variance(output, images)
            variance = ranks.mean(variance) if pooled else variance
        reconstruction = gaussian_nats(output, images, variance)
    else:
        reconstruction = bernoulli_nats(model.logits(drawn).float(), images)
    divergence = kl_nats(mean, log_variance)
    bound = reconstruction + divergence
    return {
        "reconstruction_nats": reconstruction,
        "kl_nats": divergence,
        "elbo_nats": bound,
        "bits_per_dim": bound / (images[0].numel() * math.log(2)),
    }


def generator(device: torch.device, *counters: int) -> torch.Generator:
    """A source of random numbers on `device` that depends on the counters alone."""
    return torch.Generator(device).manual_seed(counted(*counters))


def counted(*counters: int) -> int:
    """The seed that counters come to, in 64 bits."""
    (seed,) = np.random.SeedSequence(counters).generate_state(1, np.uint64)
    return int(seed)


def draw(mean: Tensor, log_variance: Tensor, noise: Noise) -> Tensor:
    """A draw from N(mean, exp(log_variance)) that gradients pass through."""
    epsilon = _random(torch.randn, mean, noise, dtype=mean.dtype)
    return mean + (log_variance / 2).exp() * epsilon


def corrupt(images: Tensor, noise: Noise, std: float = 0.0, dropout: float = 0.0) -> Tensor:
    """Images (B, C, H, W) with Gaussian noise added (not clipped), or numbers set to 0 at the rate `dropout`.

    As in a dropout layer, numbers that stay are divided by 1 - dropout; multiply by it to see the damage alone.
    """
    if std:
        epsilon = _random(torch.randn, images, noise, dtype=images.dtype)
        images = images + std * epsilon
    if dropout:
        stays = _random(torch.rand, images, noise) >= dropout
        images = images * stays / (1 - dropout)
    return images


def _random(kind: Callable[..., Tensor], like: Tensor, noise: Noise, **more: Any) -> Tensor:
    """Random numbers in the shape of a batch, (B, ...)."""
    if not isinstance(noise, Share):
        return kind(like.shape, generator=noise, device=like.device, **more)
    return kind((noise.batch, *like.shape[1:]), generator=noise.source, device=like.device, **more)[noise.images]


def active_units(means: Tensor) -> int:
    """Means of the codes of N images, (N, ...) -> how many of a code's numbers vary over the images, with a variance
    above 0.01 (Burda et al. 2016, appendix C). 0: the decoder is told nothing."""
    return int((means.float().flatten(1).var(0, correction=0) > ACTIVE).sum())
