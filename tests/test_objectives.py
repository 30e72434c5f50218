"""Losses against what their papers say."""

import torch
from torch.nn.functional import mse_loss

from autofaces import models, objectives


def ladder() -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build("ladder", 32, 3, 0.5, {"levels": 5}).double()


def faces() -> torch.Tensor:
    return torch.rand(4, 3, 32, 32, dtype=torch.float64, generator=torch.manual_seed(1))


def test_mse_is_the_mean_over_images_channels_and_pixels():
    model, images = ladder(), faces()
    loss, terms = objectives.mse(model, images)
    torch.testing.assert_close(loss.double(), (model(images) - images).square().mean(), rtol=1e-5, atol=0)
    assert terms == {}


def test_each_level_gets_the_gradient_it_gets_when_trained_alone():
    together, images = ladder(), faces()
    loss, terms = objectives.layerwise(together, images)
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
        objectives.layerwise(together, images)[0].backward()
        optimizer.step()
        pairs = list(apart.levels(images))  # all targets from before the update
        for own, (target, output) in zip(each, pairs, strict=True):
            own.zero_grad()
            mse_loss(output, target).backward()
            own.step()
    # the loss is taken in float32, so the two agree to its rounding
    torch.testing.assert_close(list(together.parameters()), list(apart.parameters()), rtol=1e-3, atol=1e-5)
