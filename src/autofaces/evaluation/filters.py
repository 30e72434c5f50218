"""Smoothing that metrics share, and the parts of an image by their period.

Each is a matrix product for each axis: in float64, which convolutions are slow in, many times faster than those.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor

OCTAVES = (4, 8, 16)  # pixels: the longest period of each


def gaussian(images: Tensor, sigma: float, radius: int) -> Tensor:
    """(B, C, H, W) -> (B, C, H - 2 radius, W - 2 radius): smoothed by a Gaussian window of 2 radius + 1 pixels."""
    return _window(images, images.shape[2], sigma, radius) @ images @ _window(images, images.shape[3], sigma, radius).mT


def mirrored(images: Tensor, sigma: float) -> Tensor:
    """(B, C, H, W) -> the same shape: smoothed by a Gaussian of `sigma` pixels, borders mirrored. Keeps the mean."""
    rows, columns = (_mirrored(images, size, sigma) for size in images.shape[2:])
    return rows @ images @ columns


def octaves(images: Tensor) -> list[Tensor]:
    """(B, C, H, W) -> three of the same shape: the parts with periods of 2 (along diagonals 1.4) to 4, 4 to 8 and 8 to
    16 pixels.

    Cut out of the cosine transform (Ahmed, Natarajan, Rao 1974), which mirrors an image at its borders, so that these
    are no edges. The energies of the parts and of what is left add up to the image's.
    """
    rows, columns = (_cosines(images, size) for size in images.shape[2:])
    frequency = torch.hypot(*torch.meshgrid(*(_frequencies(images, size) for size in images.shape[2:]), indexing="ij"))
    spectrum = rows @ images @ columns.mT
    smooth = [images]
    for period in OCTAVES:
        down, across = (math.ceil(2 * size / period) for size in images.shape[2:])  # cosines of longer periods
        kept = spectrum[..., :down, :across] * (frequency[:down, :across] < 1 / period)
        smooth.append(rows[:down].mT @ kept @ columns[:across])
    return [fine - coarse for fine, coarse in pairwise(smooth)]


def _window(like: Tensor, size: int, sigma: float, radius: int) -> Tensor:
    """(size - 2 radius, size): row i holds the window around pixel i + radius."""
    offset = torch.arange(size, device=like.device) - torch.arange(radius, size - radius, device=like.device)[:, None]
    weight = torch.exp(-(offset.to(like.dtype) / sigma).square() / 2) * (offset.abs() <= radius)
    return weight / weight.sum(1, keepdim=True)


def _mirrored(like: Tensor, size: int, sigma: float) -> Tensor:
    """(size, size), symmetric, rows that sum to 1: a Gaussian is one factor for each cosine."""
    cosines = _cosines(like, size)
    return cosines.mT @ (torch.exp(-2 * (torch.pi * sigma * _frequencies(like, size)).square())[:, None] * cosines)


def _cosines(like: Tensor, size: int) -> Tensor:
    """(size, size), orthogonal: the cosine of each row's frequency at the middle of each pixel."""
    middles = torch.arange(size, dtype=like.dtype, device=like.device) + 0.5
    cosines = torch.cos(2 * torch.pi * _frequencies(like, size)[:, None] * middles) * (2 / size) ** 0.5
    cosines[0] /= 2**0.5
    return cosines


def _frequencies(like: Tensor, size: int) -> Tensor:
    """(size,): cycles per pixel of the cosines, 0 to just below 1/2."""
    return torch.arange(size, dtype=like.dtype, device=like.device) / (2 * size)
