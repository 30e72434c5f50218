import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_archives import make, picture

from autofaces.core import arrays
from autofaces.data import archives, parallel, preprocessing


def ramp(width: int, height: int) -> Image.Image:
    """Red tells the column, green the row."""
    rows, columns = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8))


class TestFit:
    def test_a_number_takes_the_centre(self):
        found = np.asarray(preprocessing.fit(ramp(250, 250), 128, 3, 128))
        assert found.shape == (128, 128, 3)
        assert found[0, 0].tolist() == [61, 61, 0]

    def test_the_centre_of_a_centre_is_the_same(self):
        inner = ramp(250, 250).crop((48, 48, 202, 202))
        assert preprocessing.fit(inner, 128, 3, 128) == preprocessing.fit(ramp(250, 250), 128, 3, 128)

    def test_square_takes_the_largest_square(self):
        found = np.asarray(preprocessing.fit(ramp(178, 218), 178, 3, "square"))
        assert found[0, 0].tolist() == [0, 20, 0]
        assert found[-1, -1].tolist() == [177, 197, 0]

    def test_resizing_a_part_is_resizing_its_crop_but_for_the_border(self):
        image = archives.decode(picture(1, (178, 218)))
        expected = image.crop((0, 20, 178, 198)).resize((128, 128), Image.Resampling.BILINEAR)
        found = preprocessing.fit(image, 128, 3, "square")  # whose border sees the pixels beside the part
        np.testing.assert_array_equal(np.asarray(found)[1:-1], np.asarray(expected)[1:-1])

    def test_whole_squeezes(self):
        found = np.asarray(preprocessing.fit(ramp(40, 80), 20, 3, "whole")).astype(int)
        assert abs(found[10, 10] - [20.5, 41.5, 0]).max() <= 1

    def test_grey_is_luma(self):
        colours = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8))
        assert list(preprocessing.fit(colours, 2, 1, "whole").tobytes()) == [76, 150, 29, 9]

    def test_grey_images_become_rgb_where_three_channels_are_asked_for(self):
        found = preprocessing.fit(Image.new("L", (4, 4), 7), 2, 3, "whole")
        assert (found.mode, found.getpixel((0, 0))) == ("RGB", (7, 7, 7))

    def test_a_small_image_is_refused(self):
        with pytest.raises(archives.ImageError, match="100 x 150 pixels, too small for crop: 128"):
            preprocessing.fit(ramp(100, 150), 128, 3, 128)


class TestWrite:
    @pytest.fixture(params=["a.zip", "a.tgz"])
    def raw(self, request, tmp_path) -> Path:
        make(tmp_path / request.param, {f"{n:02}.jpg": picture(n, (20, 24)) for n in range(40)})
        parts = [*["train"] * 28, "unreadable", "duplicate", *["validation"] * 5, *["test"] * 5]
        rows = [f"{request.param}/{n * 7 % 40:02}.jpg,{part},g{n},0{n}" for n, part in enumerate(parts)]
        (tmp_path / "s.csv").write_text("\n".join(["file,split,group,score", *sorted(rows)]) + "\n")
        (tmp_path / "source.json").write_text('{"source": "local", "files": {}}')
        return tmp_path

    def test_row_i_of_the_labels_describes_image_i(self, raw):
        preprocessing.write(raw, raw / "s.csv", raw / "arrays", 8, 3, "square", "smoke", 8, None)
        for part, count in (("train", 28), ("validation", 5), ("test", 5)):
            images, labels = arrays.load(raw / "arrays", part), arrays.labels(raw / "arrays", part)
            assert len(images) == len(labels) == count
            for image, file in zip(images, labels.file, strict=True):
                data = picture(int(file[-6:-4]), (20, 24))
                expected = preprocessing.fit(archives.decode(data), 8, 3, "square")
                np.testing.assert_array_equal(image, np.asarray(expected))

    def test_labels_pass_through_as_they_are_written(self, raw):
        preprocessing.write(raw, raw / "s.csv", raw / "arrays", 8, 1, "square", "smoke", 8, None)
        assert (raw / "arrays" / "test.csv").read_text().splitlines()[0] == "file,group,score"
        assert (raw / "arrays" / "train.csv").read_text().splitlines()[1].split(",")[1:] == ["g0", "00"]

    @pytest.mark.parametrize("crop", ["square", 16])
    def test_where_the_faces_are_from_and_their_crop_go_with_them(self, raw, crop):
        preprocessing.write(raw, raw / "s.csv", raw / "arrays", 8, 1, crop, "smoke", 8, None)
        about = arrays.about(raw / "arrays")
        assert (about["profile"], about["faces"], about["crop"]) == ("smoke", "local", crop)

    @pytest.mark.parametrize("official", [63632, None])
    def test_how_large_images_and_archive_are_where_nothing_is_cut_goes_with_them(self, raw, official):
        preprocessing.write(raw, raw / "s.csv", raw / "arrays", 8, 1, "square", "smoke", 16, official)
        about = arrays.about(raw / "arrays")
        assert (about["full_size"], about["official_images"]) == (16, official)
        assert arrays.load(raw / "arrays", "test").shape[1:3] == (8, 8)

    def test_the_bytes_are_the_same_for_any_number_of_processes(self, raw, monkeypatch):
        monkeypatch.setattr(parallel, "FEW", 0)
        monkeypatch.setattr(parallel, "CHUNK", 3)
        found = set()
        for processes in (1, 2, 3):
            folder = raw / f"arrays{processes}"
            preprocessing.write(raw, raw / "s.csv", folder, 8, 1, "square", "smoke", 8, None, processes)
            found.add(tuple(hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())))
        assert len(found) == 1

    def test_a_small_image_is_named_and_nothing_is_left(self, raw):
        with pytest.raises(archives.ImageError, match=r"^a\.\w+/\d\d\.jpg: 20 x 24 pixels, too small for crop: 22"):
            preprocessing.write(raw, raw / "s.csv", raw / "arrays", 8, 3, 22, "smoke", 8, None)
        assert not [p for p in raw.iterdir() if "arrays" in p.name]
