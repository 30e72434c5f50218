"""Losses against what their papers say."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import l1_loss, mse_loss

from autofaces.core import files
from autofaces.training import likelihoods, models, objectives


def ladder(**arguments) -> torch.nn.Module:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return models.build("ladder", 32, 3, 0.5, {"levels": 5, **arguments}).double()


def pooling(**arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build("pooling", 32, 3, 1.0, {"base": 2, "code": 6, **arguments})


def context(epoch: float = 0.0) -> objectives.Context:
    """When, and the same noise each time."""
    return objectives.Context(epoch, torch.Generator().manual_seed(2))


def faces() -> torch.Tensor:
    return torch.rand(4, 3, 32, 32, dtype=torch.float64, generator=torch.manual_seed(1))


def test_mse_is_the_mean_over_images_channels_and_pixels():
    model, images = ladder(), faces()
    loss, terms = objectives.mse(model, images, context())
    torch.testing.assert_close(loss.double(), (model(images) - images).square().mean(), rtol=1e-5, atol=0)
    assert terms == {}


def test_mae_is_the_mean_absolute_error():
    model, images = ladder(), faces()
    loss, _ = objectives.mae(model, images, context())
    torch.testing.assert_close(loss.double(), (model(images) - images).abs().mean(), rtol=1e-5, atol=0)


@pytest.mark.parametrize(("objective", "error"), [(objectives.mse, mse_loss), (objectives.mae, l1_loss)])
def test_a_denoising_objective_spoils_the_input_and_keeps_the_target(objective, error):
    model, images = pooling(), faces().float()
    loss, _ = objective(model, images, context(), noise=0.3)
    spoilt = likelihoods.corrupt(images, context().noise, std=0.3)
    torch.testing.assert_close(loss, error(model(spoilt), images), rtol=1e-5, atol=0)
    dropped, _ = objective(model, images, context(), dropout=0.3)
    spoilt = likelihoods.corrupt(images, context().noise, dropout=0.3)
    torch.testing.assert_close(dropped, error(model(spoilt), images), rtol=1e-5, atol=0)


def test_noise_is_meant_on_the_unit_range():
    model = models.build("dcgan", 32, 3, 1.0, {"n_f": 2}).double().eval()
    images = faces() * 2 - 1
    loss, _ = objectives.mse(model, images, context(), noise=0.3)
    spoilt = likelihoods.corrupt(images, context().noise, std=0.6)
    torch.testing.assert_close(loss.double(), mse_loss(model(spoilt), images), rtol=1e-5, atol=0)


def test_rays_variational_loss_is_the_error_and_kl_over_the_pixels():
    model, images = ladder(latent="gaussian").float(), faces().float()
    loss, terms = objectives.mse(model, images, context(), kl=1.0)
    mean, log_variance = model.encode(images)
    drawn = likelihoods.draw(mean, log_variance, context().noise)
    kl = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum((1, 2, 3)).mean()
    expected = mse_loss(model.decode(drawn), images) + kl / (32 * 32)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(terms["kl_nats"], kl.detach(), rtol=1e-5, atol=1e-5)


def test_only_the_deepest_level_of_the_recursive_training_is_variational():
    model, images = ladder(latent="gaussian").float(), faces().float()
    loss, terms = objectives.layerwise(model, images, context(), kl=1.0)
    levels = [term for name, term in terms.items() if name.startswith("level_")]
    torch.testing.assert_close(loss.detach(), sum(levels) + terms["kl_nats"] / (32 * 32))
    other = objectives.layerwise(model, images, objectives.Context(0.0, torch.Generator().manual_seed(3)))[1]
    same = [other[f"level_{i}"] == terms[f"level_{i}"] for i in range(1, 6)]
    assert same == [True, True, True, True, False]
    loss.backward()
    shallow = ladder(latent="gaussian").float()
    objectives.layerwise(shallow, images, context())[0].backward()
    assert all(
        torch.equal(p.grad, q.grad)
        for p, q in zip(model.encoder[3].parameters(), shallow.encoder[3].parameters(), strict=True)
    )
    assert not torch.equal(model.latent.mean.weight.grad, shallow.latent.mean.weight.grad)


@pytest.mark.parametrize(
    "arguments",
    [
        {"norm": "batch"},
        {"norm": "batch", "targets": "normalised"},
        {"norm": "shared"},
        {"norm": "shared", "activation": "relu"},
        {"latent": "gaussian"},
    ],
)
@pytest.mark.parametrize("objective", [objectives.mse, objectives.layerwise])
def test_every_parameter_of_every_ladder_is_trained(objective, arguments):
    model = ladder(**arguments).float()
    objective(model, faces().float(), context())[0].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_weighted_objective_is_the_sum_over_levels_of_one_pass():
    model, images = ladder(), faces()
    loss, terms = objectives.weighted(model, images, context(), decay=0.5)
    torch.testing.assert_close(terms["level_1"].double(), mse_loss(model(images), images), rtol=1e-5, atol=0)
    torch.testing.assert_close(loss.detach(), sum(0.5 ** (i - 1) * terms[f"level_{i}"] for i in range(1, 6)))
    third = model.decoder[3](model.decoder[4](model.encode(images)))
    torch.testing.assert_close(terms["level_4"].double(), mse_loss(third, model.encode(images, 3)), rtol=1e-5, atol=0)


def test_activations_are_targets_without_a_gradient():
    model, images = ladder(), faces()
    objectives.weighted(model, images, context(), decay=1.0)[0].backward()
    trained = model.encoder[0][0].weight.grad.clone()
    model.zero_grad()
    outputs = [output for _, output in model.chain(images)]
    targets = [model.encode(images, i).detach() for i in (4, 3, 2, 1, 0)]
    sum(mse_loss(o, t) for o, t in zip(outputs, targets, strict=True)).backward()
    torch.testing.assert_close(trained, model.encoder[0][0].weight.grad, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_the_elbo_is_nats_per_image(likelihood):
    model, images = pooling(variational=True), faces().float()
    loss, terms = objectives.elbo(model, images, context(), likelihood=likelihood, variance=0.01)
    mean, log_variance = model.encode(images)
    code = likelihoods.draw(mean, log_variance, context().noise)
    if likelihood == "gaussian":
        nats = -Normal(model.decode(code), 0.1).log_prob(images).sum((1, 2, 3)).mean()
        calibration = mse_loss(model.decode(code), images) / 0.01
        torch.testing.assert_close(terms["mse_over_variance"], calibration.detach())
    else:
        p = model.decode(code)
        nats = -(images * p.log() + (1 - images) * (1 - p).log()).sum((1, 2, 3)).mean()
        assert "mse_over_variance" not in terms
    kl = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(loss, nats + kl, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(terms["reconstruction_nats"] + terms["kl_nats"], terms["elbo_nats"])
    torch.testing.assert_close(terms["bits_per_dim"], loss.detach() / math.log(2) / (3 * 32 * 32))
    assert terms["beta"] == 1


@given(st.floats(0, 300), st.integers(1, 100), st.floats(0, 4))
def test_beta_rises_in_a_line_and_stays(epoch, warmup, beta):
    model, images = pooling(variational=True), faces().float()
    settings = {"likelihood": "bernoulli", "beta": beta, "warmup_epochs": warmup}
    loss, terms = objectives.elbo(model, images, context(epoch), **settings)
    assert float(terms["beta"]) == pytest.approx(beta * min(1, epoch / warmup), rel=1e-5)
    expected = terms["reconstruction_nats"] + terms["beta"] * terms["kl_nats"]
    torch.testing.assert_close(loss.detach(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("variance", [0.1, "optimal"])
def test_a_mean_reduction_divides_the_reconstruction_alone_and_tells_whole_nats(variance):
    model, images = pooling(variational=True), faces().float()
    settings = {"likelihood": "gaussian", "variance": variance, "beta": 0.5}
    summed, terms = objectives.elbo(model, images, context(), **settings)
    averaged, same = objectives.elbo(model, images, context(), reduction="mean", **settings)
    assert same == terms
    torch.testing.assert_close(summed.detach(), terms["reconstruction_nats"] + 0.5 * terms["kl_nats"])
    expected = terms["reconstruction_nats"] / (3 * 32 * 32) + 0.5 * terms["kl_nats"]
    torch.testing.assert_close(averaged.detach(), expected)


def test_an_optimal_variance_is_the_error_of_the_batch():
    model, images = pooling(variational=True), faces().float()
    loss, terms = objectives.elbo(model, images, context(), likelihood="gaussian", variance="optimal")
    mse = mse_loss(model.decode(likelihoods.draw(*model.encode(images), context().noise)), images).detach()
    nats = 3 * 32 * 32 / 2 * (math.log(2 * math.pi * float(mse)) + 1)
    assert terms["reconstruction_nats"].item() == pytest.approx(nats, rel=1e-5)
    torch.testing.assert_close(terms["variance"], mse)
    assert "mse_over_variance" not in terms
    torch.testing.assert_close(loss.detach(), terms["reconstruction_nats"] + terms["kl_nats"])


def test_no_fixed_variance_beats_the_optimal_one_and_its_gradient_is_that_of_the_best():
    model, images = pooling(variational=True), faces().float()
    loss, terms = objectives.elbo(model, images, context(), likelihood="gaussian", variance="optimal")
    loss.backward()
    best = float(terms["variance"])
    gradients = [p.grad.clone() for p in model.parameters()]
    for factor in (0.5, 0.9, 1.0, 1.1, 2.0):
        model.zero_grad()
        fixed, _ = objectives.elbo(model, images, context(), likelihood="gaussian", variance=factor * best)
        assert fixed.detach() >= loss.detach() - 1e-2
        if factor == 1:
            fixed.backward()
            torch.testing.assert_close([p.grad for p in model.parameters()], gradients, rtol=1e-3, atol=1e-3)


def test_a_model_without_a_variance_is_refused():
    message = (
        r"objective: {} needs a model with mean and log-variance; set model: latent: gaussian \(ladder\), variational"
    )
    with pytest.raises(files.BadInput, match=message.format("elbo")):
        objectives.elbo(pooling(), faces().float(), context(), likelihood="gaussian")
    for objective in (objectives.mse, objectives.layerwise):
        with pytest.raises(files.BadInput, match=message.format("kl = 1.0")):
            objective(ladder(), faces(), context(), kl=1.0)


def test_a_model_without_logits_is_refused_for_bernoulli():
    with pytest.raises(files.BadInput, match="objective elbo: Ladder has no logits; set likelihood: gaussian"):
        objectives.elbo(ladder(latent="gaussian"), faces(), context(), likelihood="bernoulli")


def test_each_level_gets_the_gradient_it_gets_when_trained_alone():
    together, images = ladder(), faces()
    loss, terms = objectives.layerwise(together, images, context())
    loss.backward()
    torch.testing.assert_close(loss.detach(), sum(terms.values()))
    for i in range(5):
        alone = ladder()
        with torch.no_grad():
            target = alone.encode(images, i)
        mse_loss(alone.decoder[i](alone.encoder[i](target)), target).backward()
        for half in ("encoder", "decoder"):
            expected = [p.grad for p in getattr(alone, half)[i].parameters()]
            actual = [p.grad for p in getattr(together, half)[i].parameters()]
            torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-9)
            others = [p for j, level in enumerate(getattr(alone, half)) if j != i for p in level.parameters()]
            assert all(p.grad is None for p in others)


def test_one_adam_on_the_sum_steps_like_an_adam_for_each_level():
    together, apart, images = ladder(), ladder(), faces()
    optimizer = torch.optim.Adam(together.parameters(), lr=1e-3)
    each = [
        torch.optim.Adam([*e.parameters(), *d.parameters()], lr=1e-3)
        for e, d in zip(apart.encoder, apart.decoder, strict=True)
    ]
    for _ in range(3):
        optimizer.zero_grad()
        objectives.layerwise(together, images, context())[0].backward()
        optimizer.step()
        levels = list(apart.levels(images))  # all targets from before the update
        for own, (target, code, decode) in zip(each, levels, strict=True):
            own.zero_grad()
            mse_loss(decode(code), target).backward()
            own.step()
    # the loss is taken in float32, so the two agree to its rounding
    torch.testing.assert_close(list(together.parameters()), list(apart.parameters()), rtol=1e-3, atol=1e-5)
