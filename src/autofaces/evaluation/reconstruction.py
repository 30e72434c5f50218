"""Errors of a reconstruction against its original. One value per image, in float64."""

from torch import Tensor
from torch.nn.functional import pad

from autofaces.evaluation.filters import gaussian


def errors(originals: Tensor, reconstructions: Tensor) -> dict[str, Tensor]:
    """(B, C, H, W) in [0, 1] each -> mse, mae, psnr_db, (B,) each.

    psnr_db is 10 log10(1 / mse), infinite for a perfect copy.
    """
    x, y = originals.double(), reconstructions.double()
    mse = (x - y).square().mean((1, 2, 3))
    return {
        "mse": mse,
        "mae": (x - y).abs().mean((1, 2, 3)),
        "psnr_db": -10 * mse.log10(),
    }


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004), (B, C, H, W) in [0, 1] each -> (B,), mean over channels and pixels.

    The Gaussian window is of 11x11 and sigma 1.5; borders are mirrored, as in torchmetrics, whose value this is.
    """
    c1, c2 = 0.01**2, 0.03**2
    x, y = (pad(i.double(), (5, 5, 5, 5), mode="reflect") for i in (x, y))
    mean_x, mean_y, xx, yy, xy = (gaussian(i, sigma=1.5, radius=5) for i in (x, y, x * x, y * y, x * y))
    variances = (xx - mean_x.square()) + (yy - mean_y.square())
    covariance = xy - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return (similarity / ((mean_x.square() + mean_y.square() + c1) * (variances + c2))).mean((1, 2, 3))
