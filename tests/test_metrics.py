"""Metrics against their definitions, and on pictures whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d
from torchmetrics.functional.image import structural_similarity_index_measure
from torchvision.transforms.v2.functional import gaussian_blur

from autofaces.metrics.filters import gaussian
from autofaces.metrics.reconstruction import errors
from autofaces.metrics.sharpness import block_contrast, detail, grain, laplacian_variance, luma, sobel_magnitude


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.manual_seed(seed))


def textured(seed: int = 0, images: int = 3) -> torch.Tensor:
    """Smooth pictures with some fine texture, (B, 3, 64, 64) in [0, 1]."""
    smooth = gaussian_blur(noise(seed, images, 3, 64, 64), [25, 25], [6.0, 6.0])
    return (0.5 + 4 * (smooth - 0.5) + 0.1 * (noise(seed + 1, images, 3, 64, 64) - 0.5)).clamp(0, 1)


def test_errors_are_per_image_and_in_float64():
    x, y = textured(0), textured(2)
    values = errors(x, y)
    for name in ("mse", "mae", "psnr_db", "ssim"):
        assert values[name].shape == (3,)
        assert values[name].dtype == torch.float64
    difference = (x[1].double() - y[1].double()).numpy()
    assert values["mse"][1].item() == pytest.approx(np.mean(difference**2))
    assert values["mae"][1].item() == pytest.approx(np.mean(np.abs(difference)))
    assert values["psnr_db"][1].item() == pytest.approx(10 * np.log10(1 / np.mean(difference**2)))


def test_ssim_is_torchmetrics_to_rounding():
    x, y = textured(0).double(), textured(2).double()
    theirs = structural_similarity_index_measure(y, x, sigma=1.5, data_range=1.0, reduction="none")
    np.testing.assert_allclose(errors(x, y)["ssim"], theirs, rtol=1e-9)


def test_the_gaussian_is_torchvisions_away_from_the_border():
    x = textured().double()
    np.testing.assert_allclose(gaussian(x, 2.0, 6), gaussian_blur(x, [13, 13], [2.0, 2.0])[..., 6:-6, 6:-6], rtol=1e-9)


def test_sobel_and_laplacian_are_their_kernels():
    image = luma(textured())
    laplacian = conv2d(image, torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).double()[None, None])
    np.testing.assert_allclose(laplacian_variance(image), laplacian.var((1, 2, 3), correction=0))
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).double()
    gradients = conv2d(image, torch.stack([kernel, kernel.T])[:, None])
    np.testing.assert_allclose(sobel_magnitude(image)[:, 0], gradients.square().sum(1).sqrt(), atol=1e-12)


def test_ssim_of_an_image_with_itself_is_one_and_falls_with_noise():
    x = textured()
    same = errors(x, x)["ssim"]
    a_little, a_lot = (errors(x, (x + s * noise(5, 3, 3, 64, 64)).clamp(0, 1))["ssim"] for s in (0.1, 0.5))
    assert same.numpy() == pytest.approx(1)
    assert (same > a_little).all()
    assert (a_little > a_lot).all()


def test_a_perfect_copy_keeps_all_detail_and_makes_up_none():
    x = textured()
    values = {name: value.numpy() for name, value in detail(x, x).items()}
    for name in ("sharpness_ratio", "sharpness_ratio_coarse", "gradient_correlation", "blockiness"):
        assert values[name] == pytest.approx(1)
    assert values["grain"] == pytest.approx(0, abs=1e-9)


def test_a_blurred_copy_is_less_sharp_at_both_scales():
    x = textured()
    values = detail(x, gaussian_blur(x, [13, 13], [3.0, 3.0]))
    assert (values["sharpness_ratio"] < 0.1).all()
    assert (values["sharpness_ratio_coarse"] < 0.9).all()
    assert (values["gradient_correlation"] < 0.9).all()


def test_noise_on_a_blurred_copy_has_sharpness_but_grain_and_no_correlation():
    x = textured()
    blurred = gaussian_blur(x, [13, 13], [3.0, 3.0])
    plain, noisy = detail(x, blurred), detail(x, blurred + 0.1 * (noise(9, 3, 3, 64, 64) - 0.5))
    assert (noisy["sharpness_ratio"] > 5 * plain["sharpness_ratio"]).all()
    assert (noisy["grain"] > 5 * plain["grain"]).all()
    assert (noisy["gradient_correlation"] < plain["gradient_correlation"]).all()


def test_grain_is_the_unexplained_share_of_the_energy():
    x = textured(images=1).double()[:, :1]
    amplified = 0.5 + 0.3 * (x - 0.5)  # all of its high frequencies follow the original's
    assert grain(x, amplified).item() == pytest.approx(0, abs=1e-9)
    checkerboard = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).double()[None, None]
    assert grain(x, checkerboard).item() == pytest.approx(1, abs=0.02)


def test_blocks_of_four_pixels_raise_blockiness_and_blocks_elsewhere_do_not():
    x = textured()
    blocks = torch.nn.functional.interpolate(x[..., ::4, ::4], scale_factor=4)
    plain = detail(x, x)["blockiness"]
    mixed, shifted = (0.7 * x + 0.3 * b for b in (blocks, blocks.roll((2, 2), (2, 3))))
    assert (detail(x, mixed)["blockiness"] > 1.2 * plain).all()
    assert (detail(x, shifted)["blockiness"] < plain).all()


def test_block_contrast_of_a_ramp_is_one():
    ramp = torch.arange(16.0, dtype=torch.float64).expand(1, 1, 16, 16) / 16
    assert block_contrast(ramp).item() == pytest.approx(1)


def test_the_laplacian_of_a_checkerboard_is_its_textbook_value():
    board = (torch.arange(8)[:, None] + torch.arange(8)).remainder(2).double()[None, None]
    assert laplacian_variance(board).item() == pytest.approx(16)  # +-4 everywhere


def test_luma_weighs_the_channels_and_leaves_grey_alone():
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert luma(red).item() == pytest.approx(0.299)
    assert luma(torch.full((1, 1, 1, 1), 0.4)).item() == pytest.approx(0.4)


def test_a_flat_original_has_no_ratio_rather_than_a_huge_one():
    values = detail(torch.full((1, 3, 32, 32), 0.5), textured(images=1)[..., :32, :32])
    assert values["sharpness_ratio"].isnan().all()
    assert values["blockiness"].isnan().all()
    assert values["sharpness"].isfinite().all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.01, 0.5))
def test_bounded_metrics_stay_in_their_bounds(seed, strength):
    x = textured(seed % 1000, images=2)
    y = (x + strength * (noise(seed, 2, 3, 64, 64) - 0.5)).clamp(0, 1)
    values = detail(x, y) | errors(x, y)
    for name in ("grain", "mse", "mae"):
        assert ((values[name] >= 0) & (values[name] <= 1)).all()
    for name in ("gradient_correlation", "ssim"):
        assert ((values[name] >= -1) & (values[name] <= 1 + 1e-9)).all()
