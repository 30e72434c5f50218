"""Archives of made-up faces in the official layouts."""

import csv
import dataclasses
import io
import re
import tarfile
import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from autofaces.core import files
from autofaces.data import layouts, splits
from autofaces.synthetic import archives
from autofaces.synthetic.face import draw
from autofaces.synthetic.painter import paint


@pytest.fixture(scope="module")
def lfw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lfw")
    archives.write("lfw", folder, images=24, seed=0, processes=1)
    return folder


@pytest.fixture(scope="module")
def celeba(tmp_path_factory):
    folder = tmp_path_factory.mktemp("celeba")
    archives.write("celeba", folder, images=40, seed=0, processes=1)
    return folder


@pytest.fixture(scope="module")
def anime(tmp_path_factory):
    folder = tmp_path_factory.mktemp("anime")
    archives.write("anime", folder, images=40, seed=0, processes=1)
    return folder


@pytest.fixture(scope="module")
def cufs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cufs")
    archives.write("cufs", folder, images=20, seed=0, processes=1)
    return folder


def members(folder):
    """Name -> bytes of every picture in the folder's archives, in their order; of cufs the sketches."""
    if (folder / "lfw.tgz").exists():
        with tarfile.open(folder / "lfw.tgz") as tar:
            return {entry.name: tar.extractfile(entry).read() for entry in tar}
    found = {}
    for path in sorted(folder.glob("*.zip"), reverse=True):  # training before testing, as in factors.csv
        if not path.name.endswith("photos.zip"):
            with zipfile.ZipFile(path) as archive:
                found |= {name: archive.read(name) for name in archive.namelist()}
    return found


def raw(folder, file):
    """Bytes of `<archive>/<member>`."""
    archive, member = file.split("/", 1)
    with zipfile.ZipFile(folder / archive) as found:
        return found.read(member)


def factors(folder):
    with (folder / "factors.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rows(path):
    """Fields of each line, after checking that lines end as the official files' do."""
    text = path.read_bytes().decode()
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
    return [line.split() for line in text.splitlines()]


def test_lfw_holds_exactly_the_images_asked_for_under_their_persons_names(lfw):
    names = list(members(lfw))
    assert len(names) == 24
    assert names == sorted(names)
    assert all(re.fullmatch(r"lfw/([A-Z][a-z]+_[A-Z][a-z]+)/\1_\d{4}\.jpg", name) for name in names)


def test_pictures_of_a_person_count_from_one(lfw):
    numbers = {}
    for name in members(lfw):
        numbers.setdefault(name.split("/")[1], []).append(int(name[-8:-4]))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


@pytest.mark.parametrize(("layout", "size"), [("lfw", (250, 250)), ("celeba", (178, 218))])
def test_pictures_are_jpegs_of_the_official_size(layout, size, request):
    for jpeg in members(request.getfixturevalue(layout)).values():
        image = Image.open(io.BytesIO(jpeg))
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", size)


def test_celeba_lists_have_the_official_form(celeba):
    names = [f"{k:06d}.jpg" for k in range(1, 41)]
    assert list(members(celeba)) == [f"img_align_celeba/{name}" for name in names]
    partition, identity = rows(celeba / "list_eval_partition.txt"), rows(celeba / "identity_CelebA.txt")
    count, attributes, *signs = rows(celeba / "list_attr_celeba.txt")
    assert [row[0] for row in partition] == [row[0] for row in identity] == [row[0] for row in signs] == names
    assert count == ["40"]
    assert all(len(row) == 1 + len(attributes) and set(row[1:]) <= {"1", "-1"} for row in signs)


def test_celeba_partitions_by_person_and_fills_all_three(celeba):
    part = dict(rows(celeba / "list_eval_partition.txt"))
    parts = {}
    for name, person in rows(celeba / "identity_CelebA.txt"):
        parts.setdefault(person, set()).add(part[name])
    assert all(len(found) == 1 for found in parts.values())
    assert set.union(*parts.values()) == {"0", "1", "2"}


@pytest.mark.parametrize("layout", ["lfw", "anime", "celeba", "cufs"])
def test_factors_name_every_picture_and_how_it_was_made(layout, request):
    folder = request.getfixturevalue(layout)
    table = factors(folder)
    assert sorted(row["file"] for row in table) == sorted(members(folder))
    face = draw(0, int(table[0]["identity"]), int(table[0]["image"]), layout)
    assert float(table[0]["roll"]) == round(face.roll, 4)
    assert table[0]["hair_style"] == face.hair_style


@pytest.mark.parametrize("layout", ["lfw", "anime", "celeba", "cufs"])
def test_two_processes_write_the_same_bytes_as_one(layout, request, tmp_path):
    folder = request.getfixturevalue(layout)
    archives.write(layout, tmp_path, images=len(members(folder)), seed=0, processes=2)
    hashes = [{p.name: files.sha256(p) for p in sorted(where.iterdir())} for where in (folder, tmp_path)]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == {"lfw": 2, "anime": 2, "celeba": 5, "cufs": 5}[layout]


def test_asking_for_more_keeps_the_pictures_already_there(celeba, lfw, anime, cufs, tmp_path):
    for layout, folder, images in (("celeba", celeba, 46), ("lfw", lfw, 30), ("anime", anime, 50), ("cufs", cufs, 22)):
        where = tmp_path / layout
        where.mkdir()
        archives.write(layout, where, images=images, seed=0, processes=1)
        assert members(folder).items() <= members(where).items()
        assert len(members(where)) == images


def test_another_seed_makes_other_people(lfw, tmp_path):
    archives.write("lfw", tmp_path, images=3, seed=1, processes=1)
    assert not set(members(tmp_path).values()) & set(members(lfw).values())


@pytest.mark.parametrize("layout", ["lfw", "celeba"])
def test_a_hundred_images_show_at_least_25_people(layout):
    for seed in range(20):
        assert sum(archives.images_of(layout, seed, identity) for identity in range(24)) < 100


def test_people_have_as_many_pictures_as_in_the_real_sets():
    lfw = Counter(archives.images_of("lfw", 0, identity) for identity in range(2000))
    celeba = Counter(archives.images_of("celeba", 0, identity) for identity in range(400, 2000))
    assert lfw[1] + lfw[2] + lfw[3] > 0.7 * 2000
    assert max(lfw) == 12
    assert min(celeba) == 1
    assert max(celeba) == 30


def test_names_are_never_used_twice():
    face = draw(0, 0, 0)
    for male in (True, False):
        names = {
            archives.person_name(face.__class__(**(vars(face) | {"identity": i, "male": male}))) for i in range(20_000)
        }
        assert len(names) == 20_000


def test_attributes_agree_with_the_factors():
    faces = [draw(0, identity, 0, "celeba") for identity in range(200)]
    for face, found in ((face, archives.attributes(face)) for face in faces):
        assert found["Male"] == face.male
        assert found["Eyeglasses"] == (face.glasses != "none")
        assert found["Bald"] == (face.hair_style == "bald")
        assert found["Smiling"] == (face.smile > 0.3)
        colours = [found[f"{c}_Hair"] for c in ("Black", "Blond", "Brown", "Gray")]
        assert sum(colours) <= 1
        assert not (found["Goatee"] and found["No_Beard"])
        assert face.male or found["No_Beard"]
    shares = np.mean([list(archives.attributes(face).values()) for face in faces], 0)
    assert (shares > 0).all()
    assert (shares < 1).all()


def test_anime_pictures_are_squares_of_90_to_120_pixels_named_by_id_and_year(anime):
    pictures = members(anime)
    assert len(pictures) == 40
    ids = [int(re.fullmatch(r"images/(\d+)_20[01]\d\.jpg", name)[1]) for name in pictures]
    assert sorted(ids) == list(range(40))
    sizes = [Image.open(io.BytesIO(jpeg)).size for jpeg in pictures.values()]
    assert all(width == height and 90 <= width <= 120 for width, height in sizes)
    assert len(set(sizes)) > 10


def test_anime_twins_share_their_bytes_and_factors_and_nobody_else_does(anime):
    pictures = members(anime)
    drawings = archives.originals(40, 0)
    by_id = {int(name.split("/")[1].split("_")[0]): name for name in pictures}
    same = {(a, b): pictures[by_id[a]] == pictures[by_id[b]] for a in range(40) for b in range(40)}
    assert all(found == (drawings[a] == drawings[b]) for (a, b), found in same.items())
    identity = {row["file"]: row["identity"] for row in factors(anime)}
    assert all((identity[by_id[a]] == identity[by_id[b]]) == found for (a, b), found in same.items())


@settings(max_examples=30, deadline=None, derandomize=True)
@given(images=st.integers(1, 300), more=st.integers(0, 50), seed=st.integers(0, 10_000))
def test_a_copy_comes_after_its_original(images, more, seed):
    drawings = archives.originals(images, seed)
    assert list(dict.fromkeys(drawings)) == list(range(max(drawings) + 1))
    assert archives.originals(images + more, seed)[:images] == drawings


def test_two_of_five_anime_files_have_a_twin_as_in_the_real_set():
    for seed in range(3):
        drawings = archives.originals(5000, seed)
        copies = Counter(drawings)
        assert 0.37 < np.mean([copies[drawing] > 1 for drawing in drawings]) < 0.44  # 0.42 in the real set
        assert 0.72 < len(copies) / 5000 < 0.79  # 0.77


def test_the_split_keeps_twins_together(anime):
    table = splits.inspect(anime, layouts.read("anime", anime), processes=1)
    parts = splits.split(table, "anime", "random", validation=0.15, test=0.1, seed=0)
    assert parts.split.value_counts().to_dict() == {"train": 30, "validation": 6, "test": 4}
    parts["drawing"] = [raw(anime, file) for file in parts.file]
    assert parts.drawing.duplicated().sum() > 3
    assert (parts.groupby("drawing").split.nunique() == 1).all()


def test_most_anime_characters_are_women(anime):
    assert 0.1 < np.mean([row["male"] == "True" for row in factors(anime)]) < 0.5


def test_cufs_has_the_official_names():
    training, testing = archives.cufs_names("training"), archives.cufs_names("testing")
    assert (len(training), len(testing), len({*training, *testing})) == (88, 100, 188)
    assert Counter(name.split("-")[0] for name in training) == {"f": 34, "m": 54}
    assert Counter(name.split("-")[0] for name in testing) == {"f": 5, "f1": 15, "m": 39, "m1": 41}
    assert (training[0], training[-1], testing[0], testing[-1]) == ("f-005-01", "m-062-01", "f-039-01", "m1-041-01")
    assert "m-020-01" not in training


def test_whole_cufs_is_88_pairs_to_train_and_100_to_test(tmp_path, monkeypatch):
    blank = np.zeros((25, 20, 3), np.uint8)
    monkeypatch.setattr(archives, "paint", lambda _, style, *size: blank if style == "photo" else blank[..., 0])
    archives.write("cufs", tmp_path, images=500, seed=0, processes=1)
    table = layouts.read("cufs", tmp_path)
    assert table.official.value_counts().to_dict() == {"train": 88, "test": 100}
    assert table.photo.nunique() == 188
    assert "" not in set(table.photo)
    modes = [Image.open(io.BytesIO(raw(tmp_path, file))).mode for file in table.file]
    assert Counter(zip(table.official, modes, strict=True)) == {
        ("train", "L"): 88,
        ("test", "L"): 58,
        ("test", "RGB"): 42,
    }
    assert (table.factor_male == "True").tolist() == [name.startswith("m") for name in table.identity]


def test_a_part_of_cufs_keeps_the_proportions(cufs):
    table = layouts.read("cufs", cufs)
    assert table.official.value_counts().to_dict() == {"train": 10, "test": 10}
    assert 0.5 < (table.factor_male == "True").mean() < 0.9  # 135 of the 188


@pytest.mark.parametrize(("images", "pairs"), [(1, (10, 10)), (60, (28, 32)), (188, (88, 100))])
def test_cufs_has_as_many_sketches_as_asked_for_but_no_fewer_than_20(images, pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_jpeg", lambda task: b"x")
    archives.write("cufs", tmp_path, images=images, seed=0, processes=1)
    official = layouts.read("cufs", tmp_path).official
    assert ((official == "train").sum(), (official == "test").sum()) == pairs


def test_cufs_pairs_show_one_face_of_one_person(cufs):
    for row in layouts.read("cufs", cufs)[::7].itertuples():
        sketched, taken = (Image.open(io.BytesIO(raw(cufs, file))) for file in (row.file, row.photo))
        assert (sketched.size, taken.size, taken.mode) == ((200, 250), (200, 250), "RGB")
        person = draw(0, int(row.factor_identity), 0, "cufs")
        shown = dataclasses.replace(
            person, **{name: type(value)(getattr(row, f"factor_{name}")) for name, value in vars(person).items()
                       if name not in ("male",)}
        )  # fmt: skip
        for style, picture in (("photo", taken), ("sketch", sketched)):
            drawn = paint(shown, style, 200, 250).astype(float)
            assert np.abs(drawn - np.asarray(picture.convert("L" if drawn.ndim == 2 else "RGB"))).mean() < 6


def test_cufs_photographs_look_ahead_before_a_blue_wall(cufs):
    for row in layouts.read("cufs", cufs).itertuples():
        wall = np.asarray(Image.open(io.BytesIO(raw(cufs, row.photo))))[:20].mean((0, 1))
        assert wall[2] > wall[0] + 5
        assert abs(float(row.factor_yaw)) < 7
        assert float(row.factor_age) < 30


def test_an_unknown_layout_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"'folder'.*lfw, anime, celeba, cufs"):
        archives.write("folder", tmp_path, images=1, seed=0)


def test_no_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="images is 0; at least 1"):
        archives.write("lfw", tmp_path, images=0, seed=0)


def test_a_failure_leaves_no_archive_behind(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of paint")

    monkeypatch.setattr(archives, "paint", broken)
    for layout in ("celeba", "anime", "cufs"):
        with pytest.raises(RuntimeError, match="out of paint"):
            archives.write(layout, tmp_path, images=2, seed=0, processes=1)
    assert list(tmp_path.iterdir()) == []
