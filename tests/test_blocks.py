"""Blocks and patches on pictures whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sharpness import noise, textured
from torch.nn.functional import avg_pool2d, interpolate

from autofaces.evaluation.blocks import SIZES, block_contrast, patches, regions
from autofaces.evaluation.sharpness import detail, luma


def mosaic(images: torch.Tensor, size: int) -> torch.Tensor:
    return interpolate(avg_pool2d(images, size), scale_factor=size)


def large(seed: int = 0) -> torch.Tensor:
    """(3, 3, 128, 128) in [0, 1], as natural images with the more contrast the larger it is."""
    sizes = (4, 8, 16, 32, 64, 128)
    return sum(interpolate(noise(seed + s, 3, 3, s, s), size=128, mode="bilinear") / s for s in sizes) * 2


@pytest.mark.parametrize("size", SIZES)
def test_a_mosaic_is_seen_at_its_own_size_alone(size):
    x = large()
    values = detail(x, 0.7 * x + 0.3 * mosaic(x, size))
    for other in SIZES:
        found = values[f"blockiness_{other}"].numpy()
        if other == size:
            assert (found > 1.2).all()
        else:
            assert found == pytest.approx(1, abs=0.15)
    assert (values["blockiness"] > 1.05).all()


def test_blocks_elsewhere_are_no_blocks():
    x = textured()
    shifted = 0.7 * x + 0.3 * mosaic(x, 4).roll((2, 2), (2, 3))
    assert (detail(x, shifted)["blockiness_4"] < 0.97).all()


def test_patterns_of_two_pixels_are_no_blocks_of_four_and_do_not_hide_them():
    x = large()
    pairs = mosaic(x, 2) - x
    for pattern in (pairs, pairs.roll((1, 1), (2, 3))):  # all contrast at even places, or at odd ones
        assert detail(x, x + 0.5 * pattern)["blockiness_4"].numpy() == pytest.approx(1, abs=0.06)
        assert (detail(x, 0.7 * x + 0.3 * mosaic(x, 4) + 0.5 * pattern)["blockiness_4"] > 1.1).all()


def test_contrast_is_one_of_a_ramp_two_of_an_exact_mosaic_and_none_of_a_flat_image():
    ramp = (torch.arange(64.0, dtype=torch.float64) / 64).expand(1, 1, 64, 64)
    assert block_contrast(ramp, 4).item() == pytest.approx(1)
    assert block_contrast(mosaic(luma(textured(images=1)), 16), 16).item() == pytest.approx(2)
    assert block_contrast(torch.full((1, 1, 64, 64), 0.3), 4).isnan().all()


def test_contrast_is_of_borders_and_middles():
    image = luma(textured(images=1))[..., :16, :]
    rows, columns = np.abs(np.diff(image[0, 0], axis=0)), np.abs(np.diff(image[0, 0], axis=1))
    border = np.mean(
        [*(rows[i - 1].mean() for i in (4, 8, 12)), *(columns[:, i - 1].mean() for i in range(4, 64, 4) if i % 16)]
    )
    middle = np.mean(
        [*(rows[i - 1].mean() for i in (2, 6, 10, 14)), *(columns[:, i - 1].mean() for i in range(2, 64, 4))]
    )
    assert block_contrast(image, 4).item() == pytest.approx(2 * border / (border + middle))


def test_images_without_a_border_of_a_size_have_no_contrast_there_and_count_without_it():
    values = detail(textured(), mosaic(textured(), 4))
    assert values["blockiness_64"].isnan().all()
    np.testing.assert_allclose(values["blockiness"], (values["blockiness_4"] * values["blockiness_16"]).sqrt())


def test_patches_are_found_where_they_are():
    x = torch.full((2, 1, 64, 64), 0.5, dtype=torch.float64)
    x += 0.02 * (noise(0, 2, 1, 64, 64) - 0.5)
    x[:, :, 16:48, 16:48] += 0.5 * (noise(1, 2, 1, 32, 32) - 0.5)  # detail in the middle: a quarter of the regions
    blocks = 0.1 * (torch.arange(64) // 4 % 2 - 0.5).outer(torch.ones(64)).double()
    middle = torch.zeros(64, 64).double()
    middle[16:48, 16:48] = 1
    inside, outside = patches(x, x + blocks * middle), patches(x, x + blocks * (1 - middle))
    # rows alone step, by 0.1 at each border of 4 pixels; a step is one over detail where both point the same way
    assert inside[0].numpy() == pytest.approx(0.02, abs=0.02)
    assert (inside[0] > 10 * inside[1].abs()).all()
    assert outside[0].numpy() == pytest.approx(0, abs=1e-12)
    assert outside[1].numpy() == pytest.approx(0.05, abs=0.005)


def test_patches_are_means_over_a_quarter_of_the_regions():
    x, y = luma(large(0))[:1], luma(large(1))[:1]

    def stands_out(region):
        rows, columns = np.abs(np.diff(region, axis=0)), np.abs(np.diff(region, axis=1)).T
        both = (rows.mean(1) + columns.mean(1)) / 2  # between pixel 0 and 1, 1 and 2, ...
        return both[[3, 7, 11]].mean() - both[[1, 5, 9, 13]].mean()

    pairs = zip(regions(x)[0].numpy(), regions(y)[0].numpy(), strict=True)
    more = [(a.std(), stands_out(b) - stands_out(a)) for a, b in pairs]
    ranked = [value for _, value in sorted(more)]
    expected = np.mean(ranked[-16:]), np.mean(ranked[:16])
    assert [value.item() for value in patches(x, y)] == pytest.approx(expected)


def test_regions_are_the_image_in_squares():
    image = torch.arange(2 * 40 * 50.0).view(2, 1, 40, 50)
    found = regions(image)
    assert found.shape == (2, 6, 16, 16)
    assert (found[1, 4] == image[1, 0, 16:32, 16:32]).all()


def test_an_image_smaller_than_a_region_has_no_patches():
    assert all(value.isnan().all() for value in patches(*torch.zeros(2, 3, 1, 15, 64)))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(SIZES))
def test_contrast_stays_in_its_bounds(seed, size):
    found = block_contrast(noise(seed, 2, 1, 128, 128).double() ** 5, size)
    assert ((found >= 0) & (found <= 2)).all()
