"""One update of a model's weights: as it stands on a CPU or by several ranks; on one GPU recorded at the first batch as
a CUDA graph, from the gathering of the images to Adam, and replayed.

A graph is only taken if two updates by it end in the losses of two updates as they stand; else a line says so, and the
training goes on without.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from autofaces.core.params import Schedule
from autofaces.training import likelihoods, ranks
from autofaces.training.objectives import Context, Loss, Objective
from autofaces.training.pixels import normalise

ALIKE = 1e-3  # of a loss, between an update and its replay, which may sum in another order


class Losses(NamedTuple):
    """What an update's batch cost, before it: of the whole batch, whoever has a slice of it."""

    names: tuple[str, ...]  # train_loss, then the objective's terms
    values: Tensor  # float64 (T,); a replay writes the next ones into the same place


Inputs = Tensor  # a batch, or where in the device's memory it lies
Body = Callable[[Inputs, Tensor], Losses]  # the second: the epoch, float64 (), on the device
Step = Callable[[Inputs, float, int], Losses]  # inputs, epoch, seed of what is drawn
Recorder = Callable[[Callable[[], Losses], torch.Generator], Callable[[], Losses]]


def optimizer(schedule: Schedule, model: nn.Module) -> torch.optim.Optimizer:
    """The schedule's optimiser, one that a graph can record where the model is on a GPU."""
    on_gpu = next(model.parameters()).is_cuda
    kind = {"adam": partial(torch.optim.Adam, fused=True), "adamax": torch.optim.Adamax}[schedule.optimizer]
    return kind(model.parameters(), lr=schedule.learning_rate, capturable=on_gpu)


def updates(
    model: nn.Module,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    images_of: Callable[[Inputs], Tensor],
    *,
    batch_size: int,
    clip_norm: float | None,
    dtype: torch.dtype,
    record: Recorder | None = None,
) -> Step:
    """The function that makes one update from each batch it is given, in place.

    images_of: what makes a batch images, uint8 (B, H, W, C), this rank's slice of the `batch_size` of all. record: how
    an update is recorded to be replayed; None: on one GPU as a CUDA graph, elsewhere it is not.
    """
    device, share = next(model.parameters()).device, ranks.share(batch_size)
    generator = noise = torch.Generator(device)
    loss_of, weight = _Loss(model, objective), 1.0
    if ranks.count() > 1:
        ranks.synchronise(model)
        noise = likelihoods.Share(generator, batch_size, share)
        loss_of = DistributedDataParallel(loss_of)
        weight = (share.stop - share.start) / batch_size

    def body(inputs: Inputs, epoch: Tensor) -> Losses:
        images = normalise(images_of(inputs), model.pixel_range)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            loss, terms = loss_of(images, Context(epoch, noise))
        # gradients are averaged over the ranks, of which each speaks for its images
        (loss * (weight * ranks.count()) if ranks.count() > 1 else loss).backward()
        if clip_norm:
            nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        named = {"train_loss": loss.detach(), **terms}
        values = torch.stack([value.double() for value in named.values()])
        return Losses(tuple(named), ranks.total(values * weight) if ranks.count() > 1 else values)

    if record is None and device.type == "cuda" and ranks.count() == 1:
        record = cuda_graph
    if record:
        return replayed(body, model, optimizer, generator, record)

    def step(inputs: Inputs, epoch: float, seed: int) -> Losses:
        generator.manual_seed(seed)
        return body(inputs, torch.tensor(epoch, dtype=torch.float64, device=device))

    return step


def cuda_graph(run: Callable[[], Losses], generator: torch.Generator) -> Callable[[], Losses]:
    """`run` as a CUDA graph; what it draws follows the generator's seed at each replay."""
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        losses = run()

    def replay() -> Losses:
        graph.replay()
        return losses

    return replay


def replayed(
    body: Body, model: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator, record: Recorder
) -> Step:
    """Steps of `body` on tensors that stay where they are, recorded by `record` at the first batch; all others must
    have its shape."""
    device = next(model.parameters()).device
    epoch_now = torch.zeros((), dtype=torch.float64, device=device)
    held: Tensor | None = None
    how: Callable[[], Losses] | None = None

    def run(how: Callable[[], Losses], inputs: Inputs, epoch: float, seed: int) -> Losses:
        held.copy_(inputs)
        epoch_now.fill_(epoch)
        generator.manual_seed(seed)
        return how()

    def try_out(how: Callable[[], Losses], inputs: Inputs, epoch: float, seed: int) -> Tensor:
        """Losses of two updates: of this batch, and of another one at a later time."""
        other = torch.cat([inputs[::2], inputs[::2]])[: len(inputs)]
        first = run(how, inputs, epoch, seed).values.clone()
        return torch.stack([first, run(how, other, epoch + 1, seed ^ 1).values])

    def prepared(inputs: Inputs, epoch: float, seed: int) -> Callable[[], Losses]:
        """The replay, or where there can be none `body` itself; the training is left where it was."""
        before = {tensor: tensor.detach().clone() for tensor in _state(model, optimizer)}
        plain = partial(body, held, epoch_now)
        with _beside(device), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an optimiser that can be recorded says so where it is not
            expected = try_out(plain, inputs, epoch, seed)
            _restore(before, model, optimizer)
        try:
            recorded = record(plain, generator)
            _restore(before, model, optimizer)
            found = try_out(recorded, inputs, epoch, seed)
        except RuntimeError as error:
            why = str(error).partition("\n")[0]
        else:
            why = f"its losses are {found.tolist()}, expected {expected.tolist()}"
            if torch.allclose(found, expected, rtol=ALIKE, atol=0, equal_nan=True):
                why = ""
        _restore(before, model, optimizer)
        if why:
            print(f"the updates are not replayed as a CUDA graph ({why}); training goes on, slower", file=sys.stderr)
        return plain if why else recorded

    def step(inputs: Inputs, epoch: float, seed: int) -> Losses:
        nonlocal held, how
        if how is None:
            held = inputs.clone()
            how = prepared(inputs, epoch, seed)
        return run(how, inputs, epoch, seed)

    return step


class _Loss(nn.Module):
    """An objective of a model, for DistributedDataParallel to wrap: it asks for more than a forward pass."""

    def __init__(self, model: nn.Module, objective: Objective):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, images: Tensor, context: Context) -> Loss:
        return self.objective(self.model, images, context)


def _state(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """All that an update changes."""
    kept = [value for its in optimizer.state.values() for value in its.values() if isinstance(value, Tensor)]
    return [*model.parameters(), *model.buffers(), *kept]


@torch.no_grad()
def _restore(before: dict[Tensor, Tensor], model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for tensor in _state(model, optimizer):  # the optimiser's own, made by its first update, start at 0
        tensor.copy_(before[tensor]) if tensor in before else tensor.zero_()


@contextmanager
def _beside(device: torch.device) -> Iterator[None]:
    """On a GPU a stream beside the usual one: what is to be recorded has to run there first."""
    if device.type == "cpu":
        yield
        return
    usual, stream = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    stream.wait_stream(usual)
    with torch.cuda.stream(stream):
        yield
    usual.wait_stream(stream)
