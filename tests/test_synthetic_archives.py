"""Archives of made-up faces in the official layouts."""

import csv
import io
import re
import tarfile
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from autofaces import files
from autofaces.synthetic import archives
from autofaces.synthetic import face as geometry


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


def members(folder):
    """Name -> bytes of every picture in the folder's archive, in the archive's order."""
    if (folder / "lfw.tgz").exists():
        with tarfile.open(folder / "lfw.tgz") as tar:
            return {entry.name: tar.extractfile(entry).read() for entry in tar}
    with zipfile.ZipFile(folder / "img_align_celeba.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


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


@pytest.mark.parametrize("layout", ["lfw", "celeba"])
def test_factors_name_every_picture_and_how_it_was_made(layout, request):
    folder = request.getfixturevalue(layout)
    table = factors(folder)
    assert [row["file"] for row in table] == list(members(folder))
    face = geometry.draw(0, int(table[0]["identity"]), int(table[0]["image"]), layout)
    assert float(table[0]["yaw"]) == round(face.yaw, 4)
    assert table[0]["hair_style"] == face.hair_style


@pytest.mark.parametrize("layout", ["lfw", "celeba"])
def test_two_processes_write_the_same_bytes_as_one(layout, request, tmp_path):
    folder = request.getfixturevalue(layout)
    archives.write(layout, tmp_path, images=len(members(folder)), seed=0, processes=2)
    hashes = [{p.name: files.sha256(p) for p in sorted(where.iterdir())} for where in (folder, tmp_path)]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == {"lfw": 2, "celeba": 5}[layout]


def test_asking_for_more_keeps_the_pictures_already_there(celeba, lfw, tmp_path):
    for layout, folder, images in (("celeba", celeba, 46), ("lfw", lfw, 30)):
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
    face = geometry.draw(0, 0, 0)
    for male in (True, False):
        names = {
            archives.person_name(face.__class__(**(vars(face) | {"identity": i, "male": male}))) for i in range(20_000)
        }
        assert len(names) == 20_000


def test_attributes_agree_with_the_factors():
    faces = [geometry.draw(0, identity, 0, "celeba") for identity in range(200)]
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


def test_an_unknown_layout_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"'cufs'.*lfw, celeba"):
        archives.write("cufs", tmp_path, images=1, seed=0)


def test_no_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="images is 0; at least 1"):
        archives.write("lfw", tmp_path, images=0, seed=0)


def test_a_failure_leaves_no_archive_behind(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of paint")

    monkeypatch.setattr(archives.photo, "render", broken)
    with pytest.raises(RuntimeError, match="out of paint"):
        archives.write("celeba", tmp_path, images=2, seed=0, processes=1)
    assert list(tmp_path.iterdir()) == []
