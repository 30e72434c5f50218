"""Errors of reconstructions against their definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sharpness import noise, textured
from torchmetrics.functional.image import structural_similarity_index_measure

from autofaces.evaluation.reconstruction import errors, ssim


def test_errors_are_per_image_and_in_float64():
    x, y = textured(0), textured(2)
    values = errors(x, y) | {"ssim": ssim(x, y)}
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
    np.testing.assert_allclose(ssim(x, y), theirs, rtol=1e-9)


def test_ssim_of_an_image_with_itself_is_one_and_falls_with_noise():
    x = textured()
    same = ssim(x, x)
    a_little, a_lot = (ssim(x, (x + s * noise(5, 3, 3, 64, 64)).clamp(0, 1)) for s in (0.1, 0.5))
    assert same.numpy() == pytest.approx(1)
    assert (same > a_little).all()
    assert (a_little > a_lot).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.01, 0.5))
def test_bounded_errors_stay_in_their_bounds(seed, strength):
    x = textured(seed % 1000, images=2)
    y = (x + strength * (noise(seed, 2, 3, 64, 64) - 0.5)).clamp(0, 1)
    values = errors(x, y) | {"ssim": ssim(x, y)}
    for name in ("mse", "mae"):
        assert ((values[name] >= 0) & (values[name] <= 1)).all()
    assert ((values["ssim"] >= -1) & (values["ssim"] <= 1 + 1e-9)).all()
