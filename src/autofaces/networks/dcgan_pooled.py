"""Li Nguyen, Alexander Koenig, 2020: "model 2", the lightweight one (figure 2).

Every other layer of model 1 becomes 2x2 max pooling in the encoder and nearest-neighbour upsampling in the decoder:
three 4x4 convolutions of stride 2 (n_f, 2 n_f, 4 n_f maps), each followed by pooling, down to 4 n_f x 2 x 2; the
decoder mirrors it. Batch norm, leaky ReLU and ReLU, tanh as in model 1.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from autofaces.training.layers import require_size, scaled


class DcganPooled(nn.Module):
    pixel_range = (-1.0, 1.0)

    def __init__(
        self,
        size: int,
        channels: int,
        width: float = 1.0,
        *,
        n_f: Annotated[int, Field(ge=1)] = 16,
        slope: Annotated[float, Field(ge=0, le=1)] = 0.2,
    ):
        """`n_f` feature maps at the image, `slope` of the leaky ReLU below zero. The code is as large at any width."""
        super().__init__()
        require_size("dcgan_pooled", size, 64)
        filters = [channels, *(scaled(n_f, width) * 2**i for i in range(2)), 4 * n_f]
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        for i in range(3):
            inner, outer = filters[i + 1], filters[i]
            encoder += [
                nn.Conv2d(outer, inner, 4, 2, 1, bias=False),
                nn.BatchNorm2d(inner),
                nn.LeakyReLU(slope),
                nn.MaxPool2d(2),
            ]
            undo = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False)
            end = [nn.BatchNorm2d(outer), nn.ReLU()] if i else [nn.Tanh()]
            decoder = [nn.Upsample(scale_factor=2, mode="nearest"), undo, *end, *decoder]
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in [-1, 1] -> code (B, 4 n_f, H / 64, W / 64), 256 numbers at 128 pixels."""
        return self.encoder(images)

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, 4 n_f, H / 64, W / 64) -> images (B, C, H, W) in [-1, 1]."""
        return self.decoder(code)

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))
