"""Models by name: one file each, found by its file name.

A model is an nn.Module built as `Class(size, channels, width, **arguments)` with
- `encode(images) -> code` and `decode(code) -> images`, images float (B, C, H, W) in its `pixel_range`;
  a variational model's code is a pair, mean and log-variance (clamped), and a draw from it is what `decode` takes;
- `forward(images)`, the reconstruction; of a variational model, from the mean;
- if it is variational, `code_shape`, the shape of one image's code; if it can be trained with a Bernoulli likelihood,
  `logits(code)`, of which `decode` is the sigmoid.
The keyword-only arguments of the constructor are the model's settings in params.yaml.
"""

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from autofaces import files, params
from autofaces.models.layers import Code, point

BATCH = 64
STEPS = 9  # images of a morph, both ends among them


def build(name: str, size: int, channels: int, width: float, arguments: Mapping[str, Any]) -> nn.Module:
    """A fresh model for images of (channels, size, size) pixels, weights drawn from torch's global generator.

    `width` is a factor on the channel counts (1: the paper's). BadInput where there is no such model, and where it does
    not fit the size.
    """
    if name not in params.models():
        raise files.BadInput(f"model {name!r} is unknown; known: {', '.join(params.models())}")
    module = importlib.import_module(f"autofaces.models.{name}")
    return getattr(module, params.class_name(name))(size, channels, width, **arguments)


def count(model: nn.Module) -> int:
    """Number of learned numbers."""
    return sum(p.numel() for p in model.parameters())


def flops(model: nn.Module, size: int, channels: int) -> int:
    """Floating-point operations of one image's reconstruction: 2 for each multiplication with its addition, of
    convolutions and matrix products alone."""
    with FlopCounterMode(display=False) as counter:
        reconstruct(model, torch.zeros(1, size, size, channels, dtype=torch.uint8, device=device(model)))
    return counter.get_total_flops()


def size(name: str, *args: Any) -> int:
    """Number of learned numbers of the model that `build` would make, without drawing them."""
    with torch.device("meta"):
        return count(build(name, *args))


def is_variational(name: str, size: int, channels: int, arguments: Mapping[str, Any]) -> bool:
    """Whether the code of the model that `build` would make is a mean and a log-variance; found without weights."""
    with torch.device("meta"):
        model = build(name, size, channels, 1.0, arguments)
        return isinstance(model.eval().encode(torch.empty(1, channels, size, size)), tuple)


def save(folder: Path, model: nn.Module, config: Mapping[str, Any]) -> None:
    """Write weights.safetensors and config.json into `folder`; `config` holds what `build` was given, and more."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with files.writing(folder / "weights.safetensors") as temporary:
        save_file(tensors, temporary)
    files.write_json(folder / "config.json", dict(config))


def load(folder: Path | str) -> tuple[nn.Module, dict[str, Any]]:
    """The model saved in `folder`, in evaluation mode on the CPU, and its config. BadInput where it is not whole, and
    where its config is of no model that there is."""
    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "weights.safetensors")
        model = build(**{k: config[k] for k in ("name", "size", "channels", "width", "arguments")})
        model.load_state_dict(weights)
    except files.BadInput as error:
        raise files.BadInput(f"{folder / 'config.json'}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise files.BadInput(
            f"{folder}: no whole model there ({type(error).__name__}: {error}); expected config.json and "
            "weights.safetensors as `dvc repro train` writes them"
        ) from error
    return model.eval(), config


def seeds(folder: Path | str) -> list[Path]:
    """The folders of an experiment's models, one for each seed it was trained with: `folder`, and those below it."""
    return [Path(folder), *sorted(Path(folder).glob("seed-*"))]


def normalise(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """uint8 (B, H, W, C) in 0..255 -> float32 (B, C, H, W), channels last in memory, in `pixel_range`."""
    low, high = pixel_range
    return images.permute(0, 3, 1, 2).float().mul_((high - low) / 255).add_(low)


def to_unit(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """Images in `pixel_range` -> float32 in [0, 1], where metrics and figures see them."""
    low, high = pixel_range
    return ((images.float() - low) / (high - low)).clamp(0, 1)


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


def pixels(images: Tensor) -> np.ndarray:
    """float (B, C, H, W) in [0, 1] -> uint8 (B, H, W, C)."""
    return (images * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


@torch.inference_mode()
def encode(model: nn.Module, images: Tensor) -> Code:
    """uint8 (B, H, W, C) -> the model's code of them, of a variational one mean and log-variance, on their device."""
    return model.encode(normalise(images, model.pixel_range))


def codes(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> float32 (N, D): each image's code, of a variational model its mean, flattened."""
    found = [point(encode(model, batch)) for batch in batches(model, images)]
    return torch.cat(found).flatten(1).float().cpu().numpy()


@torch.inference_mode()
def reconstruct(model: nn.Module, images: Tensor) -> Tensor:
    """uint8 (B, H, W, C) -> the model's reconstruction, float32 (B, C, H, W) in [0, 1], on the images' device."""
    return to_unit(model(normalise(images, model.pixel_range)), model.pixel_range)


@torch.inference_mode()
def sample(model: nn.Module, count: int, noise: torch.Generator) -> Tensor:
    """Images that a variational model makes up: decoded from `count` draws of N(0, I), float32 (count, C, H, W) in
    [0, 1], on the device of `noise` and the model."""
    code = torch.randn((count, *model.code_shape), generator=noise, device=noise.device)
    return to_unit(model.decode(code), model.pixel_range)


@torch.inference_mode()
def morph(model: nn.Module, ends: np.ndarray) -> Tensor:
    """uint8 (2, H, W, C) -> float32 (9, C, H, W) in [0, 1]: decoded at equal steps from one's code to the other's
    (kovenko2020, equation 3); first and last are the reconstructions of the two."""
    first, last = point(encode(model, tensor(model, ends))).split(1)
    return to_unit(model.decode(between(first, last)), model.pixel_range)


def between(start: Tensor, end: Tensor) -> Tensor:
    """(1, ...) each -> (9, ...), from one to the other in equal steps."""
    way = torch.linspace(0, 1, STEPS, device=start.device).reshape(-1, *[1] * (start.dim() - 1))
    return start * (1 - way) + end * way
