"""Nats against torch.distributions and against draws; noise from counters; which numbers of a code are used."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from autofaces.training import likelihoods

CPU = torch.device("cpu")
seeds = st.integers(0, 2**32 - 1)


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def code(seed: int, dimensions: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and log-variance, (3, dimensions, 2, 1) each."""
    return tuple(2 * torch.randn(2, 3, dimensions, 2, 1, generator=source(seed), dtype=torch.float64))


@given(seeds, st.floats(1e-4, 10))
def test_gaussian_nats_are_minus_the_log_density(seed, variance):
    output, target = torch.rand(2, 3, 1, 4, 4, generator=source(seed), dtype=torch.float64)
    expected = -Normal(output, math.sqrt(variance)).log_prob(target).flatten(1).sum(1)
    torch.testing.assert_close(likelihoods.gaussian_nats(output, target, variance), expected, rtol=1e-5, atol=1e-5)


@given(seeds)
def test_a_variance_may_be_of_all_images_or_of_each(seed):
    output, target = torch.rand(2, 3, 1, 4, 4, generator=source(seed), dtype=torch.float64)
    variance = torch.rand(3, generator=source(seed + 1), dtype=torch.float64) + 0.01
    each = likelihoods.gaussian_nats(output, target, variance)
    alone = [likelihoods.gaussian_nats(output[i : i + 1], target[i : i + 1], float(variance[i])) for i in range(3)]
    torch.testing.assert_close(each, torch.cat(alone))
    torch.testing.assert_close(
        likelihoods.gaussian_nats(output, target, variance[0]),
        likelihoods.gaussian_nats(output, target, float(variance[0])),
    )


@given(seeds, st.floats(0.5, 2))
def test_the_optimal_variance_of_an_image_makes_it_likeliest(seed, factor):
    output, target = torch.rand(2, 3, 1, 4, 4, generator=source(seed), dtype=torch.float64)
    best = likelihoods.optimal_variance(output, target)
    torch.testing.assert_close(best, (output - target).square().mean((1, 2, 3)))
    nats = likelihoods.gaussian_nats(output, target, best)
    assert (nats <= likelihoods.gaussian_nats(output, target, factor * best) + 1e-9).all()
    torch.testing.assert_close(nats, 16 / 2 * ((2 * math.pi * best).log() + 1))


def test_an_optimal_variance_is_no_smaller_than_rounding_leaves():
    image = torch.rand(2, 1, 4, 4)
    assert likelihoods.optimal_variance(image, image).tolist() == pytest.approx([1 / (12 * 255**2)] * 2)
    assert likelihoods.gaussian_nats(image, image, likelihoods.optimal_variance(image, image)).isfinite().all()


class Half(torch.nn.Module):
    """Decodes any code to a grey image of (2, 2) pixels."""

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        return torch.full((len(code), 1, 2, 2), 0.5)


def test_evidence_takes_each_images_own_optimal_variance_or_that_of_all():
    images = torch.stack([torch.full((1, 2, 2), grey) for grey in (0.4, 0.8)])  # off by 0.1 and 0.3
    prior = (torch.zeros(2, 3), torch.zeros(2, 3))

    def nats(variance, **pooled) -> list[float]:
        found = likelihoods.evidence(Half(), images, prior, source(), "gaussian", variance, **pooled)
        return found["reconstruction_nats"].tolist()

    own = [2 * (math.log(2 * math.pi * v) + 1) for v in (0.01, 0.09)]
    assert nats("optimal") == pytest.approx(own, rel=1e-5)
    assert nats("optimal", pooled=True) == pytest.approx(nats(0.05), rel=1e-5)


@given(seeds, st.floats(0.1, 30))
def test_bernoulli_nats_are_minus_the_log_probability(seed, scale):
    logits = scale * torch.randn(3, 1, 4, 4, generator=source(seed), dtype=torch.float64)
    target = torch.rand(3, 1, 4, 4, generator=source(seed + 1), dtype=torch.float64)
    expected = -Bernoulli(logits=logits, validate_args=False).log_prob(target).flatten(1).sum(1)
    torch.testing.assert_close(likelihoods.bernoulli_nats(logits, target), expected, rtol=1e-5, atol=1e-5)


@given(seeds)
def test_kl_nats_are_the_divergence_from_the_prior(seed):
    mean, log_variance = code(seed)
    posterior, prior = Normal(mean, (log_variance / 2).exp()), Normal(torch.zeros_like(mean), 1)
    expected = kl_divergence(posterior, prior).flatten(1).sum(1)
    torch.testing.assert_close(likelihoods.kl_nats(mean, log_variance), expected, rtol=1e-5, atol=1e-5)


@given(seeds)
def test_kl_nats_are_never_negative_and_add_up_over_dimensions(seed):
    mean, log_variance = code(seed)
    whole = likelihoods.kl_nats(mean, log_variance)
    assert (whole >= 0).all()
    parts = [likelihoods.kl_nats(mean[:, i : i + 1], log_variance[:, i : i + 1]) for i in range(mean.shape[1])]
    torch.testing.assert_close(whole, sum(parts))


def test_the_prior_is_at_no_distance_from_itself():
    assert torch.equal(likelihoods.kl_nats(torch.zeros(2, 5), torch.zeros(2, 5)), torch.zeros(2))


def test_kl_nats_are_what_draws_say():
    mean, log_variance = (part[:1, :3, 0, 0].float() / 2 for part in code(1))
    posterior, prior = Normal(mean, (log_variance / 2).exp()), Normal(torch.zeros_like(mean), 1)
    many = likelihoods.draw(mean.expand(200_000, 3), log_variance.expand(200_000, 3), source())
    ratio = (posterior.log_prob(many) - prior.log_prob(many)).sum(1)
    error = 4 * ratio.std() / math.sqrt(len(many))
    assert likelihoods.kl_nats(mean, log_variance).item() == pytest.approx(ratio.mean().item(), abs=error.item())


def test_extreme_logits_keep_their_gradient():
    logits = torch.full((1, 1, 2, 2), 200.0, requires_grad=True)
    likelihoods.bernoulli_nats(logits, torch.zeros(1, 1, 2, 2)).sum().backward()
    assert torch.equal(logits.grad, torch.ones(1, 1, 2, 2))


@given(seeds, st.integers(0, 10**6))
def test_noise_depends_on_its_counters_alone(seed, step):
    first, again, other = (torch.rand(4, generator=likelihoods.generator(CPU, seed, s)) for s in (step, step, step + 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_draw_has_its_mean_and_variance():
    drawn = likelihoods.draw(torch.full((100_000,), 3.0), torch.full((100_000,), math.log(4.0)), source())
    assert drawn.mean().item() == pytest.approx(3, abs=0.03)
    assert drawn.var().item() == pytest.approx(4, abs=0.1)


def test_gradients_pass_through_a_draw():
    mean, log_variance = torch.zeros(5, requires_grad=True), torch.zeros(5, requires_grad=True)
    drawn = likelihoods.draw(mean, log_variance, source())
    drawn.sum().backward()
    assert torch.equal(mean.grad, torch.ones(5))
    torch.testing.assert_close(log_variance.grad, drawn.detach() / 2)  # the spread is exp(log_variance / 2)


def test_noise_has_its_standard_deviation_and_is_not_clipped():
    spoilt = likelihoods.corrupt(torch.ones(4, 3, 64, 64), source(), std=0.3)
    assert spoilt.std().item() == pytest.approx(0.3, abs=0.01)
    assert spoilt.mean().item() == pytest.approx(1, abs=0.01)
    assert spoilt.max() > 1


def test_dropout_sets_its_share_to_zero_and_keeps_the_mean():
    spoilt = likelihoods.corrupt(torch.ones(4, 3, 64, 64), source(), dropout=0.3)
    assert (spoilt == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    torch.testing.assert_close(spoilt[spoilt > 0].unique(), torch.tensor([1 / 0.7]))


def test_nothing_to_spoil_leaves_the_images():
    images = torch.rand(2, 3, 8, 8)
    assert likelihoods.corrupt(images, source()) is images


def means(*variances: float) -> torch.Tensor:
    """Codes of four images, (4, D), with these variances over the images."""
    return torch.tensor([-1.0, 1.0, -1.0, 1.0])[:, None] * torch.tensor(variances).sqrt()


def test_a_unit_is_active_from_a_variance_of_a_hundredth_on():
    assert likelihoods.active_units(means(0.0, 0.0099, 0.0101, 4.0)) == 2
    assert likelihoods.active_units(means(0.0, 0.0)) == 0


def test_a_code_may_be_a_map_and_of_half_precision():
    assert likelihoods.active_units(means(0.0, 0.02, 1.0, 1.0).reshape(4, 1, 2, 2).bfloat16()) == 3


@settings(max_examples=30)
@given(st.floats(-5, 5), st.integers(0, 10**6))
def test_where_the_means_lie_does_not_matter(shift, seed):
    code = torch.randn(20, 8, generator=torch.manual_seed(seed)) * torch.tensor([0.01, 1.0]).repeat(4)
    assert likelihoods.active_units(code + shift) == likelihoods.active_units(code) == 4
