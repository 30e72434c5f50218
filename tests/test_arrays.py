import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofaces.core import arrays, files
from autofaces.core.files import BadInput


class TestLoad:
    def test_is_a_read_only_map_of_the_images(self, tmp_path):
        images = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
        np.save(tmp_path / "train.npy", images)
        found = arrays.load(tmp_path, "train")
        assert isinstance(found, np.memmap)
        assert not found.flags.writeable
        np.testing.assert_array_equal(found, images)

    def test_an_absent_file_says_what_to_run(self, tmp_path):
        with pytest.raises(BadInput, match=r"test\.npy: not found; run `dvc repro preprocess`"):
            arrays.load(tmp_path, "test")

    @pytest.mark.parametrize(
        "array",
        [
            np.zeros((2, 4, 4, 3), np.float32),
            np.zeros((2, 4, 4), np.uint8),
            np.zeros((2, 3, 4, 4), np.uint8),
            np.asfortranarray(np.zeros((2, 4, 4, 3), np.uint8)),
        ],
        ids=["floats", "three axes", "channels first", "columns first"],
    )
    def test_another_kind_of_array_is_refused(self, tmp_path, array):
        np.save(tmp_path / "train.npy", array)
        with pytest.raises(BadInput, match=r"expected uint8 \(N, H, W, 1 or 3\) in C order"):
            arrays.load(tmp_path, "train")

    @pytest.mark.parametrize("length", [0, 40, 200])
    def test_a_cut_file_is_refused(self, tmp_path, length):
        np.save(tmp_path / "train.npy", np.zeros((9, 4, 4, 3), np.uint8))
        path = tmp_path / "train.npy"
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(BadInput, match=r"train\.npy: not a whole \.npy file"):
            arrays.load(tmp_path, "train")

    def test_a_part_without_images_is_refused(self, tmp_path):
        np.save(tmp_path / "test.npy", np.zeros((0, 4, 4, 3), np.uint8))
        with pytest.raises(BadInput, match=r"test\.npy: no images; give its part a share"):
            arrays.load(tmp_path, "test")

    def test_other_bytes_than_those_that_were_made_are_refused(self, tmp_path):
        path = tmp_path / "train.npy"
        np.save(path, np.zeros((9, 4, 4, 3), np.uint8))
        files.write_json(tmp_path / "about.json", {"faces": "local", "sha256": {"train.npy": files.sha256(path)}})
        assert len(arrays.load(tmp_path, "train")) == 9
        assert arrays.about(tmp_path) == {"faces": "local"}
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b"\1")
        with pytest.raises(BadInput, match=r"train\.npy: not as it was made: SHA-256 .*run `dvc checkout --force`, or"):
            arrays.load(tmp_path, "train")


class TestLabels:
    @pytest.fixture
    def folder(self, tmp_path):
        np.save(tmp_path / "test.npy", np.zeros((2, 4, 4, 3), np.uint8))
        rows = "file,group,identity,year,factor_hat\na.zip/1.jpg,12e4,007,2001,none\na.zip/2.jpg,NA,NA,,sun\n"
        (tmp_path / "test.csv").write_text(rows)
        return tmp_path

    def test_names_stay_text_and_labels_become_numbers(self, folder):
        found = arrays.labels(folder, "test")
        assert found.group.tolist() == ["12e4", "NA"]
        assert found.identity.tolist() == ["007", "NA"]
        assert found.factor_hat.tolist() == ["none", "sun"]
        assert found.year[0] == 2001
        assert found.year.isna().tolist() == [False, True]

    def test_an_absent_file_says_what_to_run(self, folder):
        with pytest.raises(BadInput, match=r"train\.csv: not found; run `dvc repro preprocess`"):
            arrays.labels(folder, "train")

    def test_there_is_one_row_for_each_image(self, folder):
        np.save(folder / "test.npy", np.zeros((3, 4, 4, 3), np.uint8))
        with pytest.raises(BadInput, match=r"test\.csv: 2 rows for 3 images"):
            arrays.labels(folder, "test")


@pytest.mark.parametrize("text", [None, "", "{"], ids=["absent", "empty", "cut"])
def test_what_says_nothing_about_the_images_is_refused_with_what_to_run(tmp_path, text):
    if text is not None:
        (tmp_path / "about.json").write_text(text)
    with pytest.raises(BadInput, match=r"about\.json: not readable .*; run `dvc repro --force preprocess`"):
        arrays.about(tmp_path)


@given(st.integers(1, 500), st.integers(2, 500))
def test_indices_are_evenly_spaced_from_the_first_to_the_last(count, most):
    found = arrays.evenly(count, most)
    assert len(found) == min(count, most)
    assert (found[0], found[-1]) == (0, count - 1)
    steps = np.diff(found)
    assert len(steps) == 0 or 0 < steps.min() <= steps.max() <= steps.min() + 1
