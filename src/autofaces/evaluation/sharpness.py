"""How much detail of an original its reconstruction keeps, and how much it makes up. One value per image, in float64.

The variance of the Laplacian alone misleads: checkerboard from transposed convolutions raises it to the originals' own
value. So it stands beside its coarse version, the correlation of gradients, and two measures of what was made up.
"""

import torch
from torch import Tensor

from autofaces.evaluation.filters import gaussian

LUMA = (0.299, 0.587, 0.114)
COARSE_SIGMA = 2.0  # pixels
BLOCK = 4  # pixels: what one pixel of the last upsampled map becomes in dcgan_pooled


def detail(originals: Tensor, reconstructions: Tensor) -> dict[str, Tensor]:
    """(B, C, H, W) in [0, 1] each -> (B,) each.

    sharpness: variance of the Laplacian of the reconstruction's luma; sharpness_ratio: over the original's;
    sharpness_ratio_coarse: the same after a Gaussian of 2 pixels; gradient_correlation: Pearson, of Sobel magnitudes;
    grain: share of the reconstruction's energy that lies above half the Nyquist frequency and does not correlate with
    the original's there; blockiness: mean absolute difference across the borders of 4x4 blocks over that inside them,
    over the same of the original. NaN where the original (for grain, gradient_correlation: either) is flat.
    """
    x, y = luma(originals), luma(reconstructions)
    coarse_x, coarse_y = (gaussian(i, COARSE_SIGMA, radius=round(3 * COARSE_SIGMA)) for i in (x, y))
    return {
        "sharpness": laplacian_variance(y),
        "sharpness_ratio": ratio(laplacian_variance(y), laplacian_variance(x)),
        "sharpness_ratio_coarse": ratio(laplacian_variance(coarse_y), laplacian_variance(coarse_x)),
        "gradient_correlation": correlation(sobel_magnitude(x), sobel_magnitude(y)),
        "grain": grain(x, y),
        "blockiness": ratio(block_contrast(y), block_contrast(x)),
    }


def ratio(a: Tensor, b: Tensor) -> Tensor:
    """a / b, NaN where b is 0 (to rounding)."""
    return torch.where(b.abs() > 1e-12, a / b, torch.nan)


def luma(images: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1], RGB or grey -> float64 (B, 1, H, W) in [0, 1]."""
    images = images.double()
    if images.shape[1] == 1:
        return images
    return torch.einsum("bchw,c->bhw", images, images.new_tensor(LUMA)).unsqueeze(1)


def laplacian_variance(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B,): variance over inner pixels of the 4-neighbour Laplacian."""
    rows, columns = image[..., 1:-1], image[..., 1:-1, :]
    laplacian = rows[..., :-2, :] + rows[..., 2:, :] + columns[..., :-2] + columns[..., 2:] - 4 * image[..., 1:-1, 1:-1]
    return laplacian.var((1, 2, 3), correction=0)


def sobel_magnitude(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B, 1, H - 2, W - 2): length of the Sobel gradient."""
    smooth_rows = image[..., :-2, :] + 2 * image[..., 1:-1, :] + image[..., 2:, :]
    smooth_columns = image[..., :-2] + 2 * image[..., 1:-1] + image[..., 2:]
    return torch.hypot(
        smooth_rows[..., 2:] - smooth_rows[..., :-2], smooth_columns[..., 2:, :] - smooth_columns[..., :-2, :]
    )


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """(B, ...) each -> (B,): Pearson's correlation over all but the first axis."""
    a, b = a.flatten(1), b.flatten(1)
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()


def grain(original: Tensor, reconstruction: Tensor) -> Tensor:
    """(B, 1, H, W) each -> (B,) in [0, 1]: energy of the reconstruction above half the Nyquist frequency that a
    multiple of the original's does not explain, over all its energy but the mean's. Hann window against edges."""
    height, width = original.shape[-2:]
    like = {"dtype": original.dtype, "device": original.device}
    window = torch.outer(*(torch.hann_window(n, periodic=False, **like) for n in (height, width)))
    frequency = torch.hypot(torch.fft.fftfreq(height, **like)[:, None], torch.fft.rfftfreq(width, **like)[None])
    # the half spectrum of a real image: all columns but the first and the last stand for two
    times = torch.full((width // 2 + 1,), 2.0, **like)
    times[0] = 1
    if width % 2 == 0:
        times[-1] = 1
    x, y = (torch.fft.rfft2((i - i.mean((2, 3), keepdim=True)) * window) for i in (original, reconstruction))
    energy = (y.abs().square() * times).sum((1, 2, 3))
    x, y = x * (frequency > 0.25), y * (frequency > 0.25)
    common = ((x.conj() * y).real * times).sum((1, 2, 3))
    high_x, high_y = ((i.abs().square() * times).sum((1, 2, 3)) for i in (x, y))
    return (high_y - common.square() / high_x) / energy


def block_contrast(image: Tensor) -> Tensor:
    """(B, 1, H, W) -> (B,): mean absolute difference of neighbours across borders of 4x4 blocks over that inside."""
    across, inside = [], []
    for axis in (2, 3):
        difference = image.diff(dim=axis).abs()
        border = torch.arange(1, image.shape[axis], device=image.device) % BLOCK == 0
        across.append(difference.index_select(axis, border.nonzero()[:, 0]).flatten(1))
        inside.append(difference.index_select(axis, (~border).nonzero()[:, 0]).flatten(1))
    return torch.cat(across, 1).mean(1) / torch.cat(inside, 1).mean(1)
