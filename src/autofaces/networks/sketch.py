"""CIS 680 Homework #4. Nikolaos Kolotouros, Karl Pertsch, Oleh Rybkin, University of Pennsylvania, 2017: table 1.

Five 3x3 convolutions of stride 2 (4 to 64 maps) and five 4x4 transposed ones back, no layer between that is fully
connected: of 64 x 64 pixels the code is 64 x 2 x 2.

Not given, our choice: leaky ReLU of 0.2 after each layer, sigmoid after the last; Glorot-uniform weights.
"""

from torch import Tensor, nn

from autofaces.training.layers import glorot, require_size, scaled


class Sketch(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(self, size: int, channels: int, width: float = 1.0):
        super().__init__()
        require_size("sketch", size, 32)
        filters = [channels, *(scaled(4 * 2**i, width) for i in range(4)), 64]  # the code is as large at any width
        encoder: list[nn.Module] = []
        decoder: list[nn.Module] = []
        for i in range(5):
            outer, inner = filters[i], filters[i + 1]
            encoder += [nn.Conv2d(outer, inner, 3, 2, 1), nn.LeakyReLU(0.2)]
            decoder = [nn.ConvTranspose2d(inner, outer, 4, 2, 1), *([nn.LeakyReLU(0.2)] if i else []), *decoder]
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder)
        self.apply(glorot)

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] -> code (B, 64, H / 32, W / 32)."""
        return self.encoder(images)

    def logits(self, code: Tensor) -> Tensor:
        """Code (B, 64, H / 32, W / 32) -> the images' logits (B, C, H, W)."""
        return self.decoder(code)

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, 64, H / 32, W / 32) -> images (B, C, H, W) in [0, 1]."""
        return self.logits(code).sigmoid()

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))
