"""Principal component analysis: the best linear autoencoder, the baseline of every dataset.

Fitted in closed form, by randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4) over blocks of
images, so that memory does not grow with their number. Code units are the principal components, largest first.
"""

from collections.abc import Callable, Iterable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

OVERSAMPLING = 32  # directions kept beside the wanted ones
ROUNDS = 4  # passes of the power iteration


class Pca(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(self, size: int, channels: int, width: float = 1.0, *, code: Annotated[int, Field(ge=1)]):
        """`code` components; `width` has nothing to scale."""
        super().__init__()
        del width
        self.shape = (channels, size, size)
        pixels = channels * size * size
        if code > pixels:
            raise ValueError(f"pca: code {code} is larger than the {pixels} pixels of an image")
        self.mean = nn.Parameter(torch.zeros(pixels))
        self.components = nn.Parameter(torch.empty(code, pixels).uniform_(-1, 1) / pixels**0.5)  # until `fit`

    def encode(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] -> code (B, code)."""
        return (images.flatten(1) - self.mean) @ self.components.T

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, code) -> images (B, C, H, W), in [0, 1] up to the linear model's overshoot."""
        return (self.mean + code @ self.components).unflatten(1, self.shape)

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))

    @torch.no_grad()
    def fit(self, blocks: Callable[[], Iterable[Tensor]]) -> None:
        """Set mean and components from the images that `blocks()` yields, (B, C, H, W) each, the same at each call.

        ValueError where there are no more images than components.
        """
        code, pixels = self.components.shape
        total = torch.zeros(pixels, dtype=torch.float64)
        number = 0
        for block in blocks():
            total += block.flatten(1).sum(0, dtype=torch.float64)
            number += len(block)
        if number <= code:
            raise ValueError(f"pca: {code} components need more than {code} training images, got {number}")
        self.mean.copy_(total / number)

        generator = torch.Generator().manual_seed(0)
        basis = torch.randn(pixels, min(code + OVERSAMPLING, number), generator=generator)
        for _ in range(ROUNDS):  # basis <- orthonormal (A^T A) basis, A the centred images as rows
            product = torch.zeros_like(basis)
            for block in blocks():
                centred = block.flatten(1) - self.mean
                product += centred.T @ (centred @ basis)
            basis = torch.linalg.qr(product)[0]
        gram = torch.zeros(basis.shape[1], basis.shape[1], dtype=torch.float64)
        for block in blocks():
            projected = ((block.flatten(1) - self.mean) @ basis).double()
            gram += projected.T @ projected
        directions = torch.linalg.eigh(gram).eigenvectors.flip(1)[:, :code]  # largest variance first
        components = (basis.double() @ directions).T
        # the sign of a component is arbitrary: its largest entry is made positive
        largest = components.gather(1, components.abs().argmax(1, keepdim=True))
        self.components.copy_(components * largest.sign())
