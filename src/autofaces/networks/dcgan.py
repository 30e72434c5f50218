"""Li Nguyen, Alexander Koenig, 2020: "model 1", a DCGAN-shaped autoencoder of strided convolutions (figure 1).

Five 4x4 convolutions of stride 2 (n_f to 16 n_f maps), one of stride 1 to a code of 256 numbers, the decoder mirrored;
batch norm after each but the last, leaky ReLU in the encoder, ReLU in the decoder, tanh at the end.

Departures: the published code calls LeakyReLU(True), a slope of 1; the paper says leaky ReLU, and ours is 0.2.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from autofaces.training.layers import require_size, scaled


class Dcgan(nn.Module):
    pixel_range = (-1.0, 1.0)

    def __init__(
        self,
        size: int,
        channels: int,
        width: float = 1.0,
        *,
        n_f: Annotated[int, Field(ge=1)],
        code: Annotated[int, Field(ge=1)] = 256,
        slope: Annotated[float, Field(ge=0, le=1)] = 0.2,
    ):
        """`n_f` feature maps at the image, `code` numbers in the bottleneck, `slope` of the leaky ReLU below zero."""
        super().__init__()
        require_size("dcgan", size, 32)
        filters = [channels, *(scaled(n_f, width) * 2**i for i in range(5)), code]
        steps = [(2, 1, 4)] * 5 + [(1, 0, size // 32)]  # stride, padding, kernel
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        for i, (stride, padding, kernel) in enumerate(steps):
            inner, outer = filters[i + 1], filters[i]
            encoder += [
                nn.Conv2d(outer, inner, kernel, stride, padding, bias=False),
                nn.BatchNorm2d(inner),
                nn.LeakyReLU(slope),
            ]
            undo = nn.ConvTranspose2d(inner, outer, kernel, stride, padding, bias=False)
            decoder = [undo, *([nn.BatchNorm2d(outer), nn.ReLU()] if i else [nn.Tanh()]), *decoder]
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in [-1, 1] -> code (B, 256, 1, 1)."""
        return self.encoder(images)

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, 256, 1, 1) -> images (B, C, H, W) in [-1, 1]."""
        return self.decoder(code)

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))
