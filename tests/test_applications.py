"""Codes, what they are compared with, and all uses of a model at once."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA

from autofaces import applications, files, models
from autofaces.applications import encoding
from autofaces.params import Component

KL = Component(name="mse", kl=1.0)


def build(name: str, **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(name, 32, 3, 0.25, arguments).eval()


def part(count: int, seed: int) -> applications.Part:
    """Pictures of bright and dark persons, four of each, made of the person's stripes and a light."""
    random = np.random.default_rng(seed)
    person = np.arange(count) // 4
    male = person % 2 == 0
    stripes = random.uniform(0.2, 0.8, (person[-1] + 1, 1, 32, 3))[person]
    light = np.where(male, 1, 0.4)[:, None, None, None] + random.uniform(-0.1, 0.1, (count, 1, 1, 3))
    images = np.repeat((255 * stripes * light.clip(0, 1)).astype(np.uint8), 32, axis=1)
    names = [f"{seed}-{p}" for p in person]
    table = pd.DataFrame({"group": names, "identity": names, "factor_male": male})
    return applications.Part(images, table)


TRAIN, TEST = part(80, 0), part(24, 1)
OTHERS = {"sketches": np.random.default_rng(2).integers(0, 256, (6, 64, 64, 1), np.uint8)}


@pytest.fixture(scope="module")
def vae():
    return build("pooling", levels=3, variational=True, code=8)


@pytest.fixture(scope="module")
def measured(vae):
    return applications.measure(applications.USES, vae, KL, TRAIN, TEST, OTHERS)


def test_every_use_of_a_vae_has_its_number_and_its_pictures(measured):
    metrics, pictures = measured
    for name in (
        "search_precision_at_5",
        "search_precision_at_5_pixels_euclidean",
        "search_precision_at_5_pca",
        "search_precision_at_5_chance",
        "probe_accuracy",
        "probe_accuracy_male_pca",
        "probe_accuracy_majority",
        "denoise_psnr_gain_db",
        "denoise_psnr_gain_db_nl_means",
        "denoise_dropout_psnr_gain_db_inpainting",
        "outlier_auroc",
        "outlier_aupr_mse_sketches",
        "outlier_fpr_at_median",
        "morph_smoothness",
        "copies_ratio",
    ):
        assert np.isfinite(metrics[name]), name
    assert {name.partition("_")[0] for name in pictures} == {
        "search",
        "probe",
        "denoise",
        "outlier",
        "morph",
        "copies",
    }


def test_the_same_model_is_measured_twice_to_the_same_numbers(vae, measured):
    metrics, pictures = applications.measure(applications.USES, vae, KL, TRAIN, TEST, OTHERS)
    assert metrics == measured[0]
    assert pictures.keys() == measured[1].keys()
    for name, value in pictures.items():
        np.testing.assert_array_equal(value, measured[1][name], err_msg=name)


def test_only_the_uses_asked_for_are_measured(vae):
    metrics, pictures = applications.measure(["morph"], vae, KL, TRAIN, TEST, {})
    assert {name.partition("_")[0] for name in (*metrics, *pictures)} == {"morph"}


def test_a_model_that_is_not_variational_has_neither_kl_nor_samples():
    model = build("dcgan", n_f=4, code=8)
    metrics, _ = applications.measure(["outliers"], model, Component(name="mse"), TRAIN, TEST, OTHERS)
    assert "outlier_auroc_mse" in metrics
    assert not {"outlier_auroc", "outlier_auroc_elbo", "outlier_fpr_at_median"} & set(metrics)
    with pytest.raises(files.BadInput, match="copies: Dcgan makes no images up"):
        applications.measure(["copies"], model, Component(name="mse"), TRAIN, TEST, {})


def test_images_without_labels_are_searched_and_not_counted(vae):
    bare = [applications.Part(p.images, p.labels[["group"]]) for p in (TRAIN, TEST)]
    metrics, pictures = applications.measure(["search", "probe"], vae, KL, *bare, {})
    assert metrics == {}
    assert pictures["search_nearest"].shape == (6, 5, 32, 32, 3)
    assert "search_right" not in pictures


def test_a_metric_that_is_infinite_is_absent(vae):
    def flat(grey: int) -> applications.Part:
        return TEST._replace(images=np.full_like(TEST.images, grey))

    name = "denoise_psnr_gain_db_mean"  # of the average training image
    assert name in applications.measure(["denoise"], vae, KL, flat(20), flat(0), {})[0]
    assert name not in applications.measure(["denoise"], vae, KL, flat(0), flat(0), {})[0]


def test_codes_of_a_vae_are_means_whatever_the_batch(vae, monkeypatch):
    whole = encoding.codes(vae, TEST.images)
    mean, _ = vae.encode(models.normalise(torch.from_numpy(TEST.images), vae.pixel_range))
    np.testing.assert_allclose(whole, mean.detach().numpy(), atol=1e-5)
    monkeypatch.setattr(encoding, "BATCH", 5)
    np.testing.assert_allclose(encoding.codes(vae, TEST.images), whole, atol=1e-5)


def test_inner_products_are_those_of_all_pixels_whatever_the_blocks(monkeypatch):
    a, b = TRAIN.images[:10], TEST.images[:7]
    x, y = (i.reshape(len(i), -1) / 255 - 0.5 for i in (a, b))
    monkeypatch.setattr(encoding, "BLOCK", 4)
    np.testing.assert_allclose(encoding.products(a), x @ x.T, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(encoding.products(a, b), x @ y.T, rtol=1e-4, atol=1e-3)


def test_principal_components_are_those_of_scikit_learn_up_to_their_sign():
    images = np.random.default_rng(3).integers(0, 256, (30, 8, 8, 1), np.uint8)
    train, test = images[:20], images[20:]
    ours = encoding.principal(train, test, 5)
    pca = PCA(5, svd_solver="full").fit(train.reshape(20, -1) / 255)
    for found, expected in zip(ours, (train, test), strict=True):
        np.testing.assert_allclose(abs(found), abs(pca.transform(expected.reshape(-1, 64) / 255)), atol=2e-4)


def test_there_are_no_more_principal_components_than_images_allow():
    train, test = encoding.principal(TRAIN.images[:4], TEST.images, 100)
    assert train.shape == (4, 3)
    assert test.shape == (24, 3)


def test_a_large_test_set_is_cut_to_whole_groups():
    group = pd.Series(["b", "a", "c", "a", "b", "a"])
    assert applications.whole_groups(group, 10).tolist() == [0, 1, 2, 3, 4, 5]
    assert applications.whole_groups(group, 5).tolist() == [0, 1, 3, 4, 5]
    assert applications.whole_groups(group, 4).tolist() == [1, 3, 5]
