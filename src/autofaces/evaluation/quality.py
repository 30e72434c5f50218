"""All that is measured of a reconstruction beside its original."""

from torch import Tensor

from autofaces.evaluation import reconstruction, sharpness
from autofaces.evaluation.inference import joined
from autofaces.evaluation.tables import Columns

AT_ONCE = 16  # images: of more, what is computed on the way no longer stays near the processor


def measure(originals: Tensor, reconstructions: Tensor, *, ssim: bool = True) -> Columns:
    """(B, C, H, W) in [0, 1] each -> every metric of reconstruction.errors and sharpness.detail, (B,) float64 each; and
    `ssim`, which takes as long as all others together."""
    parts = []
    for x, y in zip(originals.split(AT_ONCE), reconstructions.split(AT_ONCE), strict=True):
        found = reconstruction.errors(x, y)
        if ssim:
            found["ssim"] = reconstruction.ssim(x, y)
        parts.append(found | sharpness.detail(x, y))
    return joined(parts)
