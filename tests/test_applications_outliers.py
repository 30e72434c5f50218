"""Finding images that are not of the data set."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from autofaces.core.params import Component
from autofaces.evaluation.applications import outliers
from autofaces.evaluation.scores import all_scores
from autofaces.training import models

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), np.uint8)
KL = Component(name="mse", kl=1.0)


@pytest.fixture(scope="module")
def vae():
    torch.manual_seed(0)
    return models.build("pooling", 32, 3, 0.25, {"levels": 3, "variational": True, "code": 8}).eval()


SCORES = st.lists(st.integers(0, 9), min_size=1, max_size=30)  # few different ones: some are equal


@settings(max_examples=30)
@given(SCORES, SCORES)
def test_the_mean_over_images_is_the_area_under_the_roc_curve(inliers, strange):
    expected = roc_auc_score([0] * len(inliers) + [1] * len(strange), inliers + strange)
    assert outliers.above(np.array(inliers), np.array(strange)).mean() == pytest.approx(expected)


def test_of_an_image_it_is_the_share_of_outliers_above_it_equal_ones_half():
    assert outliers.above(np.array([5.0, 1, 9, -np.inf]), np.array([5.0, 2, 8, np.inf])).tolist() == [0.625, 1, 0.25, 1]


@settings(max_examples=30)
@given(SCORES, SCORES)
def test_scores_and_their_opposites_add_up(inliers, strange):
    a, b = np.array(inliers, float), np.array(strange, float)
    np.testing.assert_allclose(outliers.above(a, b) + outliers.above(-a, -b), 1)
    assert outliers.above(a, a.max() + 1 + b).min() == 1
    assert outliers.aupr(a, a.max() + 1 + b) == pytest.approx(1)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40))
def test_chance_is_a_half_whatever_the_numbers_of_images(a, b):
    assert outliers.above(np.zeros(a), np.zeros(b)).mean() == 0.5
    assert outliers.aupr(np.zeros(a), np.zeros(b)) == pytest.approx(0.5)


def test_spoilt_images_are_those_images_turned_and_shuffled():
    found = outliers.spoilt(IMAGES)
    assert np.array_equal(np.rot90(found["turned90"], 3, axes=(1, 2)), IMAGES)
    assert np.array_equal(found["turned180"][:, ::-1, ::-1], IMAGES)
    for kind, images in found.items():
        assert images.dtype == np.uint8
        assert images.shape == IMAGES.shape
        assert not np.array_equal(images, IMAGES), kind
        assert np.array_equal(images, outliers.spoilt(IMAGES)[kind])
    patches = [i.reshape(7, 2, 16, 2, 16, 3).swapaxes(2, 3).reshape(28, -1) for i in (IMAGES, found["shuffled"])]
    assert sorted(map(bytes, patches[0])) == sorted(map(bytes, patches[1]))
    assert {bytes(p) for p in patches[0][:4]} == {bytes(p) for p in patches[1][:4]}  # of one image


def test_images_of_other_data_sets_take_size_and_channels():
    grey = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 1), np.uint8)
    coloured = outliers.alike(grey, IMAGES)
    assert coloured.shape == (3, 32, 32, 3)
    assert (coloured == coloured[..., :1]).all()
    assert outliers.alike(IMAGES, grey).shape == (7, 64, 64, 1)
    assert outliers.alike(IMAGES, IMAGES[:1]) is IMAGES


def test_the_threshold_is_the_median_of_the_training_images(vae):
    train = np.concatenate([IMAGES[:1] // k for k in range(1, 12)])
    _, values, pictures = outliers.measure(
        vae, KL, train, IMAGES[:1] // np.arange(1, 41).reshape(-1, 1, 1, 1).astype("u1"), {}
    )
    scores = pictures["outlier_scores_test"]
    expected = scores > np.median(pictures["outlier_scores_train"])
    assert (expected != (scores > np.mean(pictures["outlier_scores_train"]))).any()
    np.testing.assert_array_equal(values["outlier_fpr_at_median"], expected)


def test_the_number_of_all_outliers_is_the_mean_over_their_kinds(vae):
    metrics, values, pictures = outliers.measure(vae, KL, IMAGES, IMAGES, {"other": IMAGES // 4})
    kinds = ["other", "noise", "turned90", "turned180", "shuffled"]
    assert pictures["outlier_kinds"].tolist() == kinds
    for name in ("outlier_auroc_mse", "outlier_aupr", "outlier_aupr_mse", "outlier_auroc_elbo"):
        assert metrics[name] == pytest.approx(np.mean([metrics[f"{name}_{kind}"] for kind in kinds]))
    each = [values[f"outlier_auroc_{kind}"] for kind in kinds]
    np.testing.assert_allclose(values["outlier_auroc"], np.mean(each, axis=0))
    scores = [pictures[f"outlier_scores_{name}"] for name in ("test", "other")]
    expected = roc_auc_score(np.repeat([0, 1], [7, 7]), np.concatenate(scores))
    assert values["outlier_auroc_other"].mean() == pytest.approx(expected)


def test_a_collapsed_code_tells_nothing_apart(vae):
    dead = copy.deepcopy(vae)
    for parameter in dead.parameters():
        torch.nn.init.zeros_(parameter)
    metrics, values, _ = outliers.measure(dead, KL, IMAGES, IMAGES, {})
    assert (values["outlier_auroc"] == 0.5).all()
    assert metrics["outlier_aupr"] == pytest.approx(0.5)
    assert (values["outlier_fpr_at_median"] == 0).all()


def test_shown_images_have_their_scores(vae):
    *_, pictures = outliers.measure(vae, KL, IMAGES, IMAGES, {"other": IMAGES // 4})
    for kind in ("test", "other", "shuffled"):
        again = all_scores(vae, KL, pictures[f"outlier_images_{kind}"])["kl"]
        np.testing.assert_allclose(pictures[f"outlier_shown_{kind}"], again, rtol=1e-4)
