"""Smoothing."""

import numpy as np
from test_sharpness import textured
from torchvision.transforms.v2.functional import gaussian_blur

from autofaces.evaluation.filters import gaussian


def test_the_gaussian_is_torchvisions_away_from_the_border():
    x = textured().double()
    np.testing.assert_allclose(gaussian(x, 2.0, 6), gaussian_blur(x, [13, 13], [2.0, 2.0])[..., 6:-6, 6:-6], rtol=1e-9)
