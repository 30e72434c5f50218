"""Codes, what they are compared with, and all uses of a model at once."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA

from autofaces.core import files
from autofaces.core.params import Component
from autofaces.evaluation import applications, measure
from autofaces.evaluation.applications import Labelled, denoise, encoding, outliers, probe, search
from autofaces.evaluation.inference import codes
from autofaces.training import models

KL = Component(name="mse", kl=1.0)


def build(name: str, **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(name, 32, 3, 0.25, arguments).eval()


def part(count: int, seed: int) -> Labelled:
    """Pictures of bright and dark persons, four of each, made of the person's stripes and a light."""
    random = np.random.default_rng(seed)
    person = np.arange(count) // 4
    male = person % 2 == 0
    stripes = random.uniform(0.2, 0.8, (person[-1] + 1, 1, 32, 3))[person]
    light = np.where(male, 1, 0.4)[:, None, None, None] + random.uniform(-0.1, 0.1, (count, 1, 1, 3))
    images = np.repeat((255 * stripes * light.clip(0, 1)).astype(np.uint8), 32, axis=1)
    names = [f"{seed}-{p}" for p in person]
    table = pd.DataFrame({"group": names, "identity": names, "factor_male": male})
    return Labelled(images, table)


TRAIN, TEST = part(80, 0), part(24, 1)
OTHERS = {"sketches": np.random.default_rng(2).integers(0, 256, (6, 64, 64, 1), np.uint8)}


@pytest.fixture(scope="module")
def vae():
    return build("pooling", levels=3, variational=True, code=8)


@pytest.fixture(scope="module")
def measured(vae):
    return applications.measure(applications.USES, vae, KL, TRAIN, TEST, OTHERS)


def test_every_use_of_a_vae_has_its_number_and_its_pictures(measured):
    metrics, values, pictures = measured
    means = measure.means(values)
    assert not means.keys() & metrics.keys()
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
        "outlier_auroc_noise",
        "outlier_aupr_mse_sketches",
        "outlier_fpr_at_median",
        "morph_smoothness",
        "copies_ratio",
    ):
        assert np.isfinite((metrics | means)[name]), name
    assert {name.partition("_")[0] for name in pictures} == {
        "search",
        "probe",
        "denoise",
        "outlier",
        "morph",
        "copies",
    }


def test_a_collapsed_model_has_the_same_numbers_and_pictures(vae, measured):
    dead = copy.deepcopy(vae)
    for parameter in dead.parameters():
        torch.nn.init.zeros_(parameter)
    found = applications.measure(applications.USES, dead, KL, TRAIN, TEST, OTHERS)
    assert [part.keys() for part in found] == [part.keys() for part in measured]


def test_the_same_model_is_measured_twice_to_the_same_numbers(vae, measured):
    metrics, *again = applications.measure(applications.USES, vae, KL, TRAIN, TEST, OTHERS)
    assert metrics == measured[0]
    for found, expected in zip(again, measured[1:], strict=True):
        assert found.keys() == expected.keys()
        for name, value in found.items():
            np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_every_test_image_has_its_value_or_none(measured):
    _, values, _ = measured
    assert {(value.dtype, value.shape) for value in values.values()} == {(np.dtype(float), (24,))}
    assert set(values["outlier_fpr_at_median"]) <= {0.0, 1.0}
    assert set(values["probe_accuracy_male"]) <= {0.0, 1.0}


def test_what_is_kept_is_read_from_the_models_reconstructions(vae):
    factors = [p.labels.assign(factor_eye_size=np.where(p.labels.factor_male, 0.9, 1.1)) for p in (TRAIN, TEST)]
    parts = [Labelled(p.images, table) for p, table in zip((TRAIN, TEST), factors, strict=True)]
    values = applications.measure(["probe"], vae, KL, *parts, {})[1]
    rebuilt = encoding.rebuilt(vae, TEST.images)
    expected = probe.kept(TRAIN.images, TEST.images, rebuilt, *factors)
    assert (values["kept_eye_size"] != values["kept_eye_size_original"]).any()  # the model is not trained
    for name in ("kept_eye_size", "kept_eye_size_original"):
        np.testing.assert_array_equal(values[name], expected[name])


def test_values_stand_at_their_images_where_only_some_are_measured(vae, measured, monkeypatch):
    monkeypatch.setattr(applications, "TEST", 16)
    monkeypatch.setattr(denoise, "IMAGES", 5)
    monkeypatch.setattr(outliers, "IMAGES", 7)
    metrics, values, _ = applications.measure(["search", "probe", "denoise", "outliers"], vae, KL, TRAIN, TEST, {})
    last = TEST.labels.group.isin(sorted(TEST.labels.group.unique())[4:]).to_numpy()
    assert last.sum() == 8
    for name in ("probe_accuracy", "probe_accuracy_majority"):
        np.testing.assert_array_equal(np.isnan(values[name]), last, err_msg=name)
    first = np.flatnonzero(~last)
    alone = search.measure(codes(vae, TEST.images[first]), np.eye(16), TEST.images[first], TEST.labels.iloc[first])[1]
    np.testing.assert_array_equal(values["search_precision_at_5"][first], alone["search_precision_at_5"])
    assert np.isnan(values["search_precision_at_5"][last]).all()
    for name, rows in {
        "denoise_psnr_gain_db": [0, 5, 11, 17, 23],
        "outlier_auroc": [0, 3, 7, 11, 15, 19, 23],
        "outlier_auroc_turned90": [0, 3, 7, 11, 15, 19, 23],
        "outlier_fpr_at_median": [0, 3, 7, 11, 15, 19, 23],
    }.items():
        assert np.flatnonzero(np.isfinite(values[name])).tolist() == rows
    again = measured[1]["outlier_fpr_at_median"]
    seen = np.isfinite(values["outlier_fpr_at_median"])
    np.testing.assert_array_equal(values["outlier_fpr_at_median"][seen], again[seen])
    assert metrics["denoise_images"] == 5
    assert metrics["search_asked"] == np.isfinite(values["search_precision_at_5"]).sum()


def test_only_the_uses_asked_for_are_measured_and_samples_are_measured_elsewhere(vae):
    metrics, values, pictures = applications.measure(["morph", "samples"], vae, KL, TRAIN, TEST, {})
    assert {name.partition("_")[0] for name in (*metrics, *values, *pictures)} == {"morph"}


def test_a_model_that_is_not_variational_has_neither_kl_nor_samples():
    model = build("dcgan", n_f=4, code=8)
    metrics, values, _ = applications.measure(["outliers"], model, Component(name="mse"), TRAIN, TEST, OTHERS)
    assert "outlier_auroc_mse" in metrics
    assert not {"outlier_auroc", "outlier_auroc_elbo", "outlier_recall_at_median"} & set(metrics)
    assert values == {}
    with pytest.raises(files.BadInput, match="copies: Dcgan makes no images up"):
        applications.measure(["copies"], model, Component(name="mse"), TRAIN, TEST, {})


def test_a_part_is_loaded_with_what_is_known_of_its_images(tmp_path):
    np.save(tmp_path / "test.npy", TEST.images)
    TEST.labels.to_csv(tmp_path / "test.csv", index=False)
    found = Labelled.load(tmp_path, "test")
    assert np.array_equal(found.images, TEST.images)
    assert found.labels.equals(TEST.labels)


def test_images_without_labels_are_searched_and_not_counted(vae):
    bare = [Labelled(p.images, p.labels[["group"]]) for p in (TRAIN, TEST)]
    metrics, values, pictures = applications.measure(["search", "probe"], vae, KL, *bare, {})
    assert metrics == {}
    assert values.keys() == {"hair_colour_error", "hair_colour_error_of_mean"}  # which no label says
    assert pictures["search_nearest"].shape == (6, 5, 32, 32, 3)
    assert "search_right" not in pictures


def test_an_infinite_value_is_none_and_what_no_image_has_is_absent(vae):
    def flat(*greys: int) -> Labelled:
        images = np.broadcast_to(np.uint8(greys).reshape(-1, 1, 1, 1), (len(greys), 32, 32, 3))
        return Labelled(images, TEST.labels[: len(greys)])

    def gain(train: Labelled, test: Labelled) -> np.ndarray | None:
        _, values, _ = applications.measure(["denoise"], vae, KL, train, test, {})
        return values.get("denoise_psnr_gain_db_mean")  # of the average training image

    black = flat(0, 0)
    assert np.isfinite(gain(flat(20, 20), black)).all()
    assert np.isfinite(gain(black, flat(0, 20))).tolist() == [False, True]
    assert gain(black, black) is None


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
