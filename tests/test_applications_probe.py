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
