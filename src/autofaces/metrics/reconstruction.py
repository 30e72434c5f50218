"""Errors of a reconstruction against its original. One value per image, in float64."""

from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure


def errors(originals: Tensor, reconstructions: Tensor) -> dict[str, Tensor]:
    """(B, C, H, W) in [0, 1] each -> mse, mae, psnr_db, ssim, (B,) each.

    psnr_db is 10 log10(1 / mse), infinite for a perfect copy; ssim has a Gaussian window of 11x11 and sigma 1.5
    (Wang et al. 2004).
    """
    x, y = originals.double(), reconstructions.double()
    mse = (x - y).square().mean((1, 2, 3))
    ssim = structural_similarity_index_measure(y, x, sigma=1.5, data_range=1.0, reduction="none")
    return {
        "mse": mse,
        "mae": (x - y).abs().mean((1, 2, 3)),
        "psnr_db": -10 * mse.log10(),
        "ssim": ssim,
    }
