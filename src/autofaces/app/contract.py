"""What every network has to offer (the list is in autofaces.training.models), tried on two images of noise."""

import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from autofaces.core import files, params
from autofaces.core.found import class_name
from autofaces.training import likelihoods, models, objectives
from autofaces.training.layers import point

IMAGES = 2  # batch norm needs as many
TOLERANCE = 1e-4  # of two ways to the same image, on [0, 1]


class Broken(Exception):
    """The network does not do what it has to; the message says what was expected and what came."""


@torch.no_grad()
def tried(
    name: str, size: int, channels: int, width: float, arguments: Mapping[str, Any]
) -> tuple[nn.Module | None, list[str]]:
    """A fresh network (None where there is none), and what is wrong with its file, a line each. Takes what
    `models.build` takes, and raises BadInput as it does where arguments and images do not fit: no fault of the file."""
    cls, given = class_name(name), "".join(f", {k}={v!r}" for k, v in arguments.items())
    build = partial(models.build, name, size, channels, width, arguments)
    model = None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            model = _call(name, f"{cls}({size}, {channels}, {width}{given})", build)
            found = _missing(model, cls) or _wrong(name, model.eval(), torch.rand(IMAGES, channels, size, size))
            found = found or _code_scales(name, size, channels, width, arguments)
        except Broken as error:
            found = [str(error)]
    return model, [f"src/autofaces/networks/{name}.py: {problem}" for problem in found]


@torch.no_grad()
def objection(model: nn.Module, objective: params.Component | None, size: int, channels: int) -> str | None:
    """Why an objective (None: a closed form) cannot train a network, as far as two images show; None where it can."""
    if objective is None:
        known = f"{type(model).__name__} has no fit(blocks), a closed form; known: {', '.join(params.objectives())}"
        return None if hasattr(model, "fit") else f"missing, and {known}"
    context = objectives.Context(0.0, likelihoods.generator(torch.device("cpu"), 0))
    images = torch.rand(IMAGES, channels, size, size)
    try:
        getattr(objectives, objective.name)(model.train(), images, context, **objective.arguments)
    except files.BadInput as error:
        return str(error).removeprefix("objective: ")
    except Exception as error:  # whatever a network lacks
        return f"{objective.name} cannot train {type(model).__name__}: {_reason(error)}"
    return None


def _missing(model: Any, cls: str) -> list[str]:
    """What the network lacks that can be seen without a call."""
    if not isinstance(model, nn.Module):
        return [f"class {cls}: expected a torch.nn.Module, got {type(model).__name__}"]
    found = []
    match getattr(model, "pixel_range", None):
        case int() | float() as low, int() | float() as high if low < high:
            pass
        case None:
            found.append(f"class {cls} has no pixel_range; expected two numbers, such as (0.0, 1.0)")
        case other:
            found.append(f"pixel_range: expected two numbers, the lower one first, got {other!r}")
    for method, does in {"encode": "(images) -> code", "decode": "(code) -> images"}.items():
        if not callable(getattr(model, method, None)):
            found.append(f"class {cls} has no {method}{does}")
    if type(model).forward is nn.Module.forward:
        found.append(f"class {cls} has no forward(images) -> images")
    if not list(model.parameters()):
        found.append(f"class {cls} has no parameters; expected a number that is learned, as torch.nn.Parameter")
    return found


def _wrong(name: str, model: nn.Module, images: Tensor) -> list[str]:
    """What its methods return that does not fit; the images are in [0, 1]."""
    found = []
    low, high = model.pixel_range
    images = low + (high - low) * images
    code = _call(name, "encode(images)", lambda: model.encode(images))
    match code:
        case Tensor() if len(code) == len(images):
            pass
        case (Tensor() as mean, Tensor() as log_variance) if mean.shape == log_variance.shape and len(mean) == IMAGES:
            if not hasattr(model, "code_shape"):
                found.append(f"no code_shape; the code is a mean and a log-variance, so expected {_of_one(mean)}")
        case _:
            raise Broken(
                f"encode(images) of {IMAGES} images: expected a code of {IMAGES} rows, or a mean and a log-variance of "
                f"one shape, got {_described(code)}"
            )
    shape = getattr(model, "code_shape", None)
    if shape is not None and shape != _of_one(point(code)):
        found.append(f"code_shape: expected {_of_one(point(code))}, the shape of one image's code, got {shape!r}")
    decoded = _call(name, "decode(code)", lambda: model.decode(point(code)))
    made = {"decode(code)": decoded, "forward(images)": _call(name, "forward(images)", lambda: model(images))}
    if hasattr(model, "logits"):
        made["logits(code)"] = _call(name, "logits(code)", lambda: model.logits(point(code)))
    misshapen = {
        what: f"{what}: expected the images' shape {tuple(images.shape)}, got {_described(output)}"
        for what, output in made.items()
        if not isinstance(output, Tensor) or output.shape != images.shape
    }
    found += misshapen.values()
    if not misshapen:
        if not _same(made["forward(images)"], decoded, high - low):
            found.append("forward(images): expected what decode makes of encode's code (of its mean), got other images")
        if "logits(code)" in made and not _same(made["logits(code)"].sigmoid(), decoded, 1):
            found.append("logits(code): expected decode's images before their sigmoid, got other numbers")
    return found


def _code_scales(name: str, size: int, channels: int, width: float, arguments: Mapping[str, Any]) -> list[str]:
    """Whether a narrower network has a smaller code, which decides its error more than anything else does."""

    def numbers(width: float) -> int:
        outline = models.outline(name, size, channels, width, arguments)
        return point(outline.encode(torch.empty(1, channels, size, size, device="meta"))).numel()

    ours, full = (_call(name, f"encode(images) at width {w}", partial(numbers, w)) for w in (width, 1.0))
    return [] if ours == full else [f"code: expected {full} numbers at any width, got {ours} at {width}"]


def _call(name: str, what: str, function: Callable[[], Any]) -> Any:
    """What the function returns; Broken, with the line of the network's file, where it raises what is no BadInput."""
    try:
        return function()
    except files.BadInput:
        raise
    except Exception as error:  # whatever a network's author can do wrong
        own = f"autofaces.networks.{name}"
        lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_globals["__name__"] == own]
        where = f"line {lines[-1]}: " if lines else ""
        raise Broken(f"{where}{what} raises {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"


def _same(some: Tensor, others: Tensor, span: float) -> bool:
    return torch.allclose(some, others, rtol=0, atol=TOLERANCE * span, equal_nan=True)


def _of_one(code: Tensor) -> tuple[int, ...]:
    return tuple(code.shape[1:])


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        return str(tuple(value.shape))
    if isinstance(value, tuple):
        return f"{len(value)} things: {', '.join(map(_described, value))}"
    return type(value).__name__
