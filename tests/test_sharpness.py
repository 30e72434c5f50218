"""Sharpness, grain and colour against their definitions, and on pictures whose answer is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d
from torchvision.transforms.v2.functional import gaussian_blur

from autofaces.evaluation.filters import mirrored, octaves
from autofaces.evaluation.sharpness import colour, detail, grain, laplacian_variance, luma, sobel_magnitude

GRAINS = ("grain_2_4", "grain_4_8", "grain_8_16")
SEEDS = st.integers(0, 10**6)


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.manual_seed(seed))


def textured(seed: int = 0, images: int = 3) -> torch.Tensor:
    """Smooth pictures with some fine texture, (B, 3, 64, 64) in [0, 1]."""
    smooth = gaussian_blur(noise(seed, images, 3, 64, 64), [25, 25], [6.0, 6.0])
    return (0.5 + 4 * (smooth - 0.5) + 0.1 * (noise(seed + 1, images, 3, 64, 64) - 0.5)).clamp(0, 1)


def faded(images: torch.Tensor) -> torch.Tensor:
    """Images that fade to grey well before their borders, so that a shift brings nothing new into them."""
    fade = torch.hann_window(images.shape[-1] - 16, periodic=False).outer(torch.hann_window(images.shape[-1] - 16))
    return 0.5 + (images - 0.5) * torch.nn.functional.pad(fade, (8, 8, 8, 8))


def octave_noise(seed: int, octave: int, *shape: int) -> torch.Tensor:
    """Gaussian noise of one octave, of variance 1: float64, of the shape."""
    part = octaves(torch.randn(*shape, generator=torch.manual_seed(seed), dtype=torch.float64))[octave]
    return part / part.std()


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
    assert values.pop("blockiness_64") == pytest.approx(math.nan, nan_ok=True)  # no border of 64 in 64 pixels
    for name in ("sharpness_ratio", "sharpness_ratio_coarse", "gradient_correlation"):
        assert values.pop(name) == pytest.approx(1)
    assert values.pop("sharpness").min() > 0
    for name, value in values.items():
        assert (value == name.startswith("blockiness")).all(), name


def test_values_are_of_each_image_and_in_float64_in_their_order():
    x, y = textured(0), textured(2)
    values = detail(x, y)
    assert all(value.shape == (3,) and value.dtype == torch.float64 for value in values.values())
    for name, value in detail(x[1:2], y[1:2]).items():
        np.testing.assert_allclose(value, values[name][1:2], rtol=1e-9, atol=1e-12, err_msg=name)
    first = ["sharpness", "sharpness_ratio", "sharpness_ratio_coarse", "gradient_correlation", "grain", *GRAINS]
    blocks = ["blockiness", "blockiness_4", "blockiness_16", "blockiness_64", "patches_detailed", "patches_flat"]
    assert list(values) == [*first, *blocks, "colour_error", "colour_patches"]


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


def test_noise_of_an_octave_is_grain_of_that_octave_alone_in_proportion_to_its_energy():
    x = gaussian_blur(noise(0, 2, 1, 128, 128).double(), [51, 51], [12.0, 12.0])
    for octave, name in enumerate(GRAINS):
        made_up = 0.01 * octave_noise(1, octave, 2, 1, 128, 128)
        for strength in (1, 2):
            y = x + strength * made_up
            share = (strength * made_up).square().mean((1, 2, 3)) / y.var((1, 2, 3), correction=0)
            values = grain(x, y)
            np.testing.assert_allclose(values.pop(name), share, rtol=0.05)
            assert all((value < 0.02 * share).all() for value in values.values())


def test_detail_out_of_place_is_hardly_grain_but_as_much_made_up_is():
    x = faded(textured()).double()
    parts = [part[:, :1] for part in octaves(x)]
    energy = luma(x).var((1, 2, 3), correction=0)
    for octave, (name, part) in enumerate(zip(GRAINS, parts, strict=True)):
        share = part.square().mean((1, 2, 3)) / energy
        made_up = part.square().mean().sqrt() * octave_noise(3, octave, 3, 1, 64, 64)
        assert (grain(luma(x), luma(x) + made_up)[name] > 0.5 * share).all()
        for shift in (1, 2, 3):
            assert (grain(luma(x), luma(x.roll((shift, shift), (2, 3))))[name] < 0.3 * share).all()


def test_grain_counts_where_it_is_and_not_what_lacks_elsewhere():
    x = textured(images=1).double()[:, :1]
    y = gaussian_blur(x, [13, 13], [3.0, 3.0])
    assert sum(grain(x, y).values()).item() == pytest.approx(0, abs=1e-3)
    smooth = x.clone()
    smooth[..., :32] = y[..., :32]
    swapped = smooth.flip(3)  # texture as much as in the original, on the side where it has none
    assert grain(smooth, swapped)["grain_2_4"] > 0.5 * grain(torch.full_like(x, 0.5), swapped)["grain_2_4"]


def test_all_of_a_checkerboard_is_fine_grain_where_the_original_is_flat():
    checkerboard = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).double()[None, None]
    values = grain(torch.full_like(checkerboard, 0.5), checkerboard)
    assert [values[name].item() for name in GRAINS] == pytest.approx([1, 0, 0], abs=1e-3)


def test_the_laplacian_of_a_checkerboard_is_its_textbook_value():
    board = (torch.arange(8)[:, None] + torch.arange(8)).remainder(2).double()[None, None]
    assert laplacian_variance(board).item() == pytest.approx(16)  # +-4 everywhere


def test_luma_weighs_the_channels_and_leaves_grey_alone():
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert luma(red).item() == pytest.approx(0.299)
    assert luma(torch.full((1, 1, 1, 1), 0.4)).item() == pytest.approx(0.4)


def test_a_flat_original_has_no_ratio_rather_than_a_huge_one():
    values = detail(torch.full((1, 3, 32, 32), 0.5), textured(images=1)[..., :32, :32])
    for name in ("sharpness_ratio", "sharpness_ratio_coarse", "gradient_correlation", "blockiness", "blockiness_4"):
        assert values[name].isnan().all(), name
    for name in ("sharpness", "grain", *GRAINS, "patches_detailed", "patches_flat", "colour_error", "colour_patches"):
        assert values[name].isfinite().all(), name


def test_a_collapsed_reconstruction_is_measured_and_what_it_has_not_is_nan():
    values = detail(textured(), torch.full((3, 3, 64, 64), 0.3))
    for name in ("sharpness", "sharpness_ratio", "sharpness_ratio_coarse"):
        assert values[name].numpy() == pytest.approx(0, abs=1e-20), name
    for name in ("gradient_correlation", "grain", *GRAINS, "blockiness", "blockiness_4", "blockiness_16"):
        assert values[name].isnan().all(), name
    for name in ("patches_detailed", "patches_flat", "colour_error", "colour_patches"):
        assert values[name].isfinite().all(), name


def test_colour_error_is_the_chroma_of_a_cast():
    x = textured().double()
    red = torch.tensor([0.1, 0.0, 0.0], dtype=torch.float64).view(3, 1, 1)
    # ITU-R BT.601: 0.1 of red is Cb = -0.0169 and Cr = 0.05
    assert colour(x, x + red)["colour_error"].numpy() == pytest.approx(math.hypot(0.1 * 0.299 / 1.772, 0.05), rel=1e-9)
    assert colour(x, x + 0.1)["colour_error"].numpy() == pytest.approx(0, abs=1e-12)


def test_blotches_are_colour_error_and_fine_colour_noise_is_hardly_any():
    x = textured().double()
    fine = torch.randn(3, 3, 64, 64, generator=torch.manual_seed(4), dtype=torch.float64)
    blotches = gaussian_blur(fine, [63, 63], [10.0, 10.0])
    of_blotches, of_fine = (colour(x, x + 0.1 * i / i.std())["colour_error"] for i in (blotches, fine))
    assert (of_blotches > 8 * of_fine).all()
    # as much again for twice the cast
    np.testing.assert_allclose(colour(x, x + 0.2 * blotches / blotches.std())["colour_error"], 2 * of_blotches)


def test_made_up_colours_are_patches_and_faded_ones_are_not():
    random = torch.Generator().manual_seed(0)
    x = mirrored(torch.rand((4, 3, 64, 64), generator=random, dtype=torch.float64) - 0.5, 6.0)
    x = 0.5 + 0.1 * x / x.std()
    faded = luma(x).expand_as(x)
    values = colour(x, faded)
    assert (values["colour_error"] > 0.01).all()
    assert (values["colour_patches"] == 0).all()
    assert (colour(faded, x)["colour_patches"] > 0.01).all()
    assert (colour(x, 1.5 * x)["colour_patches"] > colour(x, 1.2 * x)["colour_patches"]).all()


def test_grey_images_have_no_colour_error():
    x = textured()[:, :1]
    values = detail(x, x)
    for name in ("colour_error", "colour_patches"):
        assert values[name].isnan().all()


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.floats(0.01, 0.5))
def test_bounded_metrics_stay_in_their_bounds(seed, strength):
    x = textured(seed % 1000, images=2)
    values = detail(x, (x + strength * (noise(seed, 2, 3, 64, 64) - 0.5)).clamp(0, 1))
    for name in ("grain", *GRAINS):
        assert ((values[name] >= 0) & (values[name] <= 1)).all(), name
    correlation = values["gradient_correlation"]
    assert ((correlation >= -1) & (correlation <= 1 + 1e-9)).all()
    np.testing.assert_allclose(values["grain"], sum(values[name] for name in GRAINS))
    np.testing.assert_allclose(values["blockiness"] ** 2, values["blockiness_4"] * values["blockiness_16"])


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.sampled_from([lambda i: i.flip(2), lambda i: i.flip(3), lambda i: i.mT, lambda i: i.rot90(1, (2, 3))]))
def test_mirror_images_and_transposed_ones_have_the_same_values(seed, turned):
    x, y = textured(seed % 1000, images=2), textured(seed % 1000 + 1, images=2)
    values = detail(x, y)
    for name, value in detail(turned(x), turned(y)).items():
        np.testing.assert_allclose(value, values[name], rtol=1e-6, atol=1e-9, err_msg=name)


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.floats(0.1, 1), st.floats(0, 0.5))
def test_contrast_and_brightness_of_both_change_only_what_is_no_ratio(seed, contrast, brightness):
    x, y = textured(seed % 1000, images=2).double(), textured(seed % 1000 + 1, images=2).double()
    values = detail(x, y)
    power = {"sharpness": 2, "patches_detailed": 1, "patches_flat": 1, "colour_error": 1, "colour_patches": 1}
    for name, value in detail(contrast * x + brightness, contrast * y + brightness).items():
        expected = values[name] * contrast ** power.get(name, 0)
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-9, err_msg=name)
