"""Restoring spoilt images: kovenko2020, section 3.2, figures 9 and 10."""

import numpy as np
import torch
from skimage.restoration import denoise_nl_means, denoise_wavelet, estimate_sigma, inpaint_biharmonic
from torch import Tensor, nn

from autofaces.core.arrays import evenly
from autofaces.evaluation.applications.encoding import spread
from autofaces.evaluation.inference import device
from autofaces.training.likelihoods import corrupt, generator
from autofaces.training.pixels import normalise, pixels, to_unit

IMAGES = 32  # test images restored
STD = DROPOUT = 0.3  # kovenko2020: of the Gaussian noise on [0, 1], and rate of numbers set to 0
SHOWN = 6


@torch.inference_mode()
def measure(
    model: nn.Module, test: np.ndarray, mean: np.ndarray
) -> tuple[dict[str, float], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """How much nearer to the clean image a restored one is than the spoilt one, at most 32 test images.

    test: uint8 (N, H, W, C); mean: the average training image, float (H, W, C) in [0, 255].

    Metrics: denoise_images, how many. Values, (N,) each, NaN of all other images: denoise_psnr_gain_db, of Gaussian
    noise; denoise_dropout_psnr_gain_db, of numbers set to 0; over the spoilt picture as it is seen, clipped to [0, 1].
    Every method gets the same numbers, the noise not clipped:
    clipping would cost the classical ones 1 to 2 dB. With _nl_means, _wavelet, _inpainting: these, in scikit-image;
    with _mean: the average training image, which has seen nothing.
    Pictures, uint8 (K, H, W, C): denoise_clean, and of each kind of damage denoise_<kind>_spoilt, _model and _<method>.
    """
    chosen = evenly(len(test), IMAGES)
    clean = normalise(torch.from_numpy(test[chosen]), (0.0, 1.0))
    average = torch.from_numpy(np.asarray(mean, np.float32) / 255).permute(2, 0, 1).expand_as(clean)
    shown = evenly(len(chosen), SHOWN)
    values: dict[str, np.ndarray] = {}
    pictures = {"denoise_clean": pixels(clean[shown])}
    damages = {
        "noise": ({"std": STD}, 1.0, {"nl_means": nl_means, "wavelet": wavelet}),
        "dropout": ({"dropout": DROPOUT}, 1 - DROPOUT, {"inpainting": inpainting}),
    }
    for counter, (kind, (damage, scale, methods)) in enumerate(damages.items()):
        # drawn on the CPU: the same damage on every machine
        inputs = corrupt(clean, generator(torch.device("cpu"), counter), **damage)
        spoilt = inputs * scale
        restored = {"model": restore(model, inputs.to(device(model))).cpu()}
        restored |= {name: _each(method, spoilt) for name, method in methods.items()}
        name = "denoise_psnr_gain_db" if kind == "noise" else f"denoise_{kind}_psnr_gain_db"
        before = psnr(spoilt.clamp(0, 1), clean)
        for method, images in {**restored, "mean": average}.items():
            suffix = "" if method == "model" else f"_{method}"
            gain = psnr(images.clamp(0, 1), clean) - before
            values[name + suffix] = spread(gain.numpy(), chosen, len(test))
        for method, images in {"spoilt": spoilt, **restored}.items():
            pictures[f"denoise_{kind}_{method}"] = pixels(images[shown].clamp(0, 1))
    return {"denoise_images": len(chosen)}, values, pictures


def psnr(images: Tensor, clean: Tensor) -> Tensor:
    """(B, C, H, W) in [0, 1] each -> decibels (B,), float64."""
    return -10 * (images.double() - clean.double()).square().mean((1, 2, 3)).log10()


def restore(model: nn.Module, inputs: Tensor) -> Tensor:
    """What a model makes of images that count from 0 to 1, and may lie outside: (B, C, H, W) -> the same in [0, 1]."""
    low, high = model.pixel_range
    return to_unit(model(inputs * (high - low) + low), model.pixel_range)


def nl_means(image: np.ndarray) -> np.ndarray:
    """Non-local means with the settings that scikit-image advises for known noise: (H, W, C) -> the same."""
    sigma = estimate_sigma(image, channel_axis=-1, average_sigmas=True)
    settings = {"patch_size": 5, "patch_distance": 6, "fast_mode": True}
    return denoise_nl_means(image, h=0.6 * sigma, sigma=sigma, **settings, channel_axis=-1).reshape(image.shape)


def wavelet(image: np.ndarray) -> np.ndarray:
    """Wavelet shrinkage, BayesShrink (2 to 4 dB better here than VisuShrink), luma apart: (H, W, C) -> the same."""
    colour = image.shape[-1] == 3
    return denoise_wavelet(image, method="BayesShrink", convert2ycbcr=colour, rescale_sigma=True, channel_axis=-1)


def inpainting(image: np.ndarray) -> np.ndarray:
    """Numbers that are 0 are filled from their neighbours (biharmonic), a channel at a time: (H, W, C) -> the same.

    What fits dropout: denoisers take it for noise, and are left 20 dB behind.
    """
    return np.stack([inpaint_biharmonic(c, c == 0) if c.any() else c for c in np.moveaxis(image, -1, 0)], -1)


def _each(method, images: Tensor) -> Tensor:
    restored = [method(image) for image in images.permute(0, 2, 3, 1).numpy()]
    return torch.from_numpy(np.stack(restored, dtype=np.float32)).permute(0, 3, 1, 2)
