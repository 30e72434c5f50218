"""Metrics of made-up images, against their definitions and on sets whose order is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve, gaussian_filter
from scipy.spatial.distance import pdist
from scipy.stats import wasserstein_distance

from autofaces.evaluation import generation


def pictures(seed: int, count: int = 40, size: int = 32, channels: int = 3) -> np.ndarray:
    """Blobs before a light of their own, with some texture: uint8 (count, size, size, channels)."""
    random = np.random.default_rng(seed)
    shape = (count, size, size, channels)
    blobs = gaussian_filter(random.standard_normal(shape), (0, size / 16, size / 16, 0))
    texture = random.standard_normal(shape) * (blobs > 0)
    light = random.uniform(-10, 10, (count, 1, 1, channels))
    return (128 + light + 40 * blobs / blobs.std() + 15 * texture).clip(0, 255).astype(np.uint8)


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    return gaussian_filter(images.astype(float), (0, sigma, sigma, 0)).round().astype(np.uint8)


def static(like: np.ndarray) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, like.shape, dtype=np.uint8)


def all_the_mean(images: np.ndarray) -> np.ndarray:
    return np.repeat(images.mean(0, keepdims=True).astype(np.uint8), len(images), axis=0)


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_swd_is_nothing_between_a_set_and_itself_and_the_same_both_ways(size, channels):
    a, b = (pictures(seed, 6, size, channels) for seed in (0, 1))
    assert generation.swd(a, a) == 0
    assert generation.swd(a, b) > 1
    assert generation.swd(a, b) == generation.swd(b, a) == generation.swd(a, b)


def test_swd_is_least_between_sets_of_one_kind():
    a, b = pictures(0), pictures(1)
    alike = generation.swd(a, b)
    for other in (blurred(b, 2.0), static(b), all_the_mean(b), np.repeat(b[:1], len(b), axis=0)):
        assert generation.swd(a, other) > 1.3 * alike


def test_swd_grows_with_blur():
    a, b = pictures(0), pictures(1)
    distances = [generation.swd(a, blurred(b, sigma)) for sigma in (0.5, 1.0, 2.0)]
    assert generation.swd(a, b) < distances[0] < distances[1] < distances[2]


def test_swd_sees_the_finest_and_the_coarsest_scale():
    a = pictures(0).clip(60, 195)
    board = 10 * (-1) ** np.add.outer(np.arange(32), np.arange(32))  # vanishes when halved
    light = 50 * (-1) ** np.arange(len(a))  # whole images brighter or darker: what finer levels leave
    for change in (board[:, :, None], light[:, None, None, None]):
        assert generation.swd(a, (a + change).astype(np.uint8)) > 50


def test_swd_does_not_see_contrast():
    a = pictures(0)
    faint = (128 + (a.astype(float) - 128) / 2).round().astype(np.uint8)
    assert generation.swd(a, faint) < 0.25 * generation.swd(a, pictures(1))


def test_swd_refuses_sets_of_different_size():
    a = pictures(0, 6)
    with pytest.raises(ValueError, match=r"swd: sets of one size and shape, not \(5, 32, 32, 3\) and \(6, 32, 32, 3\)"):
        generation.swd(a[:5], a)


def test_parts_of_several_sets_are_compared_with_the_same_part_of_the_images():
    images, one, other = (pictures(seed, 12) for seed in (0, 1, 2))
    parts = [slice(None), slice(0, 5), slice(5, 12)]
    found = generation.swds([one, other, images], images, parts)
    assert found.shape == (3, 3)
    assert found[0, 0] == generation.swd(one, images)
    assert found[1, 0] == generation.swd(other, images)
    assert (found[2] == 0).all()
    mixed = np.concatenate([images[:5], one[5:]])
    of_mixed = generation.swds([mixed], images, parts)[0]
    assert of_mixed[1] == 0
    assert of_mixed[2] == found[0, 2]


def test_flat_images_are_far_from_any_and_not_from_each_other():
    a = pictures(0, 6)
    grey = np.full_like(a, 77)
    assert generation.swd(grey, np.full_like(a, 200)) == pytest.approx(0, abs=1)
    assert generation.swd(grey, a) > generation.swd(static(a), a)


@pytest.mark.parametrize(("size", "levels"), [(32, 2), (64, 3), (128, 4)])
def test_the_pyramid_is_burt_and_adelsons_down_to_16_pixels(size, levels):
    images = pictures(0, 2, size)
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    x = images.transpose(0, 3, 1, 2).astype(float)
    for level in range(levels):
        small = convolve(x, kernel[None, None], mode="mirror")[:, :, ::2, ::2]
        up = np.zeros_like(x)
        up[:, :, ::2, ::2] = small
        expected = x if level == levels - 1 else x - convolve(up, 4 * kernel[None, None], mode="mirror")
        np.testing.assert_allclose(generation.band(images, level), expected, atol=1e-3)
        assert expected.shape[-1] == size >> level
        x = small


def test_patches_are_windows_of_their_level_with_each_channel_at_mean_0_and_spread_1(monkeypatch):
    images = pictures(0, 5)
    corners = np.random.default_rng(0).integers(0, 16 - 7 + 1, (2, 5, 3))
    band = generation.band(images, 1)
    cut = [[band[i, :, y : y + 7, x : x + 7] for y, x in corners[:, i].T] for i in range(5)]
    expected = np.array(cut).reshape(15, 3, 7, 7)
    expected -= expected.mean((0, 2, 3), keepdims=True)
    expected /= expected.std((0, 2, 3), keepdims=True)
    for batch in (2, 32):
        monkeypatch.setattr(generation, "BATCH", batch)
        found = generation.standardised(generation.patches(images, 1, corners))
        np.testing.assert_allclose(found, expected.reshape(15, -1), rtol=1e-3, atol=1e-4)


@given(st.integers(0, 10**6), st.integers(1, 30), st.floats(-3, 3))
def test_the_distance_of_projections_is_scipys(seed, count, shift):
    random = np.random.default_rng(seed)
    a, b = random.standard_normal((2, count, 5))
    b += shift
    directions = random.standard_normal((4, 5))
    expected = np.mean([wasserstein_distance(a @ d, b @ d) for d in directions])
    assert generation._distances([a, b, a], [directions[:3], directions[3:]])[1] == 0
    assert generation._distances([a, b], [directions[:2], directions[2:]]) == pytest.approx(expected)


def test_the_floor_is_between_every_other_image_and_the_rest():
    images = pictures(0, 41)
    floor = generation.swd_floor(images)
    assert floor == generation.swd(images[:40:2], images[1:40:2])
    assert generation.swd(pictures(1), images[:40]) < floor  # of twice as many
    assert generation.swd_floor(images[:2]) > 0
    assert math.isnan(generation.swd_floor(images[:1]))


def test_blurred_images_are_less_sharp_and_static_is_sharp_at_the_finest_scale_alone():
    a = pictures(0)
    plain, coarse = generation.sharpness(a).values()
    blurry = generation.sharpness(blurred(a, 1.0))
    assert (blurry[""] < 0.3 * plain).all()
    noisy = generation.sharpness(static(a))
    assert (noisy[""] > 5 * plain).all()
    assert noisy["_coarse"].mean() / coarse.mean() < 0.2 * noisy[""].mean() / plain.mean()
    assert not any(values.any() for values in generation.sharpness(np.full_like(a, 9)).values())


def test_diversity_is_one_for_as_different_images_and_nothing_for_all_the_same():
    a, b = pictures(0), pictures(1)
    assert generation.diversity(a, a) == 1
    assert generation.diversity(b, a) == pytest.approx(1, abs=0.1)
    assert generation.diversity(all_the_mean(a), a) == 0
    halved = (a // 2 + 64).astype(np.uint8)
    assert generation.diversity(halved, a) == pytest.approx(0.5, abs=0.01)
    assert math.isnan(generation.diversity(a[:1], a))
    assert math.isnan(generation.diversity(a, all_the_mean(a)))


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([1, 3]))
def test_the_mean_squared_distance_is_that_of_all_pairs(seed, count, channels):
    images = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, channels), dtype=np.uint8)
    pairs = pdist(images.reshape(count, -1).astype(float), "sqeuclidean")
    assert generation.mean_squared_distance(images) == pytest.approx(pairs.mean())
