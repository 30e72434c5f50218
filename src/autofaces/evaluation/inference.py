"""What a trained model makes of images: codes, reconstructions, and faces made up or between two others."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from autofaces.training.layers import Code, point
from autofaces.training.pixels import normalise, to_unit

BATCH = 64
STEPS = 9  # images of a morph, both ends among them


def device(model: nn.Module) -> torch.device:
    """Where a model is."""
    return next(model.parameters()).device


def tensor(model: nn.Module, images: np.ndarray) -> Tensor:
    """uint8 (B, H, W, C) of an array or a memory map -> the same on the model's device."""
    return torch.from_numpy(np.array(images)).to(device(model))


def batches(model: nn.Module, images: np.ndarray) -> Iterator[Tensor]:
    """uint8 (N, H, W, C) in batches of 64 on the model's device."""
    for start in range(0, len(images), BATCH):
        yield tensor(model, images[start : start + BATCH])


@torch.inference_mode()
def encode(model: nn.Module, images: Tensor) -> Code:
    """uint8 (B, H, W, C) -> the model's code of them, of a variational one mean and log-variance, on their device."""
    return model.encode(normalise(images, model.pixel_range))


def codes(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> float32 (N, D): each image's code, of a variational model its mean, flattened."""
    found = [point(encode(model, batch)) for batch in batches(model, images)]
    return torch.cat(found).flatten(1).float().cpu().numpy()


def code_shape(model: nn.Module, images: np.ndarray) -> tuple[int, ...]:
    """The shape of one image's code, of a model for images like uint8 (N, H, W, C)."""
    return tuple(point(encode(model, tensor(model, images[:1]))).shape[1:])


@torch.inference_mode()
def reconstruct(model: nn.Module, images: Tensor) -> Tensor:
    """uint8 (B, H, W, C) -> the model's reconstruction, float32 (B, C, H, W) in [0, 1], on the images' device."""
    return to_unit(model(normalise(images, model.pixel_range)), model.pixel_range)


@torch.inference_mode()
def decode(model: nn.Module, code: Tensor) -> Tensor:
    """A code on the model's device (B, ...) -> its images, float32 (B, C, H, W) in [0, 1], there."""
    return to_unit(model.decode(code), model.pixel_range)


def draw(model: nn.Module, count: int, noise: torch.Generator) -> Tensor:
    """Images that a variational model makes up: decoded from `count` draws of N(0, I), float32 (count, C, H, W) in
    [0, 1], on the device of `noise` and the model."""
    return decode(model, torch.randn((count, *model.code_shape), generator=noise, device=noise.device))


@torch.inference_mode()
def morph(model: nn.Module, ends: np.ndarray) -> Tensor:
    """uint8 (2, H, W, C) -> float32 (9, C, H, W) in [0, 1]: decoded at equal steps from one's code to the other's
    (kovenko2020, equation 3); first and last are the reconstructions of the two."""
    first, last = point(encode(model, tensor(model, ends))).split(1)
    return decode(model, between(first, last))


def between(start: Tensor, end: Tensor) -> Tensor:
    """(1, ...) each -> (9, ...), from one to the other in equal steps."""
    way = torch.linspace(0, 1, STEPS, device=start.device).reshape(-1, *[1] * (start.dim() - 1))
    return start * (1 - way) + end * way


def joined(parts: Sequence[Mapping[str, Tensor | np.ndarray]]) -> dict[str, np.ndarray]:
    """Values of every batch, (B,) each -> of all, (N,) float64."""
    columns = {name: [torch.as_tensor(part[name]).double().cpu() for part in parts] for name in parts[0]}
    return {name: torch.cat(values).numpy() for name, values in columns.items()}
