"""Morphing one face into another along a straight line between their codes: kovenko2020, equation (3), figure 6."""

import numpy as np
from torch import Tensor, nn

from autofaces.core.arrays import evenly
from autofaces.evaluation.inference import between, morph
from autofaces.evaluation.sharpness import laplacian_variance, luma
from autofaces.training.pixels import pixels

PAIRS = 32
SHOWN = 3


def measure(model: nn.Module, test: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """How evenly faces change, and how sharp they stay, along morphs between at most 32 pairs of test images.

    test: uint8 (N, H, W, C). Means over pairs:
    morph_smoothness: largest over mean step between neighbours, root mean square over pixels; 1: all are equal, as
    those of a pixel blend are by construction. morph_sharpness: variance of the middle image's Laplacian over the mean
    of the ends'; with _blend: the same of a blend of the two ends, which loses what they do not share.
    Pictures, uint8 (K, 9, H, W, C): morph_strips, and morph_blends of the ends' pixels; morph_ends (K, 2, H, W, C), the
    test images themselves.
    """
    chosen = evenly(len(test), 2 * PAIRS)
    half = len(chosen) // 2
    pairs = np.stack([chosen[:half], chosen[half : 2 * half]], 1)  # from the first half of the set to the second
    strips = [morph(model, test[pair]) for pair in pairs]
    blends = [between(strip[:1], strip[-1:]) for strip in strips]
    metrics = {
        "morph_smoothness": float(np.mean([smoothness(strip) for strip in strips])),
        "morph_sharpness": float(np.mean([middle(strip) for strip in strips])),
        "morph_sharpness_blend": float(np.mean([middle(blend) for blend in blends])),
    }
    shown = evenly(half, SHOWN)
    return metrics, {
        "morph_ends": test[pairs[shown]],
        "morph_strips": np.stack([pixels(strips[i]) for i in shown]),
        "morph_blends": np.stack([pixels(blends[i]) for i in shown]),
    }


def smoothness(strip: Tensor) -> float:
    """(S, C, H, W) -> the largest over the mean step between neighbours; 1 where nothing moves."""
    steps = strip.double().diff(dim=0).square().mean((1, 2, 3)).sqrt()
    return float(steps.max() / steps.mean()) if steps.any() else 1.0


def middle(strip: Tensor) -> float:
    """(S, C, H, W) -> variance of the Laplacian of the middle image's luma over the mean of the ends'; 1 where all are
    flat."""
    start, half, end = laplacian_variance(luma(strip[[0, len(strip) // 2, -1]])).tolist()
    return 2 * half / (start + end) if start + end else 1.0
