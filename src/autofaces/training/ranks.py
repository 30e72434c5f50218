"""One training as several processes, "ranks", each with a GPU of its own (or threads of a CPU), under torchrun:
`torchrun --nproc-per-node 4 stages/train.py <row>`.

Each rank takes its slice of every batch; gradients, batch norm's statistics and losses are those of the whole batch,
and noise is drawn for the whole batch: so they train what one process does, but for rounding. Rank 0 alone writes.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from autofaces.core import files

FEWEST = 8  # images of a batch for each GPU, where we choose how many there are
Anything = TypeVar("Anything")


def count() -> int:
    """How many processes train this model."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def launched() -> bool:
    """Whether torchrun has started this process."""
    return "WORLD_SIZE" in os.environ


def wanted(batch_size: int) -> int:
    """How many processes a training should be started as on this machine: one for each GPU that this one sees, as far
    as the batch goes; 1 where it has been started so."""
    return 1 if launched() else max(1, min(torch.cuda.device_count(), batch_size // FEWEST))


def launch(processes: int) -> None:
    """Run this very command under torchrun, on this machine. BadInput where a process ends before its time."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    if status := subprocess.run([*command, *sys.argv]).returncode:
        raise files.BadInput(
            f"{' '.join(sys.argv)}: one of its {processes} processes ended, and so all did (exit status {status}); why "
            "stands above. The next start goes on from the last checkpoint"
        )


@contextmanager
def group(device: torch.device) -> Iterator[None]:
    """Let the processes that torchrun has started find each other; nothing where it has not."""
    if not launched():
        yield
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    yield
    dist.destroy_process_group()


@contextmanager
def writing(path: Path | str) -> Iterator[Path | None]:
    """files.writing, on rank 0 alone; None elsewhere."""
    if rank():
        yield None
        return
    with files.writing(path) as temporary:
        yield temporary


def share(images: int) -> slice:
    """This rank's part of a batch; no two differ by more than one image. BadInput if there are more ranks."""
    if images < count():
        raise files.BadInput(f"a batch of {images} images on {count()} processes: start at most {images}")
    return slice(rank() * images // count(), (rank() + 1) * images // count())


def same(value: Anything) -> Anything:
    """Rank 0's value, on all of them."""
    if count() == 1:
        return value
    box: list[Any] = [value]
    dist.broadcast_object_list(box)
    return box[0]


def total(values: Tensor) -> Tensor:
    """Sum over the ranks, of values of one shape; gradients pass through."""
    return _Total.apply(values) if count() > 1 else values


def mean(values: Tensor) -> Tensor:
    """Mean of the values, (n,), that all ranks have together; gradients pass through."""
    if count() == 1:
        return values.mean()
    number = total(torch.tensor(float(len(values)), device=values.device))
    return total(values.sum()) / number


def synchronise(model: nn.Module) -> None:
    """Let every batch norm of the model take its statistics from the whole batch, where there are several ranks."""
    for module in model.modules() if count() > 1 else ():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = _WholeBatchNorm  # the same weights and names


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        values = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(values)
        return values

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return _Total.apply(gradient)


class _WholeBatchNorm(nn.BatchNorm2d):
    """PyTorch's own SyncBatchNorm is for GPUs alone; this one is what the tests run too."""

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return super().forward(images)
        values, axes = images.to(torch.promote_types(images.dtype, torch.float32)), (0, 2, 3)
        number = total(torch.tensor(float(values.numel() // values.shape[1]), device=values.device))
        center = total(values.sum(axes)) / number
        shifted = values - center[:, None, None]
        variance = total(shifted.square().sum(axes)) / number
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(center, self.momentum)
            self.running_var.lerp_(variance * number / (number - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (shifted * scale[:, None, None] + self.bias[:, None, None]).to(images.dtype)
