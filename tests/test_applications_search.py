"""Finding similar images by their codes."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from autofaces.evaluation.applications import search


def cloud(seed: int, count: int = 30, size: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


@given(st.integers(0, 1000), st.sampled_from(["cosine", "euclidean"]))
def test_the_nearest_are_those_of_scikit_learn(seed, metric):
    points = cloud(seed)
    points -= points.mean(0)
    expected = NearestNeighbors(n_neighbors=5, metric=metric, algorithm="brute").fit(points.astype(float))
    found = search.nearest(points @ points.T, metric)
    np.testing.assert_array_equal(found, expected.kneighbors(return_distance=False))


@given(st.integers(0, 1000), st.floats(-3, 3), st.floats(0.1, 10), st.sampled_from(["cosine", "euclidean"]))
def test_moving_and_scaling_all_codes_changes_nothing(seed, by, times, metric):
    points = cloud(seed)
    moved = ((points + by) * times).astype(np.float64)
    np.testing.assert_array_equal(search.nearest(points @ points.T, metric), search.nearest(moved @ moved.T, metric))


def test_an_image_is_never_its_own_neighbour():
    points = np.repeat(cloud(0, 5), 4, axis=0)
    found = search.nearest(points @ points.T, "euclidean", k=3)
    assert not (found == np.arange(20)[:, None]).any()
    assert (found // 4 == np.arange(20)[:, None] // 4).all()


def test_precision_is_the_share_of_the_nearest_with_the_label():
    nearest = np.array([[1, 2], [0, 2], [0, 1]])
    assert search.precision(nearest, np.array([7, 7, 3])).tolist() == [0.5, 0.5, 0]
    assert search.precision(nearest, np.array([7, 7, 7])).tolist() == [1, 1, 1]


def test_codes_that_know_the_person_find_all_that_can_be_found():
    label = np.repeat(np.arange(6), [1, 2, 3, 6, 8, 8])
    codes = np.eye(6, dtype=np.float32)[label] + 0.01 * cloud(0, 28)
    images = np.random.default_rng(0).integers(0, 256, (28, 4, 4, 3), np.uint8)
    labels = pd.DataFrame({"identity": label.astype(str)})
    metrics, values, pictures = search.measure(codes, cloud(1, 28), images, labels)
    assert metrics == {"search_asked": 27}
    found = {name.removeprefix("search_precision_at_5"): value for name, value in values.items()}
    assert all(
        np.isnan(value).tolist() == [True] + [False] * 27 for value in found.values()
    )  # nobody else is the first
    np.testing.assert_allclose(found["_possible"][1:], np.repeat([0.2, 0.4, 1], [2, 3, 22]))
    np.testing.assert_allclose(found["_chance"][1:], np.repeat([1, 2, 5, 7], [2, 3, 6, 16]) / 27)
    np.testing.assert_allclose(found[""], found["_possible"])
    np.testing.assert_array_equal(found["_euclidean"], found[""])
    assert np.nanmean(found["_pca"]) < 0.5
    assert pictures["search_right"].sum(1).tolist() == sorted(pictures["search_right"].sum(1))
    assert pictures["search_right"][-1].all()


def test_a_byte_identical_copy_is_no_find():
    images = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), np.uint8)
    twice = np.concatenate([images, images[:5]])
    labels = pd.DataFrame({"identity": [*"aabbccddeeff", *"aabbc"]})
    codes = cloud(0, 12)
    codes = np.concatenate([codes, codes[:5]])
    asked, once, _ = search.measure(codes[:12], codes[:12], images, labels[:12])
    again, values, _ = search.measure(codes, codes, twice, labels)
    assert again == asked
    for name, value in values.items():
        np.testing.assert_array_equal(value, [*once[name], *[np.nan] * 5], err_msg=name)


def test_the_label_is_the_person_where_two_images_share_one_else_the_hair_style():
    hair = ["long", "long", "short"]
    assert search.shared_label(pd.DataFrame({"identity": [*"aab"], "factor_hair_style": hair})) == "identity"
    assert search.shared_label(pd.DataFrame({"identity": [*"abc"], "factor_hair_style": hair})) == "factor_hair_style"
    assert search.shared_label(pd.DataFrame({"identity": [*"abc"]})) is None
    assert search.shared_label(pd.DataFrame({"identity": ["a", "a", None]})) is None
