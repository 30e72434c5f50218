"""What several models are made of."""

from torch import nn


def scaled(channels: int, width: float) -> int:
    """A channel count at `width` times the paper's, at least 1."""
    return max(1, round(channels * width))


def require_size(model: str, size: int, multiple: int) -> None:
    """ValueError unless `size` pixels can be halved down to a map of `multiple`-th the side."""
    if size < multiple or size % multiple:
        raise ValueError(f"{model}: images of {size} pixels do not fit; needed: a multiple of {multiple}")


def glorot(module: nn.Module) -> None:
    """Keras's defaults: Glorot-uniform weights, zero biases (for `module.apply`)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
