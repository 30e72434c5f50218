"""What several models are made of."""

from torch import Tensor, nn

from autofaces.core import files

SIZES = (32, 64, 128)  # pixels of a side that datasets have
NARROWEST = 4  # maps that `width` leaves in a layer: below them it is no longer the same kind of model
LOG_VARIANCE = (-16.0, 8.0)  # bounds of a code's log-variance: beyond them its exponential helps nobody

Code = Tensor | tuple[Tensor, Tensor]  # of a variational model: mean and log-variance


def scaled(channels: int, width: float) -> int:
    """A channel count at `width` times the paper's, not below 4 where the paper has as many."""
    return max(min(channels, NARROWEST), round(channels * width))


def require_size(model: str, size: int, multiple: int, largest: int = SIZES[-1]) -> None:
    """BadInput unless images of `size` pixels fit: a multiple of `multiple`, no larger than `largest`."""
    allowed = [s for s in SIZES if s % multiple == 0 and s <= largest]
    if size not in allowed:
        known = ", ".join(map(str, allowed)) or f"none (its map needs a multiple of {multiple})"
        raise files.BadInput(f"{model}: images of {size} pixels do not fit; sizes allowed: {known}")


def glorot(module: nn.Module) -> None:
    """Keras's defaults: Glorot-uniform weights, zero biases (for `module.apply`)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class GaussianCode(nn.Module):
    """Two linear maps from features to the mean and the log-variance of a code (the latter clamped)."""

    def __init__(self, features: int, code: int):
        super().__init__()
        self.mean = nn.Linear(features, code)
        self.log_variance = nn.Linear(features, code)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, ...) -> mean and log-variance, (B, code) each."""
        features = features.flatten(1)
        return self.mean(features), self.log_variance(features).clamp(*LOG_VARIANCE)


def point(code: Code) -> Tensor:
    """The code that stands for an image where nothing is drawn: itself, or its mean."""
    return code if isinstance(code, Tensor) else code[0]
