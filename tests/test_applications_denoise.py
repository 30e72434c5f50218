"""Restoring spoilt images, by models and by classical methods."""

import numpy as np
import pytest
import torch
from torch import nn

from autofaces.evaluation.applications import denoise


class Unchanged(nn.Module):
    """Gives back what it is given."""

    def __init__(self, low: float = 0.0, high: float = 1.0):
        super().__init__()
        self.pixel_range = (low, high)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return images


def smooth(count: int, channels: int = 3, size: int = 32) -> np.ndarray:
    """Soft gradients, uint8 (count, size, size, channels)."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] / size
    a, b = random.uniform(-0.3, 0.3, (2, count, 1, 1, channels))
    return (255 * (0.5 + a * x[..., None] + b * y[..., None])).astype(np.uint8)


@pytest.fixture(scope="module")
def measured():
    images = smooth(6)
    return denoise.measure(Unchanged(), images, images.mean(0) + 20)


def test_a_model_that_changes_nothing_gains_nothing_on_noise(measured):
    _, values, pictures = measured
    assert values["denoise_psnr_gain_db"].tolist() == [0] * 6
    assert np.array_equal(pictures["denoise_noise_spoilt"], pictures["denoise_noise_model"])


def test_the_damage_is_the_same_whatever_the_models_pixel_range(measured):
    images = smooth(6)
    _, values, pictures = denoise.measure(Unchanged(-1, 1), images, images.mean(0) + 20)
    assert list(values) == list(measured[1])
    np.testing.assert_allclose(list(values.values()), list(measured[1].values()), atol=1e-4)
    assert np.array_equal(pictures["denoise_noise_spoilt"], measured[2]["denoise_noise_spoilt"])


def test_noise_and_dropout_are_as_strong_as_they_are_said_to_be(measured):
    pictures = measured[2]
    error = pictures["denoise_noise_spoilt"] / 255 - pictures["denoise_clean"] / 255
    assert error.std() == pytest.approx(0.27, abs=0.02)  # 0.3, less what clipping takes
    assert (pictures["denoise_dropout_spoilt"] == 0).mean() == pytest.approx(0.3, abs=0.01)
    kept = pictures["denoise_dropout_spoilt"] > 0
    assert np.array_equal(pictures["denoise_dropout_spoilt"][kept], pictures["denoise_clean"][kept])


def test_classical_methods_restore_smooth_images(measured):
    values = measured[1]
    assert values["denoise_psnr_gain_db_nl_means"].mean() > 5
    assert values["denoise_psnr_gain_db_wavelet"].mean() > 5
    assert values["denoise_dropout_psnr_gain_db_inpainting"].mean() > 25


def test_an_image_has_the_gain_of_its_own_picture(measured):
    _, values, pictures = measured
    clean, spoilt, restored = (
        torch.from_numpy(pictures[f"denoise_{name}"] / 255).permute(0, 3, 1, 2)
        for name in ("clean", "noise_spoilt", "noise_nl_means")
    )
    gains = denoise.psnr(restored, clean) - denoise.psnr(spoilt, clean)
    np.testing.assert_allclose(values["denoise_psnr_gain_db_nl_means"], gains, atol=0.05)
    assert np.ptp(gains.numpy()) > 0.1


def test_grey_images_are_restored_too():
    images = smooth(3, channels=1)
    _, values, pictures = denoise.measure(Unchanged(), images, images.mean(0))
    assert values["denoise_psnr_gain_db_nl_means"].mean() > 5
    assert pictures["denoise_noise_wavelet"].shape == images.shape


def test_inpainting_keeps_what_is_known():
    image = smooth(1)[0] / np.float32(2550)  # dark, and known all the same
    holes = np.random.default_rng(0).random(image.shape) < 0.3
    filled = denoise.inpainting(np.where(holes, 0, image))
    assert np.array_equal(filled[~holes], image[~holes])
    assert abs(filled - image).max() < 0.005


def test_a_black_channel_stays_black():
    image = smooth(1)[0] / np.float32(255)
    image[..., 1] = 0
    assert np.array_equal(denoise.inpainting(image), image)


def test_psnr_is_ten_decibels_for_a_tenth_of_the_square():
    clean = torch.zeros(2, 1, 4, 4)
    spoilt = torch.stack([torch.full((1, 4, 4), 0.1), torch.full((1, 4, 4), 1.0)])
    np.testing.assert_allclose(denoise.psnr(spoilt, clean), [20, 0], atol=1e-5)
