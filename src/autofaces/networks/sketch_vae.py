"""CIS 680 Homework #4. Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin, University of Pennsylvania, 2017: table 2.

The encoder of table 1, two fully connected layers to the mean and spread of 16 numbers, and six 4x4 transposed
convolutions of stride 2 (16, 8, 4, 2, 1, 1 maps) that start from them as a map of 1 x 1 and end at 64 pixels.

Not given, our choice: leaky ReLU of 0.2 after each layer (a plain ReLU on the last layers' single maps can fall silent
for good), sigmoid after the last; Glorot-uniform weights. The spread is a log-variance.
"""

from itertools import pairwise
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from autofaces.training.layers import GaussianCode, glorot, point, require_size, scaled


class SketchVae(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(self, size: int, channels: int, width: float = 1.0, *, code: Annotated[int, Field(ge=1)] = 16):
        """`code` numbers, whatever the width."""
        super().__init__()
        require_size("sketch_vae", size, 64, largest=64)
        filters = [channels, *(scaled(4 * 2**i, width) for i in range(5))]
        encoder: list[nn.Module] = []
        for outer, inner in pairwise(filters):
            encoder += [nn.Conv2d(outer, inner, 3, 2, 1), nn.LeakyReLU(0.2)]
        maps = [code, *(scaled(m, width) for m in (16, 8, 4, 2, 1)), channels]
        decoder: list[nn.Module] = [nn.Unflatten(1, (code, 1, 1))]
        for inner, outer in pairwise(maps):
            decoder += [nn.ConvTranspose2d(inner, outer, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.code_shape = (code,)
        self.encoder = nn.Sequential(*encoder)
        self.code = GaussianCode(filters[-1] * 4, code)
        self.decoder = nn.Sequential(*decoder[:-1])
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
