"""How much detail of an original its reconstruction keeps, and how much it makes up. One value per image, in float64.

The variance of the Laplacian alone misleads: checkerboard from transposed convolutions raises it to the originals' own
value. So it stands beside its coarse version, the correlation of gradients, and measures of what was made up: grain,
blocks, colour.
"""

import torch
from torch import Tensor

from autofaces.evaluation import blocks
from autofaces.evaluation.filters import OCTAVES, gaussian, mirrored, octaves

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as the divisors of blue and red chroma
CHROMA = (1.772, 1.402)
FLAT = 1e-12  # of a variance in [0, 1]: below it is rounding
COARSE_SIGMA = 2.0  # pixels
COLOUR_SIGMA = 8.0  # pixels
PATCH_SIGMAS = 4.0, 16.0  # pixels: what is coarser than the first and finer than the second


def detail(originals: Tensor, reconstructions: Tensor) -> dict[str, Tensor]:
    """(B, C, H, W) in [0, 1] each -> (B,) each, NaN where there is no such value.

    sharpness: variance of the Laplacian of the reconstruction's luma; sharpness_ratio: over the original's;
    sharpness_ratio_coarse: the same after a Gaussian of 2 pixels; gradient_correlation: Pearson, of Sobel magnitudes,
    NaN where either is flat; grain_2_4, _4_8, _8_16 and their sum, grain: see `grain`; blockiness_4, _16, _64:
    `blocks.block_contrast` over the original's, and blockiness, the geometric mean of those that exist;
    patches_detailed, patches_flat: see `blocks.patches`; colour_error, colour_patches: see `colour`.
    """
    x, y = luma(originals), luma(reconstructions)
    grains = grain(x, y)
    blocky = {
        f"blockiness_{size}": ratio(blocks.block_contrast(y, size), blocks.block_contrast(x, size))
        for size in blocks.SIZES
    }
    patches_detailed, patches_flat = blocks.patches(x, y)
    return {
        "sharpness": laplacian_variance(y),
        "sharpness_ratio": ratio(laplacian_variance(y), laplacian_variance(x)),
        "sharpness_ratio_coarse": ratio(laplacian_variance(coarse(y)), laplacian_variance(coarse(x))),
        "gradient_correlation": gradient_correlation(originals, reconstructions),
        "grain": torch.stack(list(grains.values())).sum(0),
        **grains,
        "blockiness": torch.stack(list(blocky.values())).log().nanmean(0).exp(),
        **blocky,
        "patches_detailed": patches_detailed,
        "patches_flat": patches_flat,
        **colour(originals, reconstructions),
    }


def ratio(a: Tensor, b: Tensor) -> Tensor:
    """a / b, NaN where b is 0 (to rounding)."""
    return torch.where(b.abs() > FLAT, a / b, torch.nan)


def luma(images: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1], RGB or grey -> float64 (B, 1, H, W) in [0, 1]."""
    images = images.double()
    if images.shape[1] == 1:
        return images
    return torch.einsum("bchw,c->bhw", images, images.new_tensor(LUMA)).unsqueeze(1)


def coarse(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B, 1, H - 12, W - 12): after a Gaussian of 2 pixels."""
    return gaussian(image, COARSE_SIGMA, radius=round(3 * COARSE_SIGMA))


def laplacian_variance(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B,): variance over inner pixels of the 4-neighbour Laplacian; 0 where it is rounding."""
    rows, columns = image[..., 1:-1], image[..., 1:-1, :]
    laplacian = rows[..., :-2, :] + rows[..., 2:, :] + columns[..., :-2] + columns[..., 2:] - 4 * image[..., 1:-1, 1:-1]
    variance = laplacian.var((1, 2, 3), correction=0)
    return torch.where(variance > FLAT, variance, 0)


def sobel_magnitude(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B, 1, H - 2, W - 2): length of the Sobel gradient."""
    smooth_rows = image[..., :-2, :] + 2 * image[..., 1:-1, :] + image[..., 2:, :]
    smooth_columns = image[..., :-2] + 2 * image[..., 1:-1] + image[..., 2:]
    return torch.hypot(
        smooth_rows[..., 2:] - smooth_rows[..., :-2], smooth_columns[..., 2:, :] - smooth_columns[..., :-2, :]
    )


def gradient_correlation(originals: Tensor, reconstructions: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1] each -> (B,): Pearson's correlation of the Sobel magnitudes of luma."""
    return correlation(sobel_magnitude(luma(originals)), sobel_magnitude(luma(reconstructions)))


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """(B, ...) each -> (B,): Pearson's correlation over all but the first axis, NaN where either is constant."""
    a, b = a.flatten(1), b.flatten(1)
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return ratio((a * b).sum(1), (a.square().sum(1) * b.square().sum(1)).sqrt())


def grain(original: Tensor, reconstruction: Tensor) -> dict[str, Tensor]:
    """(B, 1, H, W) each -> grain_2_4, grain_4_8, grain_8_16, (B,) in [0, 1] each: energy that the reconstruction has in
    the octave of these periods (pixels) beyond what the original has near there, over all its energy but the mean's.
    NaN of a flat reconstruction.

    Near there: as where textures are told apart (Laws 1980, Textured image segmentation), the squares are smoothed, by
    a Gaussian whose sigma is half the octave's longest period. So structure a little out of place hardly counts, nor
    does noise below what the original has there: a blurred copy may hold some before it counts as grain.
    """
    energy = reconstruction.var((1, 2, 3), correction=0)
    shares = {}
    for period, x, y in zip(OCTAVES, octaves(original), octaves(reconstruction), strict=True):
        excess = mirrored(y.square() - x.square(), period / 2).clamp(min=0).mean((1, 2, 3))
        shares[f"grain_{period // 2}_{period}"] = ratio(excess, energy)
    return shares


def colour(originals: Tensor, reconstructions: Tensor) -> dict[str, Tensor]:
    """(B, C, H, W) in [0, 1] each -> (B,) each, of chroma: Cb and Cr of ITU-R BT.601, in [-1/2, 1/2]. NaN of grey.

    colour_error: root mean square of the distance after a Gaussian of 8 pixels; faded colours count as well.
    colour_patches: root of the mean energy between a Gaussian of 4 and one of 16 pixels that the reconstruction has
    beyond what the original has near there (as in `grain`): colours where the original has none, or other ones.
    """
    if originals.shape[1] == 1:
        none = originals.new_full((len(originals),), torch.nan, dtype=torch.float64)
        return {"colour_error": none, "colour_patches": none}
    x, y = chroma(originals), chroma(reconstructions)
    fine, coarse = PATCH_SIGMAS
    bands = (mirrored(i, fine) - mirrored(i, coarse) for i in (x, y))
    of_x, of_y = (band.square().sum(1, keepdim=True) for band in bands)
    errors = {
        "colour_error": mirrored(y - x, COLOUR_SIGMA).square().sum(1),
        "colour_patches": mirrored(of_y - of_x, coarse).clamp(min=0),
    }
    return {name: error.flatten(1).mean(1).sqrt() for name, error in errors.items()}


def chroma(images: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> float64 (B, 2, H, W) in [-1/2, 1/2]: Cb and Cr."""
    images = images.double()
    return (images[:, [2, 0]] - luma(images)) / images.new_tensor(CHROMA).view(2, 1, 1)
