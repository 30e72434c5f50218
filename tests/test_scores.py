"""How ill images suit a model."""

import numpy as np
import pytest
import torch

from autofaces.core.params import Component
from autofaces.evaluation import inference
from autofaces.evaluation.scores import all_scores, scores
from autofaces.training import models, pixels

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), np.uint8)
KL = Component(name="mse", kl=1.0)


@pytest.fixture(scope="module")
def vae():
    torch.manual_seed(0)
    return models.build("pooling", 32, 3, 0.25, {"levels": 3, "variational": True, "code": 8}).eval()


def tensors(model) -> torch.Tensor:
    return pixels.normalise(torch.from_numpy(IMAGES), model.pixel_range)


def test_the_kl_is_that_of_torch(vae):
    mean, log_variance = (part.double() for part in vae.encode(tensors(vae)))
    code = torch.distributions.Normal(mean, (log_variance / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), 1)
    expected = torch.distributions.kl_divergence(code, prior).sum(1).detach().numpy()
    np.testing.assert_allclose(all_scores(vae, KL, IMAGES)["kl"], expected, rtol=1e-5)
    np.testing.assert_allclose(scores(vae, IMAGES), expected, rtol=1e-5)


def test_the_bound_is_what_the_objective_minimises_but_for_factor_and_constant(vae):
    found = all_scores(vae, Component(name="mse", kl=0.5), IMAGES)
    loss = found["mse"] + 0.5 / 32**2 * found["kl"]
    slope = np.diff(found["elbo"]) / np.diff(loss)
    np.testing.assert_allclose(slope, 32**2 / 0.5, rtol=1e-3)


def test_the_bound_of_an_elbo_has_its_likelihood(vae):
    with torch.no_grad():
        x, logits = tensors(vae), vae.logits(vae.encode(tensors(vae))[0])
    normal = Component(name="elbo", likelihood="gaussian", variance=0.01)
    found = all_scores(vae, normal, IMAGES)
    nats = -torch.distributions.Normal(logits.sigmoid(), 0.1).log_prob(x).flatten(1).sum(1)
    np.testing.assert_allclose(found["elbo"] - found["kl"], nats, rtol=1e-4)
    found = all_scores(vae, Component(name="elbo", likelihood="bernoulli"), IMAGES)
    nats = torch.nn.functional.binary_cross_entropy(logits.sigmoid(), x, reduction="none").flatten(1).sum(1)
    np.testing.assert_allclose(found["elbo"] - found["kl"], nats, rtol=1e-4)


def test_the_bound_of_an_optimal_variance_has_each_images_own(vae):
    found = all_scores(vae, Component(name="elbo", likelihood="gaussian", variance="optimal"), IMAGES)
    nats = 32 * 32 * 3 / 2 * (np.log(2 * np.pi * found["mse"]) + 1)
    np.testing.assert_allclose(found["elbo"] - found["kl"], nats, rtol=1e-4)


def test_nats_divided_by_the_numbers_of_an_image_are_a_bound_with_so_many_times_the_variance(vae):
    """As it is up to a constant what training minimises: the mean of squares over twice the variance, and the KL."""
    divided = Component(name="elbo", likelihood="gaussian", variance=0.1, reduction="mean")
    found = all_scores(vae, divided, IMAGES)
    loss = found["mse"] / 0.2 + found["kl"]
    np.testing.assert_allclose(np.diff(found["elbo"]), np.diff(loss), atol=2e-3)  # float32 of nats in thousands


def test_an_objective_without_kl_and_one_that_is_not_a_likelihood_are_no_bounds(vae):
    bernoulli = Component(name="elbo", likelihood="bernoulli", reduction="mean")
    for objective in (Component(name="mse"), None, bernoulli):
        assert "elbo" not in all_scores(vae, objective, IMAGES)


def test_the_error_is_in_units_of_pixels_from_0_to_1():
    torch.manual_seed(0)
    model = models.build("dcgan", 32, 3, 0.25, {"n_f": 4}).eval()
    rebuilt = inference.reconstruct(model, torch.from_numpy(IMAGES)).permute(0, 2, 3, 1).numpy()
    expected = np.square(rebuilt - IMAGES / 255).mean((1, 2, 3))
    np.testing.assert_allclose(all_scores(model, None, IMAGES)["mse"], expected, rtol=1e-4)
    np.testing.assert_allclose(scores(model, IMAGES), expected, rtol=1e-4)
