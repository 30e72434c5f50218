"""Models by name: one file each, found by its file name.

A model is an nn.Module built as `Class(size, channels, width, **arguments)` with
- `encode(images) -> code` and `decode(code) -> images`, images float (B, C, H, W) in its `pixel_range`;
  a variational model's code is a pair, mean and log-variance (clamped), and a draw from it is what `decode` takes;
- `forward(images)`, the reconstruction; of a variational model, from the mean;
- if it is variational, `code_shape`, the shape of one image's code; if it can be trained with a Bernoulli likelihood,
  `logits(code)`, of which `decode` is the sigmoid.
The keyword-only arguments of the constructor are the model's settings in params.yaml. It can be built on torch's device
"meta", where tensors have a shape and no numbers (it is counted so), and its code is as large at any width.
"""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from autofaces.core import files, found


def build(name: str, size: int, channels: int, width: float, arguments: Mapping[str, Any]) -> nn.Module:
    """A fresh model for images of (channels, size, size) pixels, weights drawn from torch's global generator.

    `width` is a factor on the channel counts (1: the paper's). BadInput where there is no such model, and where it does
    not fit the size.
    """
    if name not in found.networks():
        raise files.BadInput(f"model {name!r} is unknown; known: {', '.join(found.networks())}")
    module = importlib.import_module(f"autofaces.networks.{name}")
    return getattr(module, found.class_name(name))(size, channels, width, **arguments)


def count(model: nn.Module) -> int:
    """Number of learned numbers."""
    return sum(p.numel() for p in model.parameters())


def flops(model: nn.Module, size: int, channels: int) -> int:
    """Floating-point operations of one image's reconstruction: 2 for each multiplication with its addition, of
    convolutions and matrix products alone."""
    from torch.utils.flop_counter import FlopCounterMode  # it imports Triton: only where it is needed

    parameter = next(model.parameters())
    images = torch.zeros(1, channels, size, size, device=parameter.device).to(memory_format=torch.channels_last)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(images)
    return counter.get_total_flops()


def outline(name: str, size: int, channels: int, width: float, arguments: Mapping[str, Any]) -> nn.Module:
    """The model that `build` would make, in evaluation mode, but without weights (on torch's device "meta"): it costs
    nothing, however large."""
    with torch.device("meta"):
        return build(name, size, channels, width, arguments).eval()


def size(name: str, *args: Any) -> int:
    """Number of learned numbers of the model that `build` would make."""
    return count(outline(name, *args))


def is_variational(name: str, size: int, channels: int, arguments: Mapping[str, Any]) -> bool:
    """Whether the code of the model that `build` would make is a mean and a log-variance."""
    model = outline(name, size, channels, 1.0, arguments)
    return isinstance(model.encode(torch.empty(1, channels, size, size, device="meta")), tuple)


def save(folder: Path, model: nn.Module, about: Mapping[str, Any]) -> None:
    """Write weights.safetensors and config.json into `folder`; `about` holds what `build` was given, and more."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with files.writing(folder / "weights.safetensors") as temporary:
        save_file(tensors, temporary)
    files.write_json(folder / "config.json", dict(about))


def load(folder: Path | str) -> tuple[nn.Module, dict[str, Any]]:
    """The model saved in `folder`, in evaluation mode on the CPU, and its config. BadInput where it is not whole, and
    where its config is of no model that there is."""
    folder, its = Path(folder), config(folder)
    try:
        weights = load_file(folder / "weights.safetensors")
        model = build(**{k: its[k] for k in ("name", "size", "channels", "width", "arguments")})
        model.load_state_dict(weights)
    except files.BadInput as error:
        raise files.BadInput(f"{folder / 'config.json'}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise files.BadInput(
            f"{folder}: no whole model there ({type(error).__name__}: {error}); expected config.json and "
            "weights.safetensors as `dvc repro train` writes them"
        ) from error
    return model.eval(), its


def config(folder: Path | str) -> dict[str, Any]:
    """What is known of the model saved in `folder`: what `build` takes, and how it was trained. BadInput if nothing."""
    path = Path(folder) / "config.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise files.BadInput(
            f"{folder}: no whole model there ({type(error).__name__}: {error}); expected config.json and "
            "weights.safetensors as `dvc repro train` writes them"
        ) from error


def seeds(folder: Path | str) -> list[Path]:
    """The folders of an experiment's models, one for each seed it was trained with: `folder`, and those below it."""
    return [Path(folder), *sorted(Path(folder).glob("seed-*"))]
