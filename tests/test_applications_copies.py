"""Whether samples are copies of training images."""

import numpy as np
import pytest
import torch
from torch import nn

from autofaces.evaluation.applications import copies

RANDOM = np.random.default_rng(0)
TRAIN = RANDOM.integers(0, 256, (40, 8, 8, 3), np.uint8)
TEST = RANDOM.integers(0, 256, (20, 8, 8, 3), np.uint8)


class Memory(nn.Module):
    """A variational model that gives back one of the images it remembers, whatever its code."""

    pixel_range = (0.0, 1.0)
    code_shape = (4,)

    def __init__(self, images: np.ndarray):
        super().__init__()
        self.images = nn.Parameter(torch.from_numpy(images / np.float32(255)).permute(0, 3, 1, 2))

    def encode(self, images):
        mean = images.flatten(1)[:, :4]
        return mean, torch.zeros_like(mean)

    def decode(self, code):
        return self.images[(code.abs().sum(1) * 1000).long() % len(self.images)]

    def forward(self, images):
        return images


def test_a_model_that_gives_back_training_images_is_found_out():
    metrics, pictures = copies.measure(Memory(TRAIN), TRAIN, TEST)
    assert metrics["copies_distance"] == metrics["copies_ratio"] == 0
    assert np.array_equal(pictures["copies_samples"], pictures["copies_nearest"])


def test_samples_as_far_from_training_images_as_test_images_are_no_copies():
    others = RANDOM.integers(0, 256, (60, 8, 8, 3), np.uint8)
    metrics, _ = copies.measure(Memory(others), TRAIN, TEST)
    assert metrics["copies_ratio"] == pytest.approx(1, abs=0.05)
    assert metrics["copies_ratio"] == metrics["copies_ratio_originals"]  # this model reconstructs perfectly


def test_the_nearest_training_image_is_found_whatever_the_blocks(monkeypatch):
    monkeypatch.setattr(copies, "BLOCK", 7)
    images = np.concatenate([TEST, TRAIN[[0, 6, 7, 39]]])
    index, distance = copies.nearest(images, TRAIN)
    squares = np.square(images[:, None] / 255 - TRAIN[None] / 255).mean((2, 3, 4))
    assert np.array_equal(index, squares.argmin(1))
    np.testing.assert_allclose(distance, np.sqrt(squares.min(1)), atol=1e-6)
    assert (distance[-4:] == 0).all()
