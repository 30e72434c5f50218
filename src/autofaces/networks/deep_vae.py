"""CIS 680 Homework #4. Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin, University of Pennsylvania, 2017: table 3.

Nine 3x3 convolutions, every other of stride 2 (32 to 512 maps), two fully connected layers to the mean and spread of
512 numbers, and back from a map of 1 x 1: five times a 4x4 transposed convolution of stride 2 and a 3x3 convolution
(256 to 16 maps), a sixth transposed one to 64 pixels. With repeats 2 each of the 3x3 convolutions of stride 1 stands
there twice, each with its activation.

Not given, our choice: leaky ReLU of 0.2 after each layer, sigmoid after the last; Glorot-uniform weights. The spread is
a log-variance.
"""

from itertools import pairwise
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from autofaces.training.layers import GaussianCode, glorot, point, require_size, scaled


class DeepVae(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(
        self,
        size: int,
        channels: int,
        width: float = 1.0,
        *,
        code: Annotated[int, Field(ge=1)] = 512,
        repeats: Annotated[int, Field(ge=1)] = 1,
    ):
        """`code` numbers, whatever the width; `repeats` convolutions of stride 1 after one of stride 2."""
        super().__init__()
        require_size("deep_vae", size, 64, largest=64)
        down = [channels, *(scaled(32 * 2**i, width) for i in range(5))]
        encoder: list[nn.Module] = []
        for outer, inner in pairwise(down):
            encoder += [nn.Conv2d(outer, inner, 3, 2, 1), nn.LeakyReLU(0.2)]
            encoder += _plain(inner, repeats)
        up = [code, *(scaled(256 // 2**i, width) for i in range(5))]
        decoder: list[nn.Module] = [nn.Unflatten(1, (code, 1, 1))]
        for inner, outer in pairwise(up):
            decoder += [nn.ConvTranspose2d(inner, outer, 4, 2, 1), nn.LeakyReLU(0.2)]
            decoder += _plain(outer, repeats)
        self.code_shape = (code,)
        self.encoder = nn.Sequential(*encoder[: -2 * repeats])  # none of stride 1 at the deepest level
        self.code = GaussianCode(down[-1] * 4, code)
        self.decoder = nn.Sequential(*decoder, nn.ConvTranspose2d(up[-1], channels, 4, 2, 1))
        self.apply(glorot)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images (B, C, 64, 64) in [0, 1] -> mean and log-variance of the code, (B, code) each."""
        return self.code(self.encoder(images))

    def logits(self, code: Tensor) -> Tensor:
        """Code (B, code) -> the images' logits (B, C, 64, 64)."""
        return self.decoder(code)

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, code) -> images (B, C, 64, 64) in [0, 1]."""
        return self.logits(code).sigmoid()

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(point(self.encode(images)))


def _plain(maps: int, repeats: int) -> list[nn.Module]:
    return [layer for _ in range(repeats) for layer in (nn.Conv2d(maps, maps, 3, 1, 1), nn.LeakyReLU(0.2))]
