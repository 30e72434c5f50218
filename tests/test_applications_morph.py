"""Morphs between faces."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autofaces.evaluation.applications import morph
from autofaces.training import models, pixels

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), np.uint8)


def ramp(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 4)


def test_equal_steps_are_smooth_and_one_jump_is_not():
    assert morph.smoothness(ramp(np.linspace(0.2, 0.9, 9))) == pytest.approx(1, abs=1e-5)
    assert morph.smoothness(ramp([0.0] * 4 + [1.0] * 5)) == pytest.approx(8)
    assert morph.smoothness(ramp([0.5] * 9)) == 1


@given(st.lists(st.floats(0, 1), min_size=9, max_size=9))
def test_smoothness_lies_between_one_and_the_number_of_steps(values):
    assert 1 - 1e-9 <= morph.smoothness(ramp(values)) <= 8 + 1e-9


def test_a_blend_of_unlike_images_loses_half_of_the_laplacian():
    noise = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    strip = torch.cat([noise[:1], noise.mean(0, keepdim=True), noise[1:]])
    assert morph.middle(strip) == pytest.approx(0.5, abs=0.05)
    assert morph.middle(torch.full_like(strip, 0.5)) == 1  # flat as the ends are


def test_a_linear_model_morphs_as_pixels_blend():
    torch.manual_seed(0)
    model = models.build("pca", 32, 3, 1.0, {"code": 4})
    calm = (96 + IMAGES // 4).astype(np.uint8)
    model.fit(lambda: [pixels.normalise(torch.from_numpy(calm), (0.0, 1.0))])
    metrics, pictures = morph.measure(model, calm)
    assert metrics["morph_smoothness"] == pytest.approx(1, abs=1e-3)
    assert metrics["morph_sharpness"] == pytest.approx(metrics["morph_sharpness_blend"], abs=1e-3)
    difference = pictures["morph_strips"].astype(int) - pictures["morph_blends"]
    assert abs(difference).max() <= 1
    assert pictures["morph_strips"].shape == (3, 9, 32, 32, 3)
    assert np.array_equal(pictures["morph_ends"][0], calm[[0, 5]])
