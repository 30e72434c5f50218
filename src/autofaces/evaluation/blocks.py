"""Blocks of pixels that a decoder leaves in a reconstruction. One value per image, in float64.

Borders are seen by differences of neighbours across them against those inside, as blocks of JPEG are (Wang, Sheikh,
Bovik 2002, No-reference perceptual quality assessment of JPEG compressed images). But decoders that double an image
step by step leave patterns of 2, 4, 8, ... pixels, and that of the last step hides the others. So inside is here the
middle of each block, a multiple of half its size: whatever comes of finer steps is there as it is at borders.
"""

import torch
from torch import Tensor

SIZES = (4, 16, 64)  # pixels: what one pixel becomes of the upsampled maps of dcgan_pooled, last to first
REGION = 16  # pixels a side, of the regions that patches are sought in
FLAT = 1e-6  # of contrast: below it is rounding


def block_contrast(image: Tensor, size: int) -> Tensor:
    """(B, 1, H, W) -> (B,) in [0, 2]: mean absolute difference of neighbours across the borders of blocks of `size`
    pixels, over the mean of that and the same in the blocks' middles; 1 without blocks, 2 where all contrast is at
    borders. NaN of flat images, and of those without a border of that size.

    Borders of blocks four times as large are left out: those tell of larger blocks.
    """
    borders, middles = [], []
    for axis in (2, 3):
        difference = image.diff(dim=axis).abs().mean((1, 5 - axis))  # (B, H - 1) or (B, W - 1)
        place = torch.arange(1, image.shape[axis], device=image.device)
        borders.append(difference[:, (place % size == 0) & (place % (4 * size) != 0)])
        middles.append(difference[:, place % size == size // 2])
    border, middle = torch.cat(borders, 1).mean(1), torch.cat(middles, 1).mean(1)
    return torch.where(border + middle > FLAT, 2 * border / (border + middle), torch.nan)


def patches(original: Tensor, reconstruction: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 1, H, W) in [0, 1] each -> (B,) in [-1, 1] each: how much more blocks of 4 pixels stand out in the
    reconstruction than in the original, in the quarter of regions of 16x16 pixels where the original has most contrast
    (standard deviation), and in that where it has least. NaN of images smaller than a region.

    To stand out: mean absolute difference across borders less that in the blocks' middles, of what lies within regions.
    """
    if min(original.shape[2:]) < REGION:
        none = original.new_full((len(original),), torch.nan)
        return none, none
    x, y = regions(original), regions(reconstruction)
    contrast = x.std((2, 3), correction=0)
    more = _steps(y) - _steps(x)
    least, most = (contrast.quantile(share, dim=1, keepdim=True) for share in (0.25, 0.75))
    return _mean(more, contrast >= most), _mean(more, contrast <= least)


def regions(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B, regions, 16, 16): the whole ones from the top left."""
    down, across = (size // REGION for size in image.shape[2:])
    image = image[:, 0, : down * REGION, : across * REGION]
    return image.unflatten(2, (across, REGION)).unflatten(1, (down, REGION)).transpose(2, 3).flatten(1, 2)


def _steps(regions: Tensor) -> Tensor:
    """(B, R, 16, 16) -> (B, R): contrast across borders of blocks of 4 pixels less that in their middles."""
    rows, columns = regions.diff(dim=2).abs().mean(3), regions.diff(dim=3).abs().mean(2)
    difference = rows + columns  # (B, R, 15)
    return (difference[..., 3::4].mean(2) - difference[..., 1::4].mean(2)) / 2


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """(B, R) each -> (B,): mean of the values where `where`."""
    return (values * where).sum(1) / where.sum(1)
