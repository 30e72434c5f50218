"""Recursively Trained Autoencoders. William Ray, Daniel Hannon, University of Massachusetts Amherst, 2020.

Seven encoder levels, each halving the image and doubling the filters, and seven decoder levels that undo them one by
one (figure 2; sizes from the authors' final report of 2022, section 4.2). The same network is trained end to end
("stacked", objective mse), level by level ("recursive", objective layerwise), or end to end with a loss at every level
(objective weighted).

With norm, encoder level i is convolution, activation, norm i, and what decoder level i + 1 makes is compared with level
i's activations from before their norm (with targets normalised, ours: from after it). `shared`: on the way back they
pass through the encoder's own norm of that shape before the next decoder level. `batch`: each decoder level but the
last ends with a norm of its own instead.
With latent gaussian, two linear maps lead from the deepest activations to mean and log-variance of the code, and the
decoder takes a draw from it.

Departures: padding is PyTorch's symmetric one, Keras's "same" pads one pixel more at the right and bottom; the two
networks are mirror images of each other. Where the decoder's own norms stand in the recursive training is not
published; before the comparison (ours) each gets a gradient, after it none would ever be trained.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from autofaces.core import files
from autofaces.training.layers import Code, GaussianCode, glorot, point, require_size, scaled

ACTIVATIONS = {"selu": nn.SELU, "relu": nn.ReLU}


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
        activation: Literal["selu", "relu"] = "selu",
        norm: Literal["none", "batch", "shared"] = "none",
        latent: Literal["none", "gaussian"] = "none",
        targets: Literal["activations", "normalised"] = "activations",
    ):
        """`levels` halvings, `base` filters in the first, doubled in each; kernels 3, outermost 5. The deepest are the
        code and keep their number, whatever the width."""
        super().__init__()
        require_size("ladder", size, 2**levels)
        if targets == "normalised" and norm == "none":
            raise files.BadInput("ladder: targets normalised: there is no norm; set norm batch")
        if targets == "normalised" and norm == "shared":
            raise files.BadInput("ladder: targets normalised: with norm shared the way back would pass each norm twice")
        filters = [channels, *(scaled(base, width) * 2**i for i in range(levels - 1)), base * 2 ** (levels - 1)]
        kernels = [5, *[3] * (levels - 1)]
        active = ACTIVATIONS[activation]
        self.encoder = nn.ModuleList(
            nn.Sequential(nn.Conv2d(filters[i], filters[i + 1], k, stride=2, padding=k // 2), active())
            for i, k in enumerate(kernels)
        )
        self.norms = nn.ModuleList(nn.Identity() if norm == "none" else nn.BatchNorm2d(f) for f in filters[1:])
        self.shared = norm == "shared"
        self.normalised = targets == "normalised"
        self.decoder = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(filters[i + 1], filters[i], k, stride=2, padding=k // 2, output_padding=1),
                active() if i else nn.Sigmoid(),
                *([nn.BatchNorm2d(filters[i])] if i and norm == "batch" else []),
            )
            for i, k in enumerate(kernels)
        )
        self.code_shape = (filters[-1], size >> levels, size >> levels)
        numbers = filters[-1] * (size >> levels) ** 2
        self.latent = GaussianCode(numbers, numbers) if latent == "gaussian" else None
        self.apply(glorot)

    def encode(self, images: Tensor, depth: int | None = None) -> Code:
        """Images (B, C, H, W) -> activations of level `depth` (all levels: the code, (B, 384, 1, 1), or its mean and
        log-variance)."""
        for level, norm in zip(self.encoder[:depth], self.norms[:depth], strict=True):
            images = norm(level(images))
        return self._code(images) if depth in (None, len(self.encoder)) else images

    def decode(self, code: Tensor, depth: int | None = None) -> Tensor:
        """Activations of level `depth` -> images (B, C, H, W) in [0, 1]."""
        *_, images = self._way_back(code, depth)
        return images

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(point(self.encode(images)))

    def levels(self, images: Tensor) -> Iterator[tuple[Tensor, Code, Callable[[Tensor], Tensor]]]:
        """(target, code, decode) of each level i: h_{i-1}, enc_i of it, and dec_i; no gradient through h_{i-1}."""
        target = inputs = images
        for i, (encode, norm, decode) in enumerate(zip(self.encoder, self.norms, self.decoder, strict=True), 1):
            activations = encode(inputs.detach())
            code = norm(activations)
            yield target.detach(), self._code(code) if i == len(self.encoder) else code, decode
            target, inputs = code if self.normalised else activations, code

    def chain(self, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(target, output) of each level, deepest first, in one pass to the code and back: h_{i-1}, without gradient,
        and what the decoder has made on its way back from the code."""
        targets, inputs = [images], images
        for encode, norm in zip(self.encoder, self.norms, strict=True):
            activations = encode(inputs)
            inputs = norm(activations)
            targets.append(inputs if self.normalised else activations)
        outputs = self._way_back(point(self._code(inputs)), None)
        yield from zip((t.detach() for t in targets[-2::-1]), outputs, strict=True)

    def _code(self, activations: Tensor) -> Code:
        if self.latent is None:
            return activations
        mean, log_variance = self.latent(activations)
        return mean.unflatten(1, self.code_shape), log_variance.unflatten(1, self.code_shape)

    def _way_back(self, code: Tensor, depth: int | None) -> Iterator[Tensor]:
        """What each decoder level makes, deepest first, the image last."""
        for i in reversed(range(len(self.encoder[:depth]))):
            output = self.decoder[i](code)
            yield output
            code = self.norms[i - 1](output) if i and self.shared else output
