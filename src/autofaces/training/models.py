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

import hashlib
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
    """Write weights.safetensors and config.json into `folder`; `about` holds what `build` was given, and more. The
    config gets the SHA-256 of the weights' file, and of itself."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with files.writing(folder / "weights.safetensors") as temporary:
        save_file(tensors, temporary)
        weights = files.sha256(temporary)
    sums = {"weights": weights, "config": _digest(about, weights)}
    files.write_json(folder / "config.json", {**about, "sha256": sums})


def load(folder: Path | str) -> tuple[nn.Module, dict[str, Any]]:
    """The model saved in `folder`, in evaluation mode on the CPU, and its config. BadInput where it is not whole, not
    as it was saved or not finite, and where its config is of no model that there is."""
    folder, its = Path(folder), config(folder)
    path = folder / "weights.safetensors"
    try:
        written = its["sha256"]["weights"]
        if (found := files.sha256(path)) != written:
            raise _changed(path, found, written)
        weights = load_file(path)
        model = build(**{k: its[k] for k in ("name", "size", "channels", "width", "arguments")})
        model.load_state_dict(weights)
    except Damaged:
        raise
    except files.BadInput as error:
        raise files.BadInput(f"{folder / 'config.json'}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise _not_whole(folder, error) from error
    if broken := [name for name, tensor in weights.items() if not tensor.isfinite().all()]:
        raise Damaged(
            f"{path}: {broken[0]} has numbers that are not finite; `dvc repro --force train` with a smaller "
            "train.learning_rate"
        )
    return model.eval(), its


def config(folder: Path | str) -> dict[str, Any]:
    """What is known of the model saved in `folder`: what `build` takes, and how it was trained. BadInput if nothing,
    and where it is not as it was saved."""
    path = Path(folder) / "config.json"
    try:
        its = json.loads(path.read_text(encoding="utf-8"))
        sums = its.get("sha256")
        written, found = (sums["config"], _digest(its, sums["weights"])) if sums else (None, None)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise _not_whole(folder, error) from error
    if written != found:
        raise _changed(path, found, written)
    return its


class Damaged(files.BadInput):
    """A model's file is not as it was saved; the message names it."""


def _digest(about: Mapping[str, Any], weights: str) -> str:
    """Hexadecimal SHA-256 of what a config says, the weights' digest among it."""
    said = {**about, "sha256": weights}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _changed(path: Path, found: str, written: object) -> Damaged:
    return Damaged(
        f"{path}: not as it was saved: SHA-256 {found[:8]}..., expected {str(written)[:8]}...; damaged or edited: run "
        "`dvc checkout --force`, or `dvc repro --force train` of its row"
    )


def _not_whole(folder: Path | str, error: Exception) -> files.BadInput:
    return files.BadInput(
        f"{folder}: no whole model there ({type(error).__name__}: {error}); expected config.json and "
        "weights.safetensors as `dvc repro train` writes them"
    )


def seeds(folder: Path | str) -> list[Path]:
    """The folders of an experiment's models, one for each seed it was trained with: `folder`, and those below it."""
    return [Path(folder), *sorted(Path(folder).glob("seed-*"))]
