"""A Comprehensive Study of Autoencoders' Applications Related to Images. Kovenko, Bogach, Vinnytsia NTU, 2020.

Convolutions, each followed by max pooling, to a code; transposed convolutions back; sigmoid at the end (sections 3.1,
3.2). The variational one has mean and log-variance in place of the code (section 4.2), the one with batch norm has it
after each convolution of encoder and decoder.

Figure 3, the architecture, is not in the text. Our choice: four 3x3 convolutions with 32, 64, 128, 256 maps, ReLU, 2x2
max pooling after each (8 x 8 x 256 of 128 pixels), one linear layer to a code of 256 numbers; a linear layer back,
four 3x3 transposed convolutions of stride 2. No batch norm after the last, whose output is the image. The dropout layer
at the encoder's input is drawn by the objective (its setting `dropout`), as is the Gaussian noise on the images.
"""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from autofaces.training.layers import Code, GaussianCode, glorot, point, require_size, scaled


class Pooling(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(
        self,
        size: int,
        channels: int,
        width: float = 1.0,
        *,
        levels: Annotated[int, Field(ge=1, le=5)] = 4,
        base: Annotated[int, Field(ge=1)] = 32,
        code: Annotated[int, Field(ge=1)] = 256,
        norm: Literal["none", "batch"] = "none",
        variational: bool = False,
    ):
        """`levels` halvings, `base` maps in the first, doubled in each; `code` numbers, whatever the width."""
        super().__init__()
        require_size("pooling", size, 2**levels)
        filters = [channels, *(scaled(base, width) * 2**i for i in range(levels))]
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        for i in range(levels):
            outer, inner = filters[i], filters[i + 1]
            encoder += [nn.Conv2d(outer, inner, 3, padding=1), *_norm(norm, inner), nn.ReLU(), nn.MaxPool2d(2)]
            undo = nn.ConvTranspose2d(inner, outer, 3, stride=2, padding=1, output_padding=1)
            decoder = [undo, *([*_norm(norm, outer), nn.ReLU()] if i else []), *decoder]
        deepest = (filters[-1], size >> levels, size >> levels)
        numbers = deepest[0] * deepest[1] * deepest[2]
        self.code_shape = (code,)
        self.encoder = nn.Sequential(*encoder, nn.Flatten())
        self.code = GaussianCode(numbers, code) if variational else nn.Linear(numbers, code)
        self.decoder = nn.Sequential(nn.Linear(code, numbers), nn.ReLU(), nn.Unflatten(1, deepest), *decoder)
        self.apply(glorot)

    def encode(self, images: Tensor) -> Code:
        """Images (B, C, H, W) in [0, 1] -> code (B, code), or its mean and log-variance."""
        return self.code(self.encoder(images))

    def logits(self, code: Tensor) -> Tensor:
        """Code (B, code) -> the images' logits (B, C, H, W)."""
        return self.decoder(code)

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, code) -> images (B, C, H, W) in [0, 1]."""
        return self.logits(code).sigmoid()

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(point(self.encode(images)))


def _norm(norm: str, maps: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(maps)] if norm == "batch" else []
