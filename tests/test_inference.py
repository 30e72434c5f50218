"""What trained models make of images."""

import numpy as np
import pytest
import torch
from test_models import VARIATIONAL, make

from autofaces.evaluation import inference
from autofaces.training import pixels
from autofaces.training.layers import point


@pytest.fixture(params=["pooling", "pooling, batch norm, variational"])
def trained(request) -> torch.nn.Module:
    return make(request.param)[0].eval()


def faces(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8)


@pytest.mark.parametrize("key", VARIATIONAL)
def test_images_are_made_up_from_the_same_noise_to_the_same_bytes(key):
    model, images = make(key)
    made = [inference.draw(model.eval(), 2, torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert made[0].shape == (2, *images.permute(0, 3, 1, 2).shape[1:])
    assert 0 <= made[0].min() <= made[0].max() <= 1
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_a_code_has_the_shape_that_decode_takes(trained):
    shape = inference.code_shape(trained, faces(3))
    assert shape == getattr(trained, "code_shape", shape)
    assert inference.decode(trained, torch.zeros(2, *shape)).shape == (2, 3, 64, 64)


def test_values_of_batches_are_put_together():
    parts = [
        {"mse": torch.tensor([1.0, 2.0]), "mae": torch.tensor([0.5, 0.25])},
        {"mse": torch.ones(1), "mae": torch.ones(1)},
    ]
    joined = inference.joined(parts)
    assert {name: values.tolist() for name, values in joined.items()} == {"mse": [1, 2, 1], "mae": [0.5, 0.25, 1]}
    assert joined["mse"].dtype == np.float64


def test_codes_are_means_whatever_the_batch(trained, monkeypatch):
    whole = inference.codes(trained, faces(7))
    expected = point(trained.encode(pixels.normalise(torch.from_numpy(faces(7)), trained.pixel_range)))
    np.testing.assert_allclose(whole, expected.detach().flatten(1), atol=1e-5)
    monkeypatch.setattr(inference, "BATCH", 3)
    np.testing.assert_allclose(inference.codes(trained, faces(7)), whole, atol=1e-5)


def test_a_morph_starts_and_ends_at_the_reconstructions(trained):
    strip = inference.morph(trained, faces(2))
    ends = inference.reconstruct(trained, torch.from_numpy(faces(2)))
    assert strip.shape == (9, 3, 64, 64)
    np.testing.assert_allclose(strip[[0, -1]], ends, atol=1e-5)
