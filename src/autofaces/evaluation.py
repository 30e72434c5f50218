"""A trained model on its test images: every image's values, and the pictures that figures show."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofaces import probability
from autofaces.metrics import reconstruction, sharpness
from autofaces.models import normalise, reconstruct, sample, to_unit
from autofaces.models.layers import point

BATCH = 64
SHOWN = 8  # test images in the figures, the same for every model of a dataset
DEEP = 2  # of them also decoded from every depth


def per_image(model: nn.Module, test: np.memmap, name: str) -> dict[str, np.ndarray]:
    """uint8 (N, H, W, C) -> every metric of reconstruction, (N,) float64 each."""
    parts = []
    for start in tqdm(range(0, len(test), BATCH), desc=name, unit=" batches", disable=None):
        images = _tensor(model, test[start : start + BATCH])
        original, output = normalise(images, (0.0, 1.0)), reconstruct(model, images)
        values = reconstruction.errors(original, output) | sharpness.detail(original, output)
        parts.append({k: v.cpu().numpy() for k, v in values.items()})
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def means(values: dict[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric over the images that have it (a flat original has no sharpness ratio)."""
    return {name: float(np.nanmean(value)) for name, value in values.items()}


def rows(values: dict[str, np.ndarray]) -> Iterator[dict[str, float]]:
    """One row per test image, in the order of its array."""
    for image, row in enumerate(zip(*values.values(), strict=True)):
        yield {"image": image, **dict(zip(values, map(float, row), strict=True))}


def pictures(model: nn.Module, test: np.memmap) -> dict[str, np.ndarray]:
    """Pictures, uint8: originals and reconstructions (K, H, W, C), evenly spaced in the test set at index (K,); of a
    model with levels also depths (2, levels, H, W, C): encoded to depth k and decoded from there; of a variational one
    samples (K, H, W, C): made up from draws of N(0, I), the same draws for every model with such a code."""
    index = np.linspace(0, len(test) - 1, min(SHOWN, len(test)), dtype=int)
    images = _tensor(model, test[index])
    shown = {
        "index": index,
        "originals": test[index],
        "reconstructions": _pixels(reconstruct(model, images)),
    }
    if hasattr(model, "levels"):
        shown["depths"] = np.stack([_pixels(d) for d in _decoded(model, images[:DEEP])], axis=1)
    if _is_variational(model, images[:1]):
        shown["samples"] = _pixels(sample(model, SHOWN, probability.generator(images.device, 0)))
    return shown


@torch.inference_mode()
def _decoded(model: nn.Module, images: Tensor) -> list[Tensor]:
    inputs = normalise(images, model.pixel_range)
    depths = range(1, len(model.encoder) + 1)
    return [to_unit(model.decode(point(model.encode(inputs, k)), k), model.pixel_range) for k in depths]


@torch.inference_mode()
def _is_variational(model: nn.Module, images: Tensor) -> bool:
    return isinstance(model.encode(normalise(images, model.pixel_range)), tuple)


def _tensor(model: nn.Module, images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(images)).to(next(model.parameters()).device)


def _pixels(images: Tensor) -> np.ndarray:
    """float (B, C, H, W) in [0, 1] -> uint8 (B, H, W, C)."""
    return (images * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
