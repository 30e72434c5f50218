"""What a linear map reads from codes, and what the encoder sees."""

import numpy as np
import pandas as pd
import torch

from autofaces.evaluation.applications import probe
from autofaces.training import models, pixels


def table(male: np.ndarray, persons: int = 1) -> pd.DataFrame:
    return pd.DataFrame({"group": (np.arange(len(male)) // persons).astype(str), "factor_male": male})


def test_a_code_that_holds_the_label_is_read_and_noise_is_not():
    random = np.random.default_rng(0)
    male, test = random.random(120) < 0.6, random.random(80) < 0.6
    noise = random.normal(size=(120, 5)), random.normal(size=(80, 5))
    told = tuple(np.column_stack([n, answer]) for n, answer in zip(noise, (male, test), strict=True))
    values = probe.measure({"": told, "_pca": noise}, table(male), table(test))
    assert (values["probe_accuracy_male"] == 1).all()
    assert values["probe_accuracy_male_pca"].mean() < 0.75
    np.testing.assert_array_equal(values["probe_accuracy_male_majority"], test)


def test_the_mean_over_labels_stands_for_all():
    random = np.random.default_rng(0)
    tables = []
    for count in (90, 60):
        labels = table(random.random(count) < 0.5).assign(factor_smile=random.uniform(-0.4, 1, count))
        tables.append(labels.assign(factor_glasses=np.where(random.random(count) < 0.7, "none", "oval")))
    codes = {"": (random.normal(size=(90, 3)), random.normal(size=(60, 3)))}
    values = probe.measure(codes, *tables)
    for suffix in ("", "_majority"):
        each = [values[f"probe_accuracy_{label}{suffix}"] for label in ("male", "smiling", "eyeglasses")]
        assert set(np.concatenate(each)) == {0.0, 1.0}
        np.testing.assert_allclose(values[f"probe_accuracy{suffix}"], np.mean(each, axis=0))


def test_a_label_that_few_persons_have_is_left_out():
    male = np.arange(60) < 40
    codes = {"": (np.random.default_rng(0).normal(size=(60, 3)),) * 2}
    assert "probe_accuracy" in probe.measure(codes, table(male), table(male))
    assert probe.measure(codes, table(male, persons=10), table(male)) == {}  # 4 and 2 persons


def test_labels_are_attributes_or_else_factors():
    factors = pd.DataFrame(
        {"factor_smile": [0.9, 0.1], "factor_glasses": ["none", "sun"], "factor_male": [True, False]}
    )
    assert probe.read(factors, "smiling").tolist() == [True, False]
    assert probe.read(factors, "eyeglasses").tolist() == [False, True]
    assert probe.read(factors, "male").tolist() == [True, False]
    assert probe.read(factors.assign(Smiling=[0, 1]), "smiling").tolist() == [False, True]
    assert probe.read(pd.DataFrame({"Male": [-1, 1]}), "male").tolist() == [False, True]
    assert probe.read(pd.DataFrame({"file": ["a"]}), "male") is None


def lit(bright: np.ndarray, seed: int) -> np.ndarray:
    """Images of noise, bright or dark at the top, uint8 (N, 16, 16, 3)."""
    images = np.random.default_rng(seed).integers(0, 100, (len(bright), 16, 16, 3), np.uint8)
    images[:, :4] += np.where(bright, 120, 0).astype(np.uint8)[:, None, None, None]
    return images


def test_what_a_reader_of_originals_does_not_find_in_a_reconstruction_is_not_kept():
    random = np.random.default_rng(0)
    large, test = random.random(90) < 0.5, random.random(40) < 0.5
    tables = [table(large).assign(factor_eye_size=1 + 0.1 * large), table(test).assign(factor_eye_size=1 + 0.1 * test)]
    swapped = test ^ (np.arange(40) < 10)
    values = probe.kept(lit(large, 1), lit(test, 2), lit(swapped, 3), *tables)
    assert values.keys() == {"kept_eye_size", "kept_eye_size_original"}
    assert (values["kept_eye_size_original"] == 1).all()
    np.testing.assert_array_equal(values["kept_eye_size"], np.arange(40) >= 10)


def test_a_constant_reconstruction_keeps_what_one_class_has():
    random = np.random.default_rng(0)
    large, test = random.random(90) < 0.4, random.random(40) < 0.4
    tables = [table(y).assign(factor_eye_size=1 + 0.1 * y) for y in (large, test)]
    values = probe.kept(lit(large, 1), lit(test, 2), np.full((40, 16, 16, 3), 90, np.uint8), *tables)
    assert values["kept_eye_size"].mean() in (test.mean(), 1 - test.mean())


def test_a_hair_colour_that_few_have_is_neither_learned_nor_asked_for():
    colours = np.array([1, 0.05] * 20 + [0.5] * 4)  # black, blond, and brown
    persons = table(colours > 2).assign(factor_hair_style="short", factor_hair_grey=0.0, factor_hair_red=0.0)
    train, test = persons.assign(factor_hair_dark=colours), persons.assign(factor_hair_dark=colours[::-1])
    images = lit(colours < 0.3, 1)
    values = probe.kept(images, images[::-1], images[::-1], train, test)
    assert values.keys() == {"kept_hair_colour", "kept_hair_colour_original"}
    np.testing.assert_array_equal(values["kept_hair_colour"], [np.nan] * 4 + [1] * 40)
    assert probe.kept(images, images, images, train.assign(group="one"), test) == {}


def test_hair_colour_is_an_attribute_that_an_image_has_alone_or_what_the_factors_say():
    marks = pd.DataFrame(
        {"Black_Hair": [1, -1, -1, 1], "Blond_Hair": [-1, 1, -1, 1], "Brown_Hair": -1, "Gray_Hair": [-1, -1, -1, -1]}
    )
    assert probe.hair_colour(marks).fillna("").tolist() == ["black", "blond", "", ""]
    factors = pd.DataFrame(
        {
            "factor_hair_dark": [0.9, 0.5, 0.1, 0.9, 0.9, 0.9],
            "factor_hair_red": [0.1, 0.1, 0.1, 0.8, 0.8, 0.1],
            "factor_hair_grey": [0.0, 0.0, 0.0, 0.0, 0.9, 0.0],
            "factor_hair_style": ["short"] * 5 + ["bald"],
        }
    )
    assert probe.hair_colour(factors).fillna("").tolist() == ["black", "brown", "blond", "red", "grey", ""]
    assert probe.hair_colour(pd.DataFrame({"file": ["a", "b"]})).isna().tolist() == [True, True]


def test_nothing_is_kept_where_nothing_is_known():
    bare = pd.DataFrame({"group": list("abcdefgh")})
    images = lit(np.arange(8) < 4, 1)
    assert probe.kept(images, images, images, bare, bare) == {}


def test_feature_maps_are_those_of_the_last_convolution_that_is_large_enough():
    torch.manual_seed(0)
    model = models.build("pooling", 32, 3, 1.0, {"levels": 3}).eval()
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    found = probe.feature_maps(model, images)
    assert np.array_equal(found["probe_faces"], images[[0, 2, 5, 8]])
    assert found["probe_maps"].shape == (4, 8, 16, 16)
    assert (found["probe_maps"].min((0, 2, 3)) == 0).all()
    assert (found["probe_maps"].max((0, 2, 3)) == 255).all()
    with torch.no_grad():
        second = model.encoder[:4](pixels.normalise(torch.from_numpy(found["probe_faces"]), (0.0, 1.0))).numpy()
    correlation = np.corrcoef(second.swapaxes(0, 1).reshape(64, -1), found["probe_maps"][:, 3].reshape(1, -1))
    assert correlation[-1, :-1].max() > 0.999
    assert not any(m._forward_hooks for m in model.modules())


def test_a_model_without_convolutions_has_no_feature_maps():
    model = models.build("pca", 32, 3, 1.0, {"code": 3})
    assert probe.feature_maps(model, np.zeros((5, 32, 32, 3), np.uint8)) == {}


def test_the_colour_of_hair_is_kept_by_a_copy_and_lost_by_the_average_picture():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, 1, 1, 3), dtype=np.uint8).repeat(40, 1).repeat(40, 2)
    bald = images.copy()
    bald[:, 4:12, 12:28] = 255 - bald[:, 4:12, 12:28]  # another colour there, and nowhere else
    errors = probe.hair_errors(images, images, bald)
    np.testing.assert_allclose(errors["hair_colour_error"], np.square(1 - images[:, 0, 0] / 127.5).sum(1))
    spread = np.square(images[:, 0, 0] / 255 - images[:, 0, 0].mean(0) / 255).sum(1)
    np.testing.assert_allclose(errors["hair_colour_error_of_mean"], spread)
    assert not probe.hair_errors(images, images, images)["hair_colour_error"].any()
    assert probe.hair_errors(images[..., :1], images[..., :1], images[..., :1]) == {}
