"""From pixels to numbers and back."""

import numpy as np
import torch

from autofaces.training import pixels

IMAGES = torch.randint(256, (4, 128, 128, 3), dtype=torch.uint8, generator=torch.manual_seed(1))


def test_pixels_survive_the_way_into_a_models_range_and_back():
    for pixel_range in ((0.0, 1.0), (-1.0, 1.0)):
        inside = pixels.normalise(IMAGES, pixel_range)
        assert inside.is_contiguous(memory_format=torch.channels_last)
        back = (pixels.to_unit(inside, pixel_range) * 255).round().byte().permute(0, 2, 3, 1)
        assert torch.equal(back, IMAGES)


def test_pixels_are_those_that_were_normalised():
    assert np.array_equal(pixels.pixels(pixels.normalise(IMAGES, (0.0, 1.0))), IMAGES)
