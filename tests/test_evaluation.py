"""What evaluate keeps of a model's test images."""

import numpy as np
import pytest
import torch

from autofaces import evaluation, models


@pytest.fixture
def test_images(arrays_folder) -> np.memmap:
    return np.load(arrays_folder / "test.npy", mmap_mode="r")


def build(name: str, arguments: dict) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(name, 32, 3, 1.0, arguments).eval()


def test_every_metric_has_one_value_per_test_image(test_images, monkeypatch):
    model = build("ladder", {"levels": 3})
    whole = evaluation.per_image(model, test_images, "ladder")
    monkeypatch.setattr(evaluation, "BATCH", 3)  # a short last batch changes nothing
    parts = evaluation.per_image(model, test_images, "ladder")
    assert {"mse", "mae", "psnr_db", "ssim", "sharpness_ratio", "grain", "blockiness"} < set(whole)
    for name, values in whole.items():
        assert values.shape == (10,)
        np.testing.assert_allclose(values, parts[name], rtol=1e-4, err_msg=name)


def test_rows_keep_the_order_of_the_images():
    rows = list(evaluation.rows({"mse": np.array([0.5, 0.25]), "ssim": np.array([0.1, 0.2])}))
    assert rows == [{"image": 0, "mse": 0.5, "ssim": 0.1}, {"image": 1, "mse": 0.25, "ssim": 0.2}]


def test_means_leave_out_images_that_have_no_value():
    assert evaluation.means({"sharpness_ratio": np.array([0.5, np.nan, 0.7])}) == {
        "sharpness_ratio": pytest.approx(0.6)
    }


def test_pictures_are_the_same_test_images_for_every_model(test_images):
    ladder = evaluation.pictures(build("ladder", {"levels": 3}), test_images)
    pca = evaluation.pictures(build("pca", {"code": 3}), test_images)
    assert np.array_equal(ladder["originals"], pca["originals"])
    assert np.array_equal(ladder["originals"], test_images[ladder["index"]])
    assert ladder["reconstructions"].shape == ladder["originals"].shape == (8, 32, 32, 3)
    assert not np.array_equal(ladder["reconstructions"], pca["reconstructions"])


def test_only_a_model_with_levels_is_decoded_from_every_depth(test_images):
    shown = evaluation.pictures(build("ladder", {"levels": 3}), test_images)
    assert shown["depths"].shape == (2, 3, 32, 32, 3)
    assert np.array_equal(shown["depths"][:, -1], shown["reconstructions"][:2])
    assert "depths" not in evaluation.pictures(build("pca", {"code": 3}), test_images)


def test_only_a_variational_model_makes_up_images_and_always_the_same(test_images):
    vae = build("ladder", {"levels": 3, "latent": "gaussian"})
    shown = evaluation.pictures(vae, test_images)
    assert shown["samples"].shape == (8, 32, 32, 3)
    assert np.array_equal(shown["samples"], evaluation.pictures(vae, test_images)["samples"])
    assert "samples" not in evaluation.pictures(build("ladder", {"levels": 3}), test_images)
