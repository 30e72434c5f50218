"""Noise of the photo renderer: periodic tiles of grain, strands and curls, and how to read them."""

from collections.abc import Callable
from functools import cache

import numpy as np

from autofaces.synthetic.photo_colour import Array, f4


def _filtered(seed: int, size: int, band: Callable[[Array, Array], Array]) -> Array:
    """Periodic noise (size, size) of unit variance; `band` weighs its frequencies in cycles per tile."""
    noise = np.random.default_rng(seed).normal(size=(size, size))
    cycles = np.fft.fftfreq(size) * size
    layer = np.fft.ifft2(np.fft.fft2(noise) * band(cycles[:, None], cycles[None])).real
    return layer / layer.std()


@cache
def noise_tile() -> Array:
    """float32 (256, 256, 4): grain, pores (2 px), blotches (6 px), clouds (25 px)."""
    layers = [
        _filtered(k, 256, lambda v, u, period=period: np.exp(-2 * (u * u + v * v) * (period / 256) ** 2))
        for k, period in enumerate((0, 2, 6, 25))
    ]
    return np.stack(layers, -1).astype(f4)


@cache
def strand_tile() -> Array:
    """float32 (512 along, 512 across, 2): single strands, and locks of them."""
    layers = [
        _filtered(
            k,
            512,
            lambda v, u, low=low, high=high, drift=drift: (
                np.exp(-((v / drift) ** 2) - (u / high) ** 2) * (1 - np.exp(-((u / low) ** 2)))
            ),
        )
        for k, (low, high, drift) in enumerate(((80, 190, 8), (14, 60, 5)))
    ]
    return np.stack(layers, -1).astype(f4)


@cache
def curl_tile() -> Array:
    """float32 (256, 256, 2): brightness of ringlets of about 12 px, and of the locks they form, lit from above."""
    swirl = _filtered(3, 256, lambda v, u: np.exp(-(u * u + v * v) / 51**2) * (1 - np.exp(-(u * u + v * v) / 6.4**2)))
    rings = np.sin(9 * swirl + 0.5 * noise_tile()[..., 1])
    locks = np.roll(swirl, (1, 1), (0, 1)) - np.roll(swirl, (-1, -1), (0, 1))
    return np.stack([0.8 * rings, locks / locks.std()], -1).astype(f4)


def from_tile(tile: Array, row: Array, column: Array) -> Array:
    """Nearest values (k, n) of a periodic tile (m, m, k), m a power of two, at float positions above 0."""
    m = tile.shape[0]
    index = (row.astype(np.int32) & (m - 1)) * m + (column.astype(np.int32) & (m - 1))
    return tile.reshape(m * m, -1).take(index, axis=0).T


def from_tile_smooth(tile: Array, row: Array, column: Array) -> Array:
    """As `from_tile`, but linear between columns, so that strands have no stairs."""
    left = np.floor(column)
    one, two = from_tile(tile, row, left), from_tile(tile, row, left + 1)
    return one + (column - left) * (two - one)
