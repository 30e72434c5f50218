"""A model's decoder as a list of operations and their weights, for decoder.js, which runs it in a browser.

The operations are found by tracing `decode`, so any decoder that is a plain chain of the modules below can be written.
"""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

from autofaces.core import files

TOLERANCE = 5e-4  # of a pixel in [0, 1]: what rounded weights may change; half of what the page may differ in all
LARGEST = 32767  # of 16 bits


class _Decode(nn.Module):
    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, code: Tensor) -> Tensor:
        return self.model.decode(code)


def operations(model: nn.Module) -> tuple[list[dict[str, Any]], list[nn.Parameter]]:
    """The chain that leads from a code to an image in [0, 1], and the weights that it uses, in its order.

    An operation has a `kind`: conv_transpose (stride, padding, output_padding; square, weights (in, out, k, k)), linear
    (weights (out, in)), reshape (shape), selu, relu, leaky_relu (slope), sigmoid. Those with weights have their `shape`
    and, where there is one, a bias behind them. BadInput names the first step that decoder.js does not know.
    """
    name = type(model).__name__
    if model.pixel_range != (0.0, 1.0):
        raise _refused(name, f"images in {model.pixel_range}")
    graph = fx.symbolic_trace(_Decode(model))
    modules = dict(graph.named_modules())
    chain: list[dict[str, Any]] = []
    weights: list[nn.Parameter] = []
    last = None
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            last = node
            continue
        if node.op == "output":
            continue
        step = modules.get(node.target) if node.op == "call_module" else None
        if node.all_input_nodes != [last]:
            raise _refused(name, f"{node.format_node()}, which does not take what the step before it gives")
        last = node
        if isinstance(step, nn.Identity):
            continue
        found = _activation(node, step) or _layer(step)
        if found is None:
            raise _refused(name, str(step or node.target))
        chain.append(found)
        if found["kind"] in ("conv_transpose", "linear"):
            found["bias"] = step.bias is not None
            weights += [p for p in (step.weight, step.bias) if p is not None]
    return chain, weights


@torch.no_grad()
def packed(model: nn.Module, codes: Tensor) -> tuple[str, list[float], bytes]:
    """The weights of `operations` end to end, little-endian: their type, and a factor on the numbers of each. int16
    where the pictures of `codes` (B, ...) change by less than TOLERANCE (float16 would change them three times as
    much), else float32, whose factors are 1."""
    _, weights = operations(model)
    factors = [weight.abs().max().item() / LARGEST or 1.0 for weight in weights]
    whole = [(weight / factor).round() for weight, factor in zip(weights, factors, strict=True)]
    rounded = copy.deepcopy(model)
    for weight, numbers, factor in zip(operations(rounded)[1], whole, factors, strict=True):
        weight.copy_(numbers * factor)
    if (rounded.decode(codes) - model.decode(codes)).abs().max() < TOLERANCE:
        return "int16", factors, b"".join(numbers.numpy().astype("<i2").tobytes() for numbers in whole)
    return "float32", [1.0] * len(weights), b"".join(weight.numpy().astype("<f4").tobytes() for weight in weights)


def _activation(node: fx.Node, step: nn.Module | None) -> dict[str, Any] | None:
    if isinstance(step, nn.LeakyReLU):
        return {"kind": "leaky_relu", "slope": step.negative_slope}
    for kind, module in (("selu", nn.SELU), ("relu", nn.ReLU), ("sigmoid", nn.Sigmoid)):
        if isinstance(step, module) or (node.op == "call_method" and node.target == kind):
            return {"kind": kind}
    return None


def _layer(step: nn.Module | None) -> dict[str, Any] | None:
    if isinstance(step, nn.Linear):
        return {"kind": "linear", "shape": list(step.weight.shape)}
    if isinstance(step, nn.Unflatten):
        return {"kind": "reshape", "shape": list(step.unflattened_size)}
    if isinstance(step, nn.ConvTranspose2d) and step.groups == 1 and step.dilation == (1, 1):
        numbers = {n: getattr(step, n) for n in ("kernel_size", "stride", "padding", "output_padding")}
        if all(a == b for a, b in numbers.values()):
            settings = {n: numbers[n][0] for n in ("stride", "padding", "output_padding")}
            return {"kind": "conv_transpose", "shape": list(step.weight.shape), **settings}
    return None


def _refused(name: str, step: str) -> files.BadInput:
    return files.BadInput(
        f"{name}: the page cannot run its decoder: {step}; it knows chains of square transposed convolutions, linear "
        "maps, reshaping, SELU, ReLU, leaky ReLU and sigmoid, to images in [0, 1]; choose another model"
    )
