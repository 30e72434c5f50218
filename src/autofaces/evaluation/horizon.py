"""What a model made of the same few validation images at each point of its training (see training.horizon)."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from autofaces.core import files
from autofaces.evaluation import generation, quality
from autofaces.evaluation.inference import joined
from autofaces.evaluation.tables import Columns
from autofaces.training import likelihoods
from autofaces.training.pixels import normalise


def measure(folder: Path, validation: np.ndarray, group: np.ndarray, device: torch.device) -> dict[str, Columns]:
    """The tables horizon and horizon_seeds of the model in `folder`.

    validation: uint8 (N, H, W, C), and the group of each, (N,). Of every point and image: point (from 0, the last at
    the training's end), images (that the training had seen by then), image (its place among the validation images),
    group, the metrics of quality.measure but ssim, and of a variational model kl_nats. Of every point: point, images,
    of a variational model active_units, and where it made images up swd, from the originals. BadInput where the file
    is missing or damaged.
    """
    kept = _load(folder / "horizon.safetensors")
    index, reconstructions = kept["index"].numpy(), kept["reconstructions"]
    originals = np.array(validation[index])
    inputs = normalise(torch.from_numpy(originals).to(device), (0.0, 1.0))
    number = len(reconstructions)
    of_steps: dict[int, Columns] = {}  # the first points of a short training are one
    for p, step in enumerate(kept["steps"].tolist()):
        if step not in of_steps:
            outputs = normalise(reconstructions[p].to(device), (0.0, 1.0))
            of_steps[step] = quality.measure(inputs, outputs, ssim=False)
            if "mean" in kept:
                code = kept["mean"][p].double(), kept["log_variance"][p].double()
                of_steps[step]["kl_nats"] = likelihoods.kl_nats(*code).numpy()
    parts = [of_steps[step] for step in kept["steps"].tolist()]
    each = {"point": np.arange(number), "images": kept["images"].numpy()}
    of_images = {name: values.repeat(len(index)) for name, values in each.items()}
    of_images |= {name: np.tile(values, number) for name, values in {"image": index, "group": group[index]}.items()}
    of_points: Columns = dict(each)
    if "mean" in kept:
        of_points["active_units"] = np.array([likelihoods.active_units(means) for means in kept["mean"]])
    if "samples" in kept:
        of_points["swd"] = np.full(number, np.nan)
        for p, samples in zip(kept["sample_points"].tolist(), kept["samples"].numpy(), strict=True):
            of_points["swd"][p] = generation.swd(samples, originals[: len(samples)])
    return {"horizon": of_images | joined(parts), "horizon_seeds": of_points}


def _load(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise files.BadInput(f"{path}: not readable ({error}); run `dvc repro --force train`") from None
