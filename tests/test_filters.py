"""Smoothing, and octaves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from test_sharpness import noise, textured
from torchvision.transforms.v2.functional import gaussian_blur

from autofaces.evaluation.filters import gaussian, mirrored, octaves


def test_the_gaussian_is_torchvisions_away_from_the_border():
    x = textured().double()
    np.testing.assert_allclose(gaussian(x, 2.0, 6), gaussian_blur(x, [13, 13], [2.0, 2.0])[..., 6:-6, 6:-6], rtol=1e-9)


@pytest.mark.parametrize("sigma", [2.0, 8.0])
def test_with_mirrored_borders_the_gaussian_is_scipys(sigma):
    x = textured().double()[..., :48]
    expected = gaussian_filter1d(x.numpy(), sigma, axis=2, mode="reflect", truncate=8)
    expected = gaussian_filter1d(expected, sigma, axis=3, mode="reflect", truncate=8)
    np.testing.assert_allclose(mirrored(x, sigma), expected, atol=1e-7)
    np.testing.assert_allclose(mirrored(x, sigma).mean((2, 3)), x.mean((2, 3)))


@pytest.mark.parametrize(("period", "octave"), [(2.5, 0), (3.5, 0), (4.5, 1), (7, 1), (9, 2), (14, 2)])
def test_a_wave_is_in_the_octave_of_its_period(period, octave):
    cycles = round(128 / period)  # whole half waves: what is cut off at the border is mirrored
    wave = torch.cos(2 * torch.pi * cycles * (torch.arange(128).double() + 0.5) / 128).expand(1, 1, 128, 128)
    for turned in (wave, wave.mT):
        for number, part in enumerate(octaves(turned)):
            np.testing.assert_allclose(part, turned if number == octave else 0, atol=1e-9)


def test_waves_along_diagonals_count_by_their_own_period():
    place = torch.arange(64).double() + 0.5
    wave = torch.cos(2 * torch.pi * 0.2 * (place[:, None] + place))[None, None]  # 5 pixels along each axis, 3.5 across
    energies = [part.square().sum().item() for part in octaves(wave)]
    assert energies[0] > 0.9 * sum(energies)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(8, 70), st.integers(8, 70))
def test_octaves_and_what_is_left_add_up_in_values_and_in_energies(seed, height, width):
    x = noise(seed, 2, 1, height, width).double()
    parts = octaves(x)
    parts.append(x - sum(parts))
    np.testing.assert_allclose(sum(part.square().sum() for part in parts), x.square().sum())
    np.testing.assert_allclose(parts[-1].mean((2, 3)), x.mean((2, 3)))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
def test_octaves_and_smoothing_are_linear(seed):
    x, y = noise(seed, 2, 1, 48, 64).double(), noise(seed + 1, 2, 1, 48, 64).double()
    for a, b, both in zip(octaves(x), octaves(y), octaves(2 * x + y), strict=True):
        np.testing.assert_allclose(both, 2 * a + b, atol=1e-12)
    np.testing.assert_allclose(mirrored(2 * x + y, 3.0), 2 * mirrored(x, 3.0) + mirrored(y, 3.0), atol=1e-12)
