import json
import os
from pathlib import Path

import pytest
from serving import dataset, obtainer, official, sha256
from test_archives import make_tar, make_zip, picture

from autofaces.core.files import BadInput
from autofaces.data import archives, sources


@pytest.fixture
def obtain(tmp_path, monkeypatch):
    return obtainer(tmp_path, monkeypatch)


class TestLocal:
    @pytest.fixture
    def mine(self, tmp_path) -> Path:
        (tmp_path / "mine/faces").mkdir(parents=True)
        return tmp_path / "mine/faces"

    def test_archives_are_taken_as_they_are_with_the_lists_the_layout_knows(self, obtain, mine, tmp_path):
        make_tar(mine / "lfw.tgz", {"lfw/A/1.jpg": picture()})
        (mine / "peopleDevTrain.txt").write_text("1\nA\t1\n")
        (mine / "holiday.txt").write_text("x")
        obtain(dataset("lfw"), "local")
        raw = tmp_path / "raw/faces"
        assert sorted(p.name for p in raw.iterdir()) == ["lfw.tgz", "peopleDevTrain.txt", "source.json"]
        assert (raw / "lfw.tgz").read_bytes() == (mine / "lfw.tgz").read_bytes()
        record = json.loads((raw / "source.json").read_text())
        assert record["source"] == "local"
        assert record["files"]["lfw.tgz"]["sha256"] == sha256((mine / "lfw.tgz").read_bytes())
        assert str(tmp_path) not in (raw / "source.json").read_text()

    def test_the_environment_overrides_the_settings(self, obtain, mine, tmp_path, monkeypatch):
        monkeypatch.setenv("AUTOFACES_DATA", str(tmp_path / "elsewhere"))
        with pytest.raises(BadInput, match=r"not found in .*elsewhere/faces; there: nothing"):
            obtain(dataset("lfw"), "local")

    def test_without_a_folder_it_says_what_to_set(self, obtain):
        with pytest.raises(BadInput, match="set AUTOFACES_DATA, or data_root"):
            obtain(dataset("lfw"), "local", data_root=None)

    def test_missing_files_are_named_with_what_is_there(self, obtain, mine):
        make_zip(mine / "img_align_celeba.zip", {"1.jpg": picture()})
        message = r"list_eval_partition\.txt or .*\.csv not found in .*mine/faces; there: img_align_celeba\.zip"
        with pytest.raises(BadInput, match=message):
            obtain(dataset("celeba"), "local")

    @pytest.mark.parametrize("same", [True, False])
    def test_another_release_is_said_and_taken(self, obtain, mine, capsys, same):
        data = make_tar(mine / "lfw.tgz", {"lfw/A/1.jpg": picture()}).read_bytes()
        obtain(dataset("lfw", lfw__tgz=official(data if same else b"other")), "local")
        said = "lfw.tgz: differs from the official file: a subset or another release\n"
        assert capsys.readouterr().out == ("" if same else said)

    @pytest.mark.parametrize("name", ["animefacedataset.zip", "data.tgz"])
    def test_a_cut_archive_is_refused(self, obtain, mine, tmp_path, name):
        make = make_zip if name.endswith("zip") else make_tar
        path = make(mine / name, {f"{n}.jpg": picture(n, (64, 64)) for n in range(4)})
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(archives.ArchiveError, match=rf"^local {name}: not a whole .*cut short: fetch it again"):
            obtain(dataset("anime"), "local")
        assert not list((tmp_path / "raw").iterdir())

    def test_an_archive_without_images_is_refused(self, obtain, mine):
        make_zip(mine / "animefacedataset.zip", {"read.me": b"x"})
        with pytest.raises(BadInput, match=r"animefacedataset\.zip: holds no images"):
            obtain(dataset("anime"), "local")


class TestFolder:
    @pytest.fixture
    def mine(self, tmp_path) -> Path:
        (tmp_path / "mine/faces/b").mkdir(parents=True)
        for name in ("z.jpg", "b/a.PNG", "notes.txt"):
            (tmp_path / "mine/faces" / name).write_bytes(picture())
        return tmp_path / "mine/faces"

    @pytest.mark.parametrize("source", ["synthetic", "official", "local"])
    def test_a_tree_of_images_becomes_one_archive(self, obtain, mine, tmp_path, source):
        obtain(dataset("folder"), source)
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["b/a.PNG", "z.jpg"]
        assert json.loads((tmp_path / "raw/faces/source.json").read_text())["source"] == "local"

    def test_times_do_not_matter(self, obtain, mine, tmp_path):
        obtain(dataset("folder"), "local")
        os.utime(mine / "z.jpg", (10**9, 10**9))
        obtain(dataset("folder"), "local", folder=tmp_path / "raw/again")
        one, other = (tmp_path / "raw" / name / "folder.zip" for name in ("faces", "again"))
        assert one.read_bytes() == other.read_bytes()

    def test_one_archive_is_taken_as_it_is(self, obtain, tmp_path):
        (tmp_path / "mine/faces").mkdir(parents=True)
        make_tar(tmp_path / "mine/faces/photos.tgz", {"a.jpg": picture()})
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/photos.tgz") == ["a.jpg"]

    def test_images_beside_an_archive_are_an_error(self, obtain, mine):
        make_zip(mine / "photos.zip", {"a.jpg": picture()})
        with pytest.raises(BadInput, match=r"must hold images, or one zip or tar.*there: b, notes\.txt, photos\.zip"):
            obtain(dataset("folder"), "local")


class TestOddFolder:
    """What a user's own folder may hold: it is listed and left out, and the rest is taken."""

    @pytest.fixture
    def mine(self, tmp_path) -> Path:
        (tmp_path / "mine/faces").mkdir(parents=True)
        (tmp_path / "mine/faces/a.jpg").write_bytes(picture())
        return tmp_path / "mine/faces"

    @pytest.mark.parametrize("name", [b"x\xfe.jpg", b"a\nb.jpg", b"a\\b.jpg", b"C:b.jpg", b"a\x1b[2J.jpg"])
    def test_a_name_that_no_archive_holds(self, obtain, mine, tmp_path, capsys, name):
        (mine / os.fsdecode(name)).write_bytes(picture())
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["a.jpg"]
        said = capsys.readouterr().out
        assert said.startswith(f"faces: 1 left out of {mine}:\n  '")
        assert "has a name that an archive cannot hold" in said
        assert said.isprintable() or set(said) - set(map(chr, range(32, 127))) == {"\n"}
        record = json.loads((tmp_path / "raw/faces/source.json").read_text())
        assert list(record["left_out"]) == [ascii(os.fsdecode(name))]

    def test_a_file_that_is_too_large(self, obtain, mine, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(archives, "MAX_BYTES", 10_000)
        (mine / "b.jpg").write_bytes(bytes(10_001))
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["a.jpg"]
        assert "  'b.jpg': has 10,001 bytes, at most 10,000 are read; save it smaller\n" in capsys.readouterr().out

    def test_links_to_nowhere_in_circles_and_pipes(self, obtain, mine, tmp_path, capsys):
        (mine / "b.jpg").symlink_to("nowhere.jpg")
        (mine / "c.jpg").symlink_to("c.jpg")
        (mine / "d").symlink_to(".")
        os.mkfifo(mine / "e.jpg")
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["a.jpg"]
        assert [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()[1:]] == [
            "is a link that leads nowhere",
            "is a link that leads nowhere",
            "is no file",
        ]

    def test_a_file_that_the_system_does_not_give(self, obtain, mine, tmp_path, capsys):
        if not Path("/proc/self/mem").exists():
            pytest.skip("no file here that even its owner cannot read")
        (mine / "b.jpg").symlink_to("/proc/self/mem")
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["a.jpg"]
        assert "  'b.jpg': cannot be read: Input/output error" in capsys.readouterr().out

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_what_there_is_no_permission_for(self, obtain, mine, tmp_path, capsys):
        (mine / "b.jpg").write_bytes(picture())
        (mine / "b.jpg").chmod(0)
        (mine / "c").mkdir(mode=0)
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["a.jpg"]
        said = capsys.readouterr().out
        assert "  'b.jpg': cannot be read: Permission denied" in said
        assert "  'c': folder cannot be read: Permission denied" in said

    def test_where_nothing_remains_it_is_an_error(self, obtain, mine, tmp_path):
        (mine / "a.jpg").rename(mine / "a\nb.jpg")
        with pytest.raises(BadInput, match="no image remains; give some other names"):
            obtain(dataset("folder"), "local")
        assert not list((tmp_path / "raw").iterdir())


class TestOutdated:
    """DVC does not watch local archives: whether they are still those that were taken is told here."""

    @pytest.fixture
    def taken(self, obtain, tmp_path) -> Path:
        mine = tmp_path / "mine/faces"
        mine.mkdir(parents=True)
        make_zip(mine / "animefacedataset.zip", {"a.jpg": picture()})
        obtain(dataset("anime"), "local")
        return mine

    def why(self, mine: Path, layout: str = "anime") -> str | None:
        top = mine.parents[1]
        return sources.outdated("faces", dataset(layout), str(top / "mine"), top / "raw/faces")

    def test_the_same_is_not(self, taken):
        os.utime(taken / "animefacedataset.zip", (10**9, 10**9))
        (taken / "holiday.txt").write_text("x")
        assert self.why(taken) is None

    def test_a_replaced_archive_is(self, taken):
        (taken / "animefacedataset.zip").unlink()
        make_zip(taken / "animefacedataset.zip", {"a.jpg": picture()[::-1]})  # as many bytes
        assert self.why(taken) == (
            f"{taken.parents[1]}/raw/faces: {taken} has changed since it was taken (animefacedataset.zip): `dvc repro "
            "--force --single-item download@faces`, then `dvc repro`, takes it"
        )

    def test_a_list_more_or_an_archive_less_is(self, taken):
        (taken / "factors.csv").write_text("file\na.jpg\n")
        assert "(factors.csv)" in self.why(taken)
        (taken / "animefacedataset.zip").unlink()
        assert "(animefacedataset.zip)" in self.why(taken)

    def test_another_folder_is(self, taken, tmp_path, monkeypatch):
        (tmp_path / "other/faces").mkdir(parents=True)
        monkeypatch.setenv("AUTOFACES_DATA", str(tmp_path / "other"))
        assert f"{tmp_path}/other/faces has changed" in self.why(taken)

    def test_what_is_not_there_tells_nothing(self, taken, tmp_path, monkeypatch):
        monkeypatch.setenv("AUTOFACES_DATA", str(tmp_path / "unplugged"))
        assert self.why(taken) is None

    def test_faces_that_are_not_local_are_not(self, taken, obtain):
        obtain(dataset("anime"), "synthetic")
        assert self.why(taken) is None

    @pytest.mark.parametrize("change", ["none", "another", "more", "fewer"])
    def test_loose_images_are_compared_one_by_one(self, obtain, tmp_path, change):
        mine = tmp_path / "mine/faces"
        (mine / "b").mkdir(parents=True)
        for name in ("a.jpg", "b/c.jpg"):
            (mine / name).write_bytes(picture())
        obtain(dataset("folder"), "local")
        if change == "fewer":
            (mine / "b/c.jpg").unlink()
        elif change != "none":
            (mine / {"another": "b/c.jpg", "more": "b/d.jpg"}[change]).write_bytes(picture()[::-1])
        found = self.why(mine, "folder")
        expected = {"none": None, "another": "(b/c.jpg)", "more": "(b/d.jpg)", "fewer": "(b/c.jpg)"}[change]
        assert found is None if expected is None else expected in found


class TestSynthetic:
    def test_the_synthesiser_writes_the_layout(self, obtain, tmp_path):
        obtain(dataset("lfw"), "synthetic")
        assert len(archives.members(tmp_path / "raw/faces/lfw.tgz")) == 30
        record = json.loads((tmp_path / "raw/faces/source.json").read_text())
        assert record["source"] == "synthetic"
        assert set(record["files"]) == {"lfw.tgz", "factors.csv"}
