"""What a model makes of the same few validation images at ten points of its training, evenly spaced in the logarithm of
the images seen: from them a claim is followed over the training.

Each point is written when its step is reached, into a file that is named by the step, and all are put together in the
end: so a training that is interrupted and goes on, from an earlier step or not, leaves the same bytes.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from autofaces.core import files
from autofaces.core.arrays import evenly
from autofaces.training import checkpoints, likelihoods
from autofaces.training.layers import point
from autofaces.training.pixels import normalise, pixels, to_unit

POINTS = 10  # the last at the training's end, each at half the steps of the next
SAMPLED = 5, 7, 9  # points at which a variational model makes images up too: 1/16, 1/4 and all of the training
FEWEST, MOST = 8, 64  # images, a power of two: ten points of 64 are 31 MB of a training at 128 pixels
SHARE = 0.05  # of the training's computing time, at most
STEP = 3  # forward passes that a training step takes as long as, for each of its images
SAMPLES = 0  # what noise is for


class Horizon(NamedTuple):
    """When a training looks at which images, and where it keeps what it saw."""

    folder: Path
    steps: Sequence[int]  # of each point (P,); those of a short training may share one
    seen: Sequence[int]  # images that the training has seen at each point
    index: np.ndarray  # (n,) of the validation images
    images: np.ndarray  # uint8 (n, H, W, C), those


def of_training(folder: Path, validation: np.ndarray, steps: int, batch_size: int) -> Horizon:
    """Ten points of a training of so many steps, and as many images as cost at most a twentieth of it, but 8 at least.

    Every model is counted as if it made images up, so that rows of the same length look at the same images.
    """
    points = [math.ceil(steps / 2**k) for k in reversed(range(POINTS))]
    passes = len(set(points)) + len(SAMPLED)
    chosen = few(len(validation), SHARE * STEP * steps * batch_size / passes)
    return Horizon(folder, points, [p * batch_size for p in points], chosen, np.array(validation[chosen]))


def of_closed_form(folder: Path, validation: np.ndarray, train_images: int) -> Horizon:
    """The only point of a model that is fitted at once."""
    chosen = few(len(validation), MOST)
    return Horizon(folder, [1], [train_images], chosen, np.array(validation[chosen]))


def few(count: int, affordable: float) -> np.ndarray:
    """Indices of `affordable` of `count` images, evenly spaced: a power of two from 8 to 64 (below 8 only where there
    are no 8), and all that a smaller number gives are among those of a larger one."""
    every = evenly(count, _power_of_two(min(count, MOST)))
    return every[:: len(every) // _power_of_two(min(len(every), max(FEWEST, affordable)))]


@torch.inference_mode()
def keep(look: Horizon, model: nn.Module, step: int) -> None:
    """Write what `model` makes of the images after `step`: its reconstructions, of a variational one (from the mean)
    also its codes, and at three points what it makes up from the same draws of N(0, I) each time.

    In evaluation mode and in float32 whatever the training's precision is, as models are measured. The model is left as
    it was, and nothing is drawn from torch's global generator.
    """
    device, training = next(model.parameters()).device, model.training
    model.eval()
    code = model.encode(normalise(torch.from_numpy(look.images).to(device), model.pixel_range))
    seen = {"reconstructions": _decoded(model, point(code))}
    if not isinstance(code, Tensor):
        seen |= {"mean": code[0].cpu().contiguous(), "log_variance": code[1].cpu().contiguous()}
        if step in (look.steps[p] for p in SAMPLED):
            noise = likelihoods.generator(torch.device("cpu"), SAMPLES)
            drawn = torch.randn((len(look.images), *model.code_shape), generator=noise)
            seen["samples"] = _decoded(model, drawn.to(device))
    model.train(training)
    checkpoints.save(_file(look, step), seen)


def save(look: Horizon, path: Path) -> None:
    """Write all points into one file of tensors: steps, images (seen), int64 (P,); index, int64 (n,); reconstructions,
    uint8 (P, n, H, W, C); of a variational model mean, log_variance, float32 (P, n, ...), samples, uint8
    (3, n, H, W, C), and sample_points, int64 (3,), which of the points they are of.

    BadInput where a point is missing or damaged.
    """
    kept = {step: _load(_file(look, step)) for step in set(look.steps)}
    points = [kept[step] for step in look.steps]
    columns = {"steps": look.steps, "images": look.seen, "index": look.index}
    tensors = {name: torch.tensor(column) for name, column in columns.items()}
    for name in ("reconstructions", "mean", "log_variance"):
        if name in points[-1]:
            tensors[name] = torch.stack([its[name] for its in points])
    if "samples" in points[-1]:
        tensors["samples"] = torch.stack([points[p]["samples"] for p in SAMPLED])
        tensors["sample_points"] = torch.tensor(SAMPLED)
    with files.writing(path) as temporary:
        save_file(tensors, temporary)


def _decoded(model: nn.Module, code: Tensor) -> Tensor:
    """The images of a code, uint8 (B, H, W, C)."""
    return torch.from_numpy(np.ascontiguousarray(pixels(to_unit(model.decode(code), model.pixel_range))))


def _power_of_two(number: float) -> int:
    """The largest power of two that is not above `number`, which is 1 or more."""
    return 2 ** int(math.log2(number))


def _file(look: Horizon, step: int) -> Path:
    return look.folder / f"{step}.pt"


def _load(path: Path) -> dict[str, Tensor]:
    try:
        if seen := checkpoints.load(path):
            return seen
        problem = "missing"
    except files.BadInput:
        problem = "damaged"
    raise files.BadInput(f"{path}: {problem}; delete {path.parents[1]} to train from the start")
