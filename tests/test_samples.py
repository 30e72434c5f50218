"""Images that a model makes up, and what they are compared with."""

import numpy as np
import pytest
import torch
from conftest import write_array
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from autofaces.evaluation import generation, inference, samples
from autofaces.training import models


def build(name: str, **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(name, 32, 3, 1.0, arguments).eval()


def vae(base: int = 2) -> torch.nn.Module:
    return build("pooling", base=base, code=6, variational=True)


@pytest.fixture
def faces(tmp_path) -> np.memmap:
    return write_array(tmp_path / "faces.npy", 60)


class Linear(torch.nn.Module):
    """The first pixels of an image, and an image of them: a code whose distribution is known."""

    pixel_range = (0.0, 1.0)

    def __init__(self, numbers: int = 4):
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        self.numbers = numbers

    def encode(self, images):
        return images[:, 0, : self.numbers, 0]

    def decode(self, code):
        return torch.nn.functional.pad(code, (0, 32 - self.numbers))[:, None, :, None].expand(-1, 3, -1, 32)


def coded(codes: np.ndarray) -> np.ndarray:
    """Images whose codes these are, (N, D) in [0, 1]."""
    return np.repeat(np.pad((255 * codes).round().astype(np.uint8), ((0, 0), (0, 28)))[:, :, None, None], 32, 2).repeat(
        3, 3
    )


def test_samples_are_the_same_draws_for_every_model_with_such_a_code(monkeypatch):
    seen = []
    decode = inference.decode
    monkeypatch.setattr(inference, "decode", lambda model, code: (seen.append(code), decode(model, code))[1])
    monkeypatch.setattr(inference, "BATCH", 16)
    one, other = (samples.prior(vae(base), (6,), 40) for base in (2, 3))
    assert one.dtype == np.uint8
    assert one.shape == (40, 32, 32, 3)
    assert torch.equal(torch.cat(seen[:3]), torch.cat(seen[3:]))
    assert len(torch.cat(seen[:3]).unique(dim=0)) == 40
    assert torch.cat(seen).mean().abs() < 0.2
    assert not np.array_equal(one, other)


def test_a_plain_model_makes_images_up_as_well(faces):
    made = {}
    for variational in (True, False):
        model = build("pooling", base=2, code=6, variational=variational)
        numbers, sets, made[variational] = samples.measure(model, faces, faces[:16], lambda *_: faces[:24])
        assert {"swd", "swd_codes", "swd_pca", "swd_floor"} < set(numbers)
        assert set(sets) == {"fold", *numbers} - {"swd_floor"}
    shapes = {name: pictures.shape for name, pictures in made[False].items()}
    assert shapes == dict.fromkeys(("samples", "samples_codes", "samples_pca"), (24, 32, 32, 3))


@pytest.mark.parametrize(("test_images", "count"), [(3, 24), (24, 24), (70, 50)])
def test_as_many_images_are_made_up_as_are_measured_or_shown(test_images, count, monkeypatch):
    made = []
    monkeypatch.setattr(samples, "MOST", 50)
    monkeypatch.setattr(samples, "beside", lambda ours, images: (made.append((ours, images)), ({}, {}))[1])
    model = build("pooling", base=1, code=2, levels=1, variational=True)
    test = np.zeros((test_images, 32, 32, 3), np.uint8)
    asked = []
    _, _, shown = samples.measure(model, test[:20], test, lambda *of: (asked.append(of), test[:1].repeat(of[1], 0))[1])
    ((ours, images),) = made
    assert asked == [(2, count)]
    assert {len(s) for s in ours.values()} == {len(images)} == {min(count, test_images)}
    assert {len(s) for s in shown.values()} == {24}


def test_the_mean_over_folds_is_the_number_of_all(faces):
    images, others = faces[:30], np.roll(faces[30:], 3, axis=1)
    numbers, sets = samples.beside({"": others, "_codes": images[::-1], "_pca": others}, images)
    assert list(numbers) == [
        *("swd", "swd_codes", "swd_pca"),
        *("sample_sharpness_ratio", "sample_sharpness_ratio_coarse", "sample_diversity"),
        *("sample_sharpness_ratio_codes", "sample_sharpness_ratio_coarse_codes", "sample_diversity_codes"),
    ]
    assert sets.pop("fold").tolist() == list(range(8))
    assert list(sets) == list(numbers)
    for name, values in sets.items():
        assert values.shape == (8,)
        assert values.mean() == pytest.approx(numbers[name])
        assert values.std() > 0
    assert numbers["swd"] == generation.swd(others, images)


def test_few_or_flat_images_have_the_numbers_that_exist(faces):
    flat = np.full_like(faces[:16], 9)
    numbers, sets = samples.beside({"": faces[:16]}, flat)
    assert np.isnan(numbers["sample_sharpness_ratio"])
    assert np.isnan(numbers["sample_sharpness_ratio_coarse"])
    assert np.isnan(numbers["sample_diversity"])
    assert np.isnan(sets["sample_diversity"]).all()
    assert np.isfinite(sets["swd"]).all()
    numbers, sets = samples.beside({"": faces[:16]}, faces[:16])
    assert numbers["swd"] == 0
    assert (sets["swd"] == 0).all()
    assert samples.beside({"": faces[:7]}, faces[:7])[1] == {}


def test_draws_from_the_codes_are_distributed_as_the_codes_are():
    random = np.random.default_rng(0)
    centre = np.array([[0.3, 0.7, 0.4, 0.6], [0.7, 0.3, 0.6, 0.4]])[random.integers(0, 2, 4000)]
    shared = random.normal(0, 0.05, (4000, 1))
    codes = centre + np.concatenate([shared, shared, -shared, random.normal(0, 0.02, (4000, 1))], 1)
    model = Linear()
    mixture = samples.fit(model, coded(codes))
    drawn = samples.draw(model, mixture, 3000, 0)[:, :4, 0, 0] / 255
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.003)
    first = drawn[:, 0] < drawn[:, 1]  # of the first of two clouds
    assert first.mean() == pytest.approx(0.5, abs=0.05)
    assert first[:300].mean() == pytest.approx(0.5, abs=0.15)  # in no order
    np.testing.assert_allclose(drawn[first].mean(0), [0.3, 0.7, 0.4, 0.6], atol=0.01)


def test_draws_from_the_codes_are_the_same_each_time_and_others_with_another_seed(faces):
    model = vae()
    mixture, again = (samples.fit(model, faces) for _ in range(2))
    one = samples.draw(model, mixture, 70, 0)
    assert one.shape == (70, 32, 32, 3)
    assert np.array_equal(one, samples.draw(model, again, 70, 0))
    assert not np.array_equal(one, samples.draw(model, mixture, 70, 1))


@pytest.mark.parametrize(("images", "numbers", "components"), [(5, 6, 1), (60, 6, 10), (60, 25, 2)])
def test_no_cloud_has_fewer_images_than_a_code_has_numbers(images, numbers, components, faces):
    model = build("pooling", base=2, code=numbers)
    mixture = samples.fit(model, faces[:images])
    assert mixture.n_components == components
    assert samples.draw(model, mixture, 3, 0).shape == (3, 32, 32, 3)


def test_codes_that_are_all_the_same_can_be_drawn_from(faces):
    model = Linear()
    same = np.repeat(faces[:1], 30, axis=0)
    drawn = samples.draw(model, samples.fit(model, same), 5, 0)
    assert np.array_equal(drawn[:, :4, 0, 0], same[:5, :4, 0, 0])


@settings(max_examples=15)
@given(st.integers(1, 12), st.integers(0, 100))
def test_a_gaussian_on_principal_components_has_their_mean_and_variances(components, seed):
    random = np.random.default_rng(seed)
    basis = random.standard_normal((10, 8 * 8))
    train = 128 + 4 * random.standard_normal((30, 10)) * np.linspace(3, 1, 10) @ basis
    train = train.clip(0, 255).round().astype(np.uint8).reshape(30, 8, 8, 1)
    drawn = samples.gaussian(train, components, 4000).reshape(4000, -1) / 255
    flat = train.reshape(30, -1) / 255
    pca = PCA(components, svd_solver="full").fit(flat)
    unexplained = pca.inverse_transform(pca.transform(drawn)) - drawn
    assert np.abs(unexplained).max() < 0.3  # but for rounding and clipping
    np.testing.assert_allclose(drawn.mean(0), flat.mean(0), atol=0.04)
    spread = flat.var(0).sum() * pca.explained_variance_ratio_.sum()
    assert drawn.var(0).sum() == pytest.approx(spread, rel=0.15)


def test_the_gate_has_at_most_as_many_components_as_images():
    train = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    drawn = samples.gaussian(train, 400, 9)
    assert drawn.shape == (9, 32, 32, 3)
    assert drawn.dtype == np.uint8
    assert np.array_equal(drawn, samples.gaussian(train, 4, 9))
    assert samples.gaussian(train[:1], 4, 2).tolist() == train[:1].repeat(2, 0).tolist()


def test_the_spread_of_pseudo_values_is_that_of_the_number_over_new_sets():
    random = np.random.default_rng(0)
    means, told = [], []
    for _ in range(300):
        values = random.normal(3, 1, 80)
        without = np.array([np.delete(values, fold).mean() for fold in np.split(np.arange(80), 8)])
        found = samples.pseudo(values.mean(), without)
        means.append(found.mean())
        told.append(found.var(ddof=1) / 8)
        assert found.mean() == pytest.approx(values.mean())
    assert np.mean(told) == pytest.approx(np.var(means), rel=0.2)
