"""The one training loop.

Order and noise come from counters (seed, epoch, step), so a resumed run needs no state of a random generator, and ends
in the same bytes as one that was never interrupted.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofaces.core import files
from autofaces.core.arrays import evenly
from autofaces.core.history import Row
from autofaces.core.params import Schedule
from autofaces.training import checkpoints, horizon, likelihoods, ranks, steps
from autofaces.training.layers import Code, point
from autofaces.training.objectives import Context, Objective
from autofaces.training.pixels import normalise, to_unit

CHECKPOINT_SECONDS = 60
ROWS = 10, 100  # of the history, about at least and at most
VALIDATION_BATCH = 64
PREFETCH = 3  # batches read ahead
TRAINING, VALIDATION = 1, 2  # what noise is for
BLOCK = 256  # images in memory at a time, of all of them

Parts = Sequence[np.memmap]  # images that one index counts through, uint8 (N, H, W, C) each


class Plan(NamedTuple):
    """How long a training is, in optimiser updates."""

    batch_size: int
    per_epoch: int  # the rest of an epoch that does not fill a batch waits for the next epoch's order
    steps: int
    row_every: int  # updates between two rows of the history
    epochs: float  # of the full schedule, which a training that is cut short passes through faster
    full_images: int  # that the full schedule passes, in the paper's own batches

    def epoch(self, step: int) -> float:
        """Where in the full schedule the training is after so many updates."""
        return step / self.steps * self.epochs


def plan(
    name: str, schedule: Schedule, images: int, image_passes: int | None, factor: float = 1.0, least: int = 1
) -> Plan:
    """The schedule on a training set of so many images, cut to `image_passes` images, its batch size times `factor`,
    but not below `least`.

    BadInput if no batch is full.
    """
    batch = schedule.batch(factor, least)
    if batch > images:
        raise files.BadInput(
            f"{name}: train.batch_size: {batch} at this profile, larger than the training set of {images} "
            "images; set a smaller batch, or more images in the profile"
        )
    per_epoch = images // batch
    full = steps = schedule.steps or schedule.epochs * per_epoch
    if image_passes:
        steps = max(1, min(full, image_passes // batch))
    epochs = steps / per_epoch
    least, most = ROWS
    row_every = (
        math.ceil(per_epoch / math.ceil(least / epochs)) if epochs < least else per_epoch * math.ceil(epochs / most)
    )
    full_images = schedule.batch_size * (schedule.steps or schedule.epochs * max(1, images // schedule.batch_size))
    return Plan(batch, per_epoch, steps, row_every, full / per_epoch, full_images)


def fit(
    name: str,
    model: nn.Module,
    objective: Objective,
    train: Parts,
    validation: np.memmap,
    plan: Plan,
    schedule: Schedule,
    *,
    seed: int,
    dtype: torch.dtype,
    checkpoint: Path,
    look: horizon.Horizon,
) -> Iterator[Row]:
    """Train `model` in place, on the device it is on; yield a row of the history per epoch.

    validation: uint8 (N, H, W, C). Where `checkpoint` exists, go on from there (its rows are yielded again). At the
    steps of `look` what the model makes of its images is kept. Of several ranks each calls this; rank 0 writes.
    A row: epoch, step, images; train_loss and the objective's terms, means since the row before; what `validate` says.
    BadInput when the loss is no longer finite.
    """
    if plan.batch_size == 1 and any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        raise files.BadInput(
            f"{name}: train.batch_size: 1 at this profile, and batch norm compares images with each other; set 2"
        )
    device = next(model.parameters()).device
    optimizer = steps.optimizer(schedule, model)
    step, rows, sums = 0, [], {}
    if state := ranks.same(None if ranks.rank() else checkpoints.load(checkpoint)):
        with checkpoints.taken_up(checkpoint):
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            step, rows, sums = state["step"], state["rows"], state["sums"]
        yield from rows
    summed = torch.tensor(list(sums.values()), dtype=torch.float64, device=device) if sums else 0.0
    inputs, images_of = batches(train, plan, seed, step, device)
    more = {"batch_size": plan.batch_size, "clip_norm": schedule.clip_norm, "dtype": dtype}
    update = steps.updates(model, objective, optimizer, images_of, **more)
    # on a GPU each look at the loss waits for the device
    look_every = 1 if device.type == "cpu" else 50
    saved = time.monotonic()
    model.train()
    with tqdm(
        total=plan.steps * plan.batch_size,
        initial=step * plan.batch_size,
        desc=name,
        unit=" images",
        unit_scale=True,
        disable=ranks.rank() > 0 or None,
        dynamic_ncols=True,
    ) as bar:
        for batch in inputs:
            losses = update(batch, plan.epoch(step), likelihoods.counted(seed, TRAINING, step))
            step += 1
            summed = summed + losses.values
            bar.update(plan.batch_size)

            end_of_row = step % plan.row_every == 0 or step == plan.steps
            overdue = ranks.rank() == 0 and time.monotonic() - saved > CHECKPOINT_SECONDS
            if step % look_every == 0 or end_of_row or overdue:
                sums = dict(zip(losses.names, summed.tolist(), strict=True))
                _finite(sums["train_loss"], name, step, schedule)
                bar.set_postfix_str(f"epoch {step / plan.per_epoch:.1f}, loss {float(losses.values[0]):.4g}")
            if end_of_row:
                since = step - (rows[-1]["step"] if rows else 0)
                row = {"epoch": step / plan.per_epoch, "step": step, "images": step * plan.batch_size}
                row |= {term: value / since for term, value in sums.items()}
                row |= validate(model, objective, validation, dtype, plan.epoch(step), seed)
                whole = all(bool(tensor.isfinite().all()) for tensor in model.state_dict().values())
                _finite(row["validation_mse"] if whole else math.nan, name, step, schedule)  # after the last update
                rows.append(row)
                sums, summed = {}, 0.0
            if step in look.steps and ranks.rank() == 0:
                horizon.keep(look, model, step)  # before the checkpoint: what goes on from it takes this step no more
            if (end_of_row or overdue) and ranks.rank() == 0:
                now = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                checkpoints.save(checkpoint, now | {"step": step, "rows": rows, "sums": sums})
                saved = time.monotonic()
            if end_of_row:
                yield rows[-1]


def _finite(loss: float, name: str, step: int, schedule: Schedule) -> None:
    if not math.isfinite(loss):
        raise files.BadInput(
            f"{name}: step {step}: the loss is no longer finite at learning rate {schedule.learning_rate}; set a "
            "smaller train.learning_rate, of the row or of its paper, or a train.clip_norm"
        )


def fit_closed_form(name: str, model: nn.Module, train: Parts, validation: np.memmap, look: horizon.Horizon) -> Row:
    """Fit a model that needs no gradient (one with a `fit`), in place; the one row of its history."""
    if not hasattr(model, "fit"):
        raise files.BadInput(f"{name}: objective: missing; {type(model).__name__} has no closed form")

    images = total(train)

    def blocks() -> Iterator[Tensor]:
        for start in range(0, images, BLOCK):
            index = np.arange(start, min(start + BLOCK, images))
            yield normalise(torch.from_numpy(read_images(train, index)), model.pixel_range).contiguous()

    try:
        model.cpu().fit(lambda: tqdm(blocks(), desc=name, total=math.ceil(images / BLOCK), disable=None))
    except ValueError as error:
        raise files.BadInput(f"{name}: model: {error}") from None
    horizon.keep(look, model, 1)
    errors = [mean_squared_error(model, parts, total(parts)) for parts in (train, [validation])]
    row = {"epoch": 1, "step": 1, "images": images}
    return row | {"train_loss": errors[0], "validation_loss": errors[1], "validation_mse": errors[1]}


def total(parts: Parts) -> int:
    """How many images the parts have together."""
    return sum(map(len, parts))


def batches(
    parts: Parts, plan: Plan, seed: int, start: int, device: torch.device
) -> tuple[Iterator[Tensor], Callable[[Tensor], Tensor]]:
    """The training's batches from step `start` on, of each this rank's slice, and the function that makes of one its
    images, uint8 (B, H, W, C) on `device`.

    On a GPU that can hold them all images lie there, and a batch is their places; else a thread reads ahead, so that
    memory does not grow with their number.
    """
    if device.type == "cuda" and sum(part.nbytes for part in parts) < torch.cuda.mem_get_info(device)[0] / 2:
        images = resident(parts, device)
        return places(total(parts), plan, seed, start, device), lambda places: images.index_select(0, places)
    return _read(parts, plan, seed, start, device), lambda images: images


def places(images: int, plan: Plan, seed: int, start: int, device: torch.device) -> Iterator[Tensor]:
    """Where among so many images each batch's are, int64 (B,): an epoch's order depends on seed and epoch alone."""
    share = ranks.share(plan.batch_size)
    for epoch in range(start // plan.per_epoch, math.ceil(plan.steps / plan.per_epoch)):
        order = _moved(torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(images)), device)
        for step in range(plan.per_epoch):
            if start <= epoch * plan.per_epoch + step < plan.steps:
                yield order[step * plan.batch_size : (step + 1) * plan.batch_size][share]


def resident(parts: Parts, device: torch.device) -> Tensor:
    """All images on the device, uint8 (N, H, W, C)."""
    images = torch.empty((total(parts), *parts[0].shape[1:]), dtype=torch.uint8, device=device)
    for start in range(0, len(images), BLOCK):
        index = np.arange(start, min(start + BLOCK, len(images)))
        images[start : start + BLOCK] = torch.from_numpy(read_images(parts, index))
    return images


def _read(parts: Parts, plan: Plan, seed: int, start: int, device: torch.device) -> Iterator[Tensor]:
    with ThreadPoolExecutor(1) as reader:
        ahead: deque = deque()
        for index in places(total(parts), plan, seed, start, torch.device("cpu")):
            ahead.append(reader.submit(read_images, parts, index.numpy()))
            if len(ahead) > PREFETCH:
                yield _moved(torch.from_numpy(ahead.popleft().result()), device)
        for future in ahead:
            yield _moved(torch.from_numpy(future.result()), device)


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    """On the device, without waiting for what that does."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def read_images(parts: Parts, index: np.ndarray) -> np.ndarray:
    """Copy the images at `index` by reading the files: through the mapping, each would stay counted as our memory."""
    images = np.empty((len(index), *parts[0].shape[1:]), parts[0].dtype)
    start = 0
    for part in parts:
        here = np.flatnonzero((start <= index) & (index < start + len(part)))
        with Path(part.filename).open("rb", buffering=0) as file:
            for at in here:
                i, image = int(index[at]) - start, images[at]
                file.seek(part.offset + i * image.nbytes)
                if file.readinto(image) != image.nbytes:
                    raise files.BadInput(f"{part.filename}: ends before image {i}; run `dvc repro preprocess` again")
        start += len(part)
    return images


@torch.inference_mode()
def validate(
    model: nn.Module,
    objective: Objective,
    array: np.memmap,
    dtype: torch.dtype,
    epoch: float,
    seed: int,
) -> Row:
    """validation_loss and validation_<term> of the objective, means over images; validation_mse, of the reconstruction
    of the clean image on [0, 1]; of a variational model active_units, code means that vary over the images.

    The noise is the same at every call, so that rows can be compared.
    """
    device = next(model.parameters()).device
    model.eval()
    sums: Row = {}
    means = []
    for start in range(0, len(array), VALIDATION_BATCH):
        images = torch.from_numpy(array[start : start + VALIDATION_BATCH].copy()).to(device)
        inputs = normalise(images, model.pixel_range)
        context = Context(epoch, likelihoods.generator(device, seed, VALIDATION, start))
        once = _Once(model)  # of a plain autoencoder the objective has made all that is asked for here
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            loss, terms = objective(once, inputs, context)
            code = once.encode(inputs)
            output = to_unit(once.decode(point(code)), model.pixel_range)
        terms = {"loss": loss, **terms, "mse": _errors(output, images).mean()}
        for term, value in terms.items():
            sums[f"validation_{term}"] = sums.get(f"validation_{term}", 0.0) + float(value) * len(images)
        if not isinstance(code, Tensor):
            means.append(code[0])
    model.train()
    row = {term: value / len(array) for term, value in sums.items()}
    if means:
        row["active_units"] = likelihoods.active_units(torch.cat(means))
    return row


@torch.inference_mode()
def mean_squared_error(model: nn.Module, parts: Parts, limit: int) -> float:
    """MSE of the reconstruction on [0, 1] over at most `limit` evenly spaced images of `parts`, in evaluation mode and
    in float32 whatever the training's precision was."""
    device = next(model.parameters()).device
    model.eval()
    index = evenly(total(parts), limit)
    errors = 0.0
    for some in np.array_split(index, math.ceil(len(index) / 64)):
        images = torch.from_numpy(read_images(parts, some)).to(device)
        output = to_unit(model(normalise(images, model.pixel_range)), model.pixel_range)
        errors += float(_errors(output, images).sum())
    return errors / len(index)


class _Once:
    """A model that answers the same question, about the very same tensor, without computing it again."""

    def __init__(self, model: nn.Module):
        self.model = model
        self.known: dict[tuple[str, int], tuple[Tensor, Code]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def encode(self, images: Tensor) -> Code:
        return self._answer("encode", images)

    def decode(self, code: Tensor) -> Tensor:
        return self._answer("decode", code)

    def _answer(self, what: str, asked: Tensor) -> Any:
        key = what, id(asked)
        if key not in self.known:  # with what was asked, so that no other tensor takes its place in memory
            self.known[key] = asked, getattr(self.model, what)(asked)
        return self.known[key][1]


def _errors(output: Tensor, images: Tensor) -> Tensor:
    """Each image's mean squared error on [0, 1], (B,) float64."""
    return (output - normalise(images, (0.0, 1.0))).square().mean((1, 2, 3), dtype=torch.float64)
