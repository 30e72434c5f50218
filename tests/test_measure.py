"""What evaluate keeps of a model's test images."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from autofaces.core.params import Component
from autofaces.evaluation import inference, measure
from autofaces.training import likelihoods, models, objectives, pixels


@pytest.fixture
def test_images(arrays_folder) -> np.memmap:
    return np.load(arrays_folder / "test.npy", mmap_mode="r")


def build(name: str, arguments: dict) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(name, 32, 3, 1.0, arguments).eval()


def vae() -> torch.nn.Module:
    return build("pooling", {"base": 2, "code": 6, "variational": True})


def test_every_metric_has_one_value_per_test_image(test_images, monkeypatch):
    model = build("ladder", {"levels": 3})
    whole = measure.per_image(model, test_images, "ladder")
    monkeypatch.setattr(inference, "BATCH", 3)  # a short last batch changes nothing
    parts = measure.per_image(model, test_images, "ladder")
    assert {"mse", "mae", "psnr_db", "ssim", "sharpness_ratio", "grain", "blockiness"} < set(whole)
    for name, values in whole.items():
        assert values.shape == (10,)
        np.testing.assert_allclose(values, parts[name], rtol=1e-4, err_msg=name)


def test_rows_keep_the_order_of_the_images():
    rows = list(measure.rows({"mse": np.array([0.5, 0.25]), "ssim": np.array([0.1, 0.2])}, seed=3))
    assert rows == [{"seed": 3, "image": 0, "mse": 0.5, "ssim": 0.1}, {"seed": 3, "image": 1, "mse": 0.25, "ssim": 0.2}]


def test_numbers_of_several_seeds_are_their_means_and_counts_stay_counts():
    found = [{"mse": 0.1, "asked": 7, "units": 8, "rare": 1.0}, {"mse": 0.2, "asked": 7, "units": 9}]
    assert measure.over_seeds(found) == {"mse": 0.15, "asked": 7, "units": 8.5}


def test_means_leave_out_images_that_have_no_value():
    assert measure.means({"sharpness_ratio": np.array([0.5, np.nan, 0.7])}) == {"sharpness_ratio": pytest.approx(0.6)}


def test_pictures_are_the_same_test_images_for_every_model(test_images):
    ladder = measure.pictures(build("ladder", {"levels": 3}), test_images)
    pca = measure.pictures(build("pca", {"code": 3}), test_images)
    assert np.array_equal(ladder["originals"], pca["originals"])
    assert np.array_equal(ladder["originals"], test_images[ladder["index"]])
    assert ladder["reconstructions"].shape == ladder["originals"].shape == (8, 32, 32, 3)
    assert not np.array_equal(ladder["reconstructions"], pca["reconstructions"])


def test_only_a_model_with_levels_is_decoded_from_every_depth(test_images):
    shown = measure.pictures(build("ladder", {"levels": 3}), test_images)
    assert shown["depths"].shape == (2, 3, 32, 32, 3)
    assert np.array_equal(shown["depths"][:, -1], shown["reconstructions"][:2])
    assert "depths" not in measure.pictures(build("pca", {"code": 3}), test_images)


def test_only_a_variational_model_has_codes_with_a_mean_and_a_log_variance(test_images, monkeypatch):
    model = build("ladder", {"levels": 3, "latent": "gaussian"})
    monkeypatch.setattr(inference, "BATCH", 4)
    mean, log_variance = measure.codes(model, test_images)
    assert mean.shape == log_variance.shape == (10, *model.code_shape)
    last = model.encode(pixels.normalise(torch.from_numpy(test_images[9:].copy()), model.pixel_range))
    torch.testing.assert_close(mean[9:], last[0])
    assert measure.codes(build("ladder", {"levels": 3}), test_images) is None
    assert measure.codes(build("pca", {"code": 3}), test_images) is None


@pytest.mark.parametrize("objective", [{"name": "mse", "kl": 1.0}, {"name": "layerwise", "kl": 1.0}])
def test_a_model_trained_with_an_error_has_its_kl_and_no_likelihood(test_images, objective):
    model = build("ladder", {"levels": 3, "latent": "gaussian"})
    codes = measure.codes(model, test_images)
    values = measure.nats(model, test_images, codes, Component(**objective))
    expected = kl_divergence(Normal(codes[0], (codes[1] / 2).exp()), Normal(0.0, 1.0)).sum((1, 2, 3))
    assert list(values) == ["kl_nats"]
    assert values["kl_nats"].dtype == np.float64
    np.testing.assert_allclose(values["kl_nats"], expected.numpy(), rtol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"likelihood": "gaussian", "variance": 0.01},
        {"likelihood": "bernoulli"},
        {"likelihood": "gaussian", "variance": 0.1, "beta": 4.0, "warmup_epochs": 40},
    ],
)
def test_a_model_trained_with_the_elbo_is_measured_with_its_own_likelihood(test_images, arguments):
    model = vae()
    values = measure.nats(model, test_images, measure.codes(model, test_images), Component(name="elbo", **arguments))
    noise = likelihoods.generator(torch.device("cpu"), measure.CODES, 0)
    images = pixels.normalise(torch.from_numpy(test_images[:].copy()), model.pixel_range)
    _, terms = objectives.elbo(model, images, objectives.Context(0.0, noise), **arguments)
    assert list(values) == ["reconstruction_nats", "kl_nats", "elbo_nats", "bits_per_dim"]
    for name, value in values.items():
        assert value.shape == (10,)
        assert value.mean() == pytest.approx(float(terms[name]), rel=1e-4)
    np.testing.assert_allclose(values["reconstruction_nats"] + values["kl_nats"], values["elbo_nats"], rtol=1e-5)
    np.testing.assert_allclose(values["bits_per_dim"], values["elbo_nats"] / math.log(2) / (3 * 32 * 32), rtol=1e-5)


def test_nats_are_the_same_at_every_call_and_stand_beside_the_errors(test_images, monkeypatch):
    monkeypatch.setattr(inference, "BATCH", 4)
    model, objective = vae(), Component(name="elbo", likelihood="gaussian", variance=0.01)
    codes = measure.codes(model, test_images)
    values = measure.nats(model, test_images, codes, objective)
    again = measure.nats(model, test_images, codes, objective)
    assert all(np.array_equal(values[name], again[name]) for name in values)
    table = measure.per_image(model, test_images, "vae") | values
    assert {"mse", "kl_nats", "elbo_nats"} < set(measure.means(table))
    assert [row["elbo_nats"] for row in measure.rows(table, 0)] == list(values["elbo_nats"])


def test_samples_are_the_same_draws_for_every_model_with_such_a_code(monkeypatch):
    seen = []

    def keep(model, count, noise):
        seen.append(torch.randn((count, *model.code_shape), generator=noise))
        return draw(model, count, noise)

    draw = measure.draw
    monkeypatch.setattr(measure, "draw", keep)
    monkeypatch.setattr(inference, "BATCH", 16)
    one = measure.drawn(vae(), 40)
    other = measure.drawn(build("pooling", {"base": 3, "code": 6, "variational": True}), 40)
    assert one.dtype == np.uint8
    assert one.shape == (40, 32, 32, 3)
    assert torch.equal(torch.cat(seen[:3]), torch.cat(seen[3:]))
    assert len(torch.cat(seen[:3]).unique(dim=0)) == 40
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("test_images", "count"), [(3, 24), (24, 24), (70, 70), (5000, 1000)])
def test_as_many_images_are_made_up_as_are_measured_or_shown(test_images, count):
    model = build("pooling", {"base": 1, "code": 2, "levels": 1, "variational": True})
    made_up = measure.drawn(model, test_images)
    assert len(made_up) == count
    assert np.array_equal(made_up, measure.drawn(model, test_images))


def test_samples_are_measured_beside_as_many_test_images(test_images):
    made_up = measure.drawn(vae(), len(test_images))
    values = measure.of_samples(made_up, test_images)
    assert list(values) == ["swd", "swd_floor", "sample_sharpness_ratio", "sample_diversity"]
    assert values == measure.of_samples(made_up[:10], test_images)
    themselves = measure.of_samples(np.array(test_images), test_images)
    assert themselves == {**values, "swd": 0, "sample_sharpness_ratio": 1, "sample_diversity": 1}
    some = measure.of_samples(np.array(test_images[[0, 4, 9]]), test_images)  # evenly spaced
    assert some["swd"] == 0


def test_what_a_single_test_image_cannot_tell_is_left_out(test_images):
    values = measure.of_samples(measure.drawn(vae(), 1), test_images[:1])
    assert list(values) == ["swd", "sample_sharpness_ratio"]


def test_the_error_of_the_mean_is_that_of_showing_the_average_image(arrays_folder, test_images):
    train = np.load(arrays_folder / "train.npy", mmap_mode="r")
    expected = np.square(test_images / 255.0 - train[:].mean(0) / 255.0).mean((1, 2, 3))
    np.testing.assert_allclose(measure.mse_of_mean(train, test_images), expected, rtol=1e-12)
