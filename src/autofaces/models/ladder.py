"""Recursively Trained Autoencoders. William Ray, Daniel Hannon, University of Massachusetts Amherst, 2020.

Seven encoder levels, each halving the image and doubling the filters, and seven decoder levels that undo them one by
one (figure 2; sizes from the authors' final report of 2022, section 4.2). The same network is trained end to end
("stacked", objective mse) or level by level ("recursive", objective layerwise).

Departures: padding is PyTorch's symmetric one, Keras's "same" pads one pixel more at the right and bottom; the two
networks are mirror images of each other.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from autofaces.models.layers import glorot, require_size, scaled


class Ladder(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(
        self,
        size: int,
        channels: int,
        width: float = 1.0,
        *,
        levels: Annotated[int, Field(ge=1, le=7)] = 7,
        base: Annotated[int, Field(ge=1)] = 6,
    ):
        """`levels` halvings, `base` filters in the first, doubled in each; kernels 3, outermost 5."""
        super().__init__()
        require_size("ladder", size, 2**levels)
        filters = [channels, *(scaled(base, width) * 2**i for i in range(levels))]
        kernels = [5, *[3] * (levels - 1)]
        self.encoder = nn.ModuleList(
            nn.Sequential(nn.Conv2d(filters[i], filters[i + 1], k, stride=2, padding=k // 2), nn.SELU())
            for i, k in enumerate(kernels)
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(filters[i + 1], filters[i], k, stride=2, padding=k // 2, output_padding=1),
                nn.SELU() if i else nn.Sigmoid(),
            )
            for i, k in enumerate(kernels)
        )
        self.apply(glorot)

    def encode(self, images: Tensor, depth: int | None = None) -> Tensor:
        """Images (B, C, H, W) -> activations of level `depth` (all levels: the code, (B, 384, 1, 1) at width 1)."""
        for level in self.encoder[:depth]:
            images = level(images)
        return images

    def decode(self, code: Tensor, depth: int | None = None) -> Tensor:
        """Activations of level `depth` -> images (B, C, H, W) in [0, 1]."""
        for level in reversed(self.decoder[:depth]):
            code = level(code)
        return code

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))

    def levels(self, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(target, output) of each level i: h_{i-1} and dec_i(enc_i(h_{i-1})), no gradient through h_{i-1}."""
        target = images
        for encode, decode in zip(self.encoder, self.decoder, strict=True):
            target = target.detach()
            code = encode(target)
            yield target, decode(code)
            target = code
