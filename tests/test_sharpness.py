"""Sharpness against its definitions, and on pictures whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d
from torchvision.transforms.v2.functional import gaussian_blur

from autofaces.evaluation.sharpness import block_contrast, detail, grain, laplacian_variance, luma, sobel_magnitude


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.manual_seed(seed))


def textured(seed: int = 0, images: int = 3) -> torch.Tensor:
    """Smooth pictures with some fine texture, (B, 3, 64, 64) in [0, 1]."""
    smooth = gaussian_blur(noise(seed, images, 3, 64, 64), [25, 25], [6.0, 6.0])
    return (0.5 + 4 * (smooth - 0.5) + 0.1 * (noise(seed + 1, images, 3, 64, 64) - 0.5)).clamp(0, 1)


def test_sobel_and_laplacian_are_their_kernels():
    image = luma(textured())
    laplacian = conv2d(image, torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).double()[None, None])
    np.testing.assert_allclose(laplacian_variance(image), laplacian.var((1, 2, 3), correction=0))
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).double()
    gradients = conv2d(image, torch.stack([kernel, kernel.T])[:, None])
    np.testing.assert_allclose(sobel_magnitude(image)[:, 0], gradients.square().sum(1).sqrt(), atol=1e-12)


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
    values = detail(x, y)
    assert ((values["grain"] >= 0) & (values["grain"] <= 1)).all()
    correlation = values["gradient_correlation"]
    assert ((correlation >= -1) & (correlation <= 1 + 1e-9)).all()
