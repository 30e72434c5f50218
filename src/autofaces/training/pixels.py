"""Where pixels become a network's numbers, and its numbers pixels again."""

import numpy as np
from torch import Tensor


def normalise(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """uint8 (B, H, W, C) in 0..255 -> float32 (B, C, H, W), channels last in memory, in `pixel_range`."""
    low, high = pixel_range
    return images.permute(0, 3, 1, 2).float().mul_((high - low) / 255).add_(low)


def to_unit(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """Images in `pixel_range` -> float32 in [0, 1], where metrics and figures see them."""
    low, high = pixel_range
    return ((images.float() - low) / (high - low)).clamp(0, 1)


def pixels(images: Tensor) -> np.ndarray:
    """float (B, C, H, W) in [0, 1] -> uint8 (B, H, W, C)."""
    return (images * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
