"""Objectives: what a training minimises. Each takes a model and images (B, C, H, W) in the model's pixel range, and
returns the loss (a scalar, float32) and its named terms for the history. Settings are keyword-only arguments."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import mse_loss

Loss = tuple[Tensor, dict[str, Tensor]]
Objective = Callable[[nn.Module, Tensor], Loss]


def mse(model: nn.Module, images: Tensor) -> Loss:
    """Mean squared error over images, channels and pixels: kovenko2020, equation (1); ray2020's stacked training."""
    return mse_loss(model(images).float(), images), {}


def layerwise(model: nn.Module, images: Tensor) -> Loss:
    """Sum over levels i of MSE(dec_i(enc_i(h_{i-1})), h_{i-1}), h_0 the image: ray2020's recursive one (section 3).

    The authors update level after level, each with an Adam of its own, against activations from before the update.
    No gradient passes between levels and Adam works per parameter, so one step on the sum from one forward pass is
    the same, but for their encoder being one step fresher at each deeper level.
    """
    terms = [mse_loss(output.float(), target.float()) for target, output in model.levels(images)]
    return sum(terms), {f"level_{i}": term.detach() for i, term in enumerate(terms, start=1)}
