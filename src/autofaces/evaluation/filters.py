"""Smoothing that metrics share."""

import torch
from torch import Tensor


def gaussian(images: Tensor, sigma: float, radius: int) -> Tensor:
    """(B, C, H, W) -> (B, C, H - 2 radius, W - 2 radius): smoothed by a Gaussian window of 2 radius + 1 pixels.

    A matrix product for each axis: in float64, which convolutions are slow in, many times faster than those.
    """
    return _window(images, images.shape[2], sigma, radius) @ images @ _window(images, images.shape[3], sigma, radius).mT


def _window(like: Tensor, size: int, sigma: float, radius: int) -> Tensor:
    """(size - 2 radius, size): row i holds the window around pixel i + radius."""
    offset = torch.arange(size, device=like.device) - torch.arange(radius, size - radius, device=like.device)[:, None]
    weight = torch.exp(-(offset.to(like.dtype) / sigma).square() / 2) * (offset.abs() <= radius)
    return weight / weight.sum(1, keepdim=True)
