import os
from pathlib import Path

import pytest
from test_archives import make, make_tar, make_zip

from autofaces.core.files import BadInput
from autofaces.data import layouts


def empty(*names: str) -> dict[str, bytes]:
    return dict.fromkeys(names, b"x")


def celeba(raw: Path, numbers=(1, 2, 3), inside: str = "img_align_celeba", end: str = "\r\n") -> Path:
    make_zip(raw / "img_align_celeba.zip", empty(*(f"{inside}/{n:06}.jpg" for n in numbers)))
    (raw / "list_eval_partition.txt").write_bytes(f"000001.jpg 0{end}000002.jpg 1{end}000003.jpg 2{end}".encode())
    (raw / "identity_CelebA.txt").write_bytes(f"000001.jpg 77{end}000002.jpg 5{end}000003.jpg 5{end}".encode())
    return raw


class TestLfw:
    @pytest.mark.parametrize(
        ("name", "top"),
        [("lfw.tgz", "lfw"), ("lfw-funneled.tgz", "lfw_funneled"), ("lfw-deepfunneled.tgz", "lfw-deepfunneled")],
    )
    def test_the_folder_names_the_person(self, tmp_path, name, top):
        make_tar(tmp_path / name, empty(f"{top}/Bo_B/Bo_B_0002.jpg", f"{top}/Al_A/Al_A_0001.jpg"))
        table = layouts.read("lfw", tmp_path)
        assert list(table.file) == [f"{name}/{top}/Al_A/Al_A_0001.jpg", f"{name}/{top}/Bo_B/Bo_B_0002.jpg"]
        assert list(table.identity) == ["Al_A", "Bo_B"]

    def test_the_lists_of_people_are_its_official_partition(self, tmp_path):
        make_tar(tmp_path / "lfw.tgz", empty("lfw/Al_A/Al_A_0001.jpg", "lfw/Bo_B/Bo_B_0001.jpg"))
        (tmp_path / "peopleDevTrain.txt").write_text("1\nBo_B\t1\n")
        (tmp_path / "peopleDevTest.txt").write_text("1\nAl_A\t1\n")
        table = layouts.read("lfw", tmp_path)
        assert list(table.official) == ["test", "train"]
        assert list(table.official.cat.categories) == ["train", "test"]

    def test_an_image_in_no_folder_is_named(self, tmp_path):
        make_tar(tmp_path / "lfw.tgz", empty("a.jpg"))
        with pytest.raises(BadInput, match=r"lfw\.tgz/a\.jpg is in no person's folder"):
            layouts.read("lfw", tmp_path)

    def test_factors_of_a_synthetic_face_are_labels(self, tmp_path):
        make_tar(tmp_path / "lfw.tgz", empty("lfw/B/2.jpg", "lfw/A/1.jpg"))
        (tmp_path / "factors.csv").write_text("file,yaw,hat\nlfw/B/2.jpg,0.50,none\nlfw/A/1.jpg,-1.25,sun\n")
        table = layouts.read("lfw", tmp_path)
        assert list(table.factor_yaw) == ["-1.25", "0.50"]
        assert list(table.factor_hat) == ["sun", "none"]

    def test_factors_must_know_every_image(self, tmp_path):
        make_tar(tmp_path / "lfw.tgz", empty("lfw/B/2.jpg", "lfw/A/1.jpg"))
        (tmp_path / "factors.csv").write_text("file,yaw\nlfw/B/2.jpg,0.5\n")
        with pytest.raises(BadInput, match=r"1 of 2 are in the archive and not in the list: lfw/A/1\.jpg"):
            layouts.read("lfw", tmp_path)


class TestAnime:
    @pytest.mark.parametrize("name", ["animefacedataset.zip", "data.tgz"])
    def test_the_name_ends_with_the_year(self, tmp_path, name):
        make(tmp_path / name, empty("any/1_2003.jpg", "any/0_2001.jpg", "any/old.jpg"))
        table = layouts.read("anime", tmp_path)
        assert table.year.tolist()[:2] == [2001, 2003]
        assert table.year.isna().tolist() == [False, False, True]
        assert list(table.columns) == ["file", "year"]


class TestCeleba:
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("inside", ["img_align_celeba", "img_align_celeba/img_align_celeba"])
    def test_lists_say_who_and_which_part(self, tmp_path, inside, end):
        table = layouts.read("celeba", celeba(tmp_path, inside=inside, end=end))
        assert list(table.identity) == ["77", "5", "5"]
        assert list(table.official) == ["train", "validation", "test"]

    def test_a_subset_of_the_images_is_enough(self, tmp_path):
        table = layouts.read("celeba", celeba(tmp_path, numbers=[2]))
        assert list(table.official) == ["validation"]
        assert list(table.official.cat.categories) == ["train", "validation", "test"]

    def test_an_image_that_a_list_lacks_is_named(self, tmp_path):
        with pytest.raises(BadInput, match=r"1 of 3 are in the archive and not in the list: 000009\.jpg"):
            layouts.read("celeba", celeba(tmp_path, numbers=[1, 2, 9]))

    def test_identities_may_be_absent(self, tmp_path):
        (celeba(tmp_path) / "identity_CelebA.txt").unlink()
        assert "identity" not in layouts.read("celeba", tmp_path)

    def test_attributes_become_0_and_1(self, tmp_path):
        rows = "3\r\nBald Male\r\n000003.jpg -1  1\r\n000001.jpg  1 -1\r\n000002.jpg -1 -1\r\n"
        (celeba(tmp_path) / "list_attr_celeba.txt").write_bytes(rows.encode())
        table = layouts.read("celeba", tmp_path)
        assert table[["Bald", "Male"]].to_numpy().tolist() == [[1, 0], [0, 0], [0, 1]]

    def test_lists_as_csv_are_read_too(self, tmp_path):
        (celeba(tmp_path) / "list_eval_partition.txt").unlink()
        (tmp_path / "list_eval_partition.csv").write_text(
            "image_id,partition\n000001.jpg,2\n000002.jpg,0\n000003.jpg,1\n"
        )
        (tmp_path / "list_attr_celeba.csv").write_text("image_id,Bald\n000001.jpg,-1\n000002.jpg,1\n000003.jpg,1\n")
        table = layouts.read("celeba", tmp_path)
        assert list(table.official) == ["test", "train", "validation"]
        assert list(table.Bald) == [0, 1, 1]

    @pytest.mark.parametrize(
        ("file", "rows", "message"),
        [
            ("list_eval_partition.txt", "000001.jpg 0\n000002.jpg 3\n", "line 2: '000002.jpg 3'; expected <image>"),
            ("list_eval_partition.txt", "000001.jpg 0\n000001.jpg 0\n", "line 2: .*every image once"),
            ("list_eval_partition.txt", "000001.jpg\n", "line 1: '000001.jpg'; expected <image> <0, 1 or 2>"),
            ("identity_CelebA.txt", "000001.jpg Bo\n", "line 1: '000001.jpg Bo'; expected <image> <identity>"),
            ("list_attr_celeba.txt", "1\nBald Male\n000001.jpg 1\n", "line 3: .*expected <image> and 2 times"),
            ("list_attr_celeba.txt", "1\nBald\n000001.jpg 0\n", "line 3: .*1 or -1"),
        ],
    )
    def test_a_wrong_row_is_named_by_its_line(self, tmp_path, file, rows, message):
        (celeba(tmp_path) / file).write_text(rows)
        with pytest.raises(BadInput, match=f"{file}, {message}"):
            layouts.read("celeba", tmp_path)

    def test_a_list_that_is_no_text_is_refused(self, tmp_path):
        (celeba(tmp_path) / "identity_CelebA.txt").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(BadInput, match=r"identity_CelebA\.txt: not a text file"):
            layouts.read("celeba", tmp_path)


class TestCufs:
    @pytest.fixture
    def raw(self, tmp_path) -> Path:
        for name, content in {
            "training_cropped_photos": ["photos/m-008-01.jpg", "photos/f-005-01.jpg"],
            "training_cropped_sketches": ["sketches/F2-005-01-sz1.jpg", "sketches/M2-008-01-sz1.jpg"],
            "testing_cropped_photos": ["photos/f1-001-01.jpg"],
            "testing_cropped_sketches": ["sketches/f1-001-01-sz1.jpg", "sketches/m-101-01-sz1.jpg"],
        }.items():
            make_zip(tmp_path / f"CUHK_{name}.zip", empty(*content))
        return tmp_path

    def test_sketches_are_paired_with_photos_by_number(self, raw):
        table = layouts.read("cufs", raw)
        assert list(table.identity) == ["f1-001-01", "m-101-01", "f-005-01", "m-008-01"]
        assert list(table.photo) == [
            "CUHK_testing_cropped_photos.zip/photos/f1-001-01.jpg",
            "",
            "CUHK_training_cropped_photos.zip/photos/f-005-01.jpg",
            "CUHK_training_cropped_photos.zip/photos/m-008-01.jpg",
        ]

    def test_the_archive_says_the_part_and_knows_no_validation(self, raw):
        table = layouts.read("cufs", raw)
        assert list(table.official) == ["test", "test", "train", "train"]
        assert list(table.official.cat.categories) == ["train", "test"]

    def test_a_missing_archive_is_named(self, raw):
        (raw / "CUHK_testing_cropped_photos.zip").unlink()
        with pytest.raises(BadInput, match=r"CUHK_testing_cropped_photos\.zip is missing; run `dvc repro"):
            layouts.read("cufs", raw)


class TestFolder:
    @pytest.mark.parametrize("name", ["mine.zip", "mine.tar.gz"])
    def test_nested_and_flat_images_are_alike(self, tmp_path, name):
        make(tmp_path / name, empty("b.png", "x/y/a.jpg", "notes.txt"))
        assert list(layouts.read("folder", tmp_path).file) == [f"{name}/b.png", f"{name}/x/y/a.jpg"]

    def test_no_images_is_an_error(self, tmp_path):
        make_zip(tmp_path / "mine.zip", empty("notes.txt"))
        with pytest.raises(BadInput, match="hold no images"):
            layouts.read("folder", tmp_path)

    def test_two_archives_are_an_error(self, tmp_path):
        for name in ("a.zip", "b.zip"):
            make_zip(tmp_path / name, empty("a.jpg"))
        with pytest.raises(BadInput, match=r"expected one zip or tar archive, found a\.zip, b\.zip"):
            layouts.read("folder", tmp_path)


@pytest.mark.parametrize(
    ("layout", "parts"),
    [
        ("lfw", {"train", "test"}),
        ("anime", None),
        ("celeba", {"train"}),
        ("cufs", {"train", "test"}),
    ],
)
def test_the_real_archives_are_understood(layout, parts):
    raw = Path(os.environ.get("AUTOFACES_DATA") or "absent") / layout
    if not raw.exists():
        pytest.skip("set AUTOFACES_DATA to a folder with the real archives")
    table = layouts.read(layout, raw)
    assert table.file.is_monotonic_increasing
    assert table.file.is_unique
    assert ("official" in table) == (parts is not None)
    assert parts is None or parts <= set(table.official)
    if layout == "cufs":
        assert (table.photo != "").mean() > 0.9
