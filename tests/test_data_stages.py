"""The three data stages, run as commands in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from test_archives import make_tar, picture

from autofaces.app import checks
from autofaces.core import arrays, files, params

ROOT = Path(__file__).parents[1]


def run(folder: Path, stage: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "stages" / f"{stage}.py"), *arguments]
    clean = {k: v for k, v in os.environ.items() if k not in ("AUTOFACES_DATA", "DVC_ROOT")}
    return subprocess.run(
        command, cwd=folder, env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )


def run_all(folder: Path, key: str, **environment: str) -> str:
    """The three stages of a data set that is made of the archive of the same name; what they say."""
    said = ""
    for stage, *arguments in (("download", key), ("split", key, key), ("preprocess", key, key)):
        done = run(folder, stage, *arguments, **environment)
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    return said


def set_up(folder: Path, source: str = "local", size: dict[str, int] | None = None, **datasets: dict) -> None:
    """The project's settings with another profile, and datasets (layout among them) in place of its own."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    profile = settings["profiles"]["smoke"] | {
        "source": source,
        "images": 40,
        "scale": {name: {"batch": 0.1} for name in (datasets or settings["datasets"])},
        "split": {},
        "size": size or {},
        "ablations": False,
    }
    settings |= {"profile": "smoke", "profiles": {"smoke": profile}}
    if datasets:
        archives = {key: {"layout": dataset["layout"], "images": None} for key, dataset in datasets.items()}
        made_of = {key: {"archive": key, **dataset} for key, dataset in datasets.items()}
        for dataset in made_of.values():
            del dataset["layout"]
        settings |= {"archives": archives, "datasets": made_of, "experiments": {}, "ablations": {}}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))


PARTS = {"validation": 0.1, "test": 0.1}
MINE = {"layout": "folder", "size": 32, "channels": 1, "crop": "square", "split": "random", **PARTS}


def test_synthetic_faces_go_all_the_way(tmp_path):
    set_up(tmp_path, "synthetic")
    assert run_all(tmp_path, "lfw") == ""
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["arrays", "raw", "splits"]
    counts = [len(arrays.load(tmp_path / "data/arrays/lfw", part)) for part in arrays.PARTS]
    assert sum(counts) == 40
    assert min(counts) > 0
    labels = arrays.labels(tmp_path / "data/arrays/lfw", "train")
    assert labels.identity.notna().all()
    expected = {"profile": "smoke", "faces": "synthetic", "crop": 128, "official_images": 13233, "full_size": 128}
    assert arrays.about(tmp_path / "data/arrays/lfw") == expected


def test_a_profile_may_have_smaller_images(tmp_path):
    set_up(tmp_path, "synthetic", size={"anime": 64})
    run_all(tmp_path, "anime")
    assert arrays.load(tmp_path / "data/arrays/anime", "test").shape[1:] == (64, 64, 3)
    assert arrays.about(tmp_path / "data/arrays/anime")["full_size"] == 128


def test_own_photos_go_all_the_way(tmp_path):
    set_up(tmp_path, "synthetic", mine=MINE)
    (tmp_path / "photos/mine/trip").mkdir(parents=True)
    for n in range(30):
        (tmp_path / f"photos/mine/trip/{n}.png").write_bytes(picture(n, (40, 50), "PNG"))
    run_all(tmp_path, "mine", AUTOFACES_DATA=str(tmp_path / "photos"))
    assert arrays.load(tmp_path / "data/arrays/mine", "train").shape == (24, 32, 32, 1)
    expected = {"profile": "smoke", "faces": "local", "crop": "square", "official_images": None, "full_size": 32}
    assert arrays.about(tmp_path / "data/arrays/mine") == expected


def test_two_data_sets_may_be_made_of_one_archive(tmp_path):
    set_up(tmp_path, "synthetic")
    assert run(tmp_path, "download", "celeba").returncode == 0
    for key in ("celeba", "celeba-grey64"):
        for stage in ("split", "preprocess"):
            done = run(tmp_path, stage, key, "celeba")
            assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "data/raw").iterdir()) == ["celeba"]
    shapes = [arrays.load(tmp_path / "data/arrays" / key, "test").shape[1:] for key in ("celeba", "celeba-grey64")]
    assert shapes == [(128, 128, 3), (64, 64, 1)]


def test_split_and_preprocess_write_the_same_bytes_each_time(tmp_path):
    set_up(tmp_path, mine=MINE)
    (tmp_path / "data/raw/mine").mkdir(parents=True)
    make_tar(tmp_path / "data/raw/mine/a.tgz", {f"{n}.jpg": picture(n, (40, 50)) for n in range(30)})
    archive = tmp_path / "data/raw/mine/a.tgz"
    record = {"a.tgz": {"sha256": files.sha256(archive), "bytes": archive.stat().st_size}}
    files.write_json(archive.with_name("source.json"), {"source": "local", "files": record})
    found = []
    for _ in range(2):
        for stage in ("split", "preprocess"):
            assert run(tmp_path, stage, "mine", "mine").returncode == 0
        paths = sorted(p for p in (tmp_path / "data").rglob("*") if p.is_file())
        found.append({p.name: p.read_bytes() for p in paths})
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("stage", "arguments", "message"),
    [
        ("download", ["mine"], "error: mine: source local needs a folder: set AUTOFACES_DATA"),
        ("download", ["lwf"], "error: archives.lwf: 'lwf' is unknown; known: mine"),
        ("split", ["mine", "mine"], "error: data/raw/mine"),
        ("preprocess", ["mine", "mine"], "error: data/splits/mine.csv: not found"),
        ("split", ["mine", "mien"], "error: archives.mien.layout: 'mien' is unknown; known: mine; did you"),
        ("preprocess", ["mine"], "usage: python "),
    ],
)
def test_bad_input_ends_in_one_message(tmp_path, stage, arguments, message):
    set_up(tmp_path, mine=MINE)
    done = run(tmp_path, stage, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr


def test_a_damaged_archive_ends_in_one_message(tmp_path):
    set_up(tmp_path, mine=MINE)
    (tmp_path / "photos/mine").mkdir(parents=True)
    path = make_tar(tmp_path / "photos/mine/a.tgz", {f"{n}.jpg": picture(n) for n in range(30)})
    path.write_bytes(path.read_bytes()[:-500])
    done = run(tmp_path, "download", "mine", AUTOFACES_DATA=str(tmp_path / "photos"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("error: local a.tgz: not a whole zip or tar archive")
    assert not list((tmp_path / "data/raw").iterdir())


def test_an_odd_folder_of_own_photos_goes_all_the_way_and_says_what_it_leaves_out(tmp_path):
    set_up(tmp_path, mine=MINE)
    mine = tmp_path / "photos/mine"
    mine.mkdir(parents=True)
    for n in range(30):
        (mine / f"{n}.png").write_bytes(picture(n, (40, 50), "PNG") if n > 4 else b"no picture")
    (mine / os.fsdecode(b"x\xfe.jpg")).write_bytes(picture())
    said = run_all(tmp_path, "mine", AUTOFACES_DATA=str(tmp_path / "photos"), PYTHONIOENCODING="ascii")
    assert "mine: 1 left out of" in said
    assert "'x\\udcfe.jpg': has a name that an archive cannot hold" in said
    assert "5 of 30 images are unreadable and left out" in said
    assert sum(len(arrays.load(tmp_path / "data/arrays/mine", part)) for part in arrays.PARTS) == 25


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("split", "data/raw/mine/source.json"),
        ("split", "data/raw/mine/a.tgz"),
        ("preprocess", "data/raw/mine/source.json"),
        ("preprocess", "data/raw/mine/a.tgz"),
        ("preprocess", "data/splits/mine.csv"),
    ],
)
def test_damage_between_the_stages_ends_in_one_message(mine_taken, stage, name):
    path = mine_taken / name
    path.write_bytes(path.read_bytes()[:-9] + b"\xff")
    done = run(mine_taken, stage, "mine", "mine")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {name}")
    assert "Traceback" not in done.stderr


def test_check_says_which_local_archive_has_changed_and_what_helps(mine_taken, monkeypatch):
    monkeypatch.chdir(mine_taken)
    monkeypatch.setenv("AUTOFACES_DATA", "photos")
    assert checks.outdated(params.load()) == []
    make_tar(mine_taken / "photos/mine/a.tgz", {f"{n}.jpg": picture(n, (40, 51)) for n in range(30)})
    assert checks.outdated(params.load()) == [
        "data/raw/mine: photos/mine has changed since it was taken (a.tgz): `dvc repro --force --single-item "
        "download@mine`, then `dvc repro`, takes it"
    ]


@pytest.fixture
def mine_taken(tmp_path) -> Path:
    """A project folder in which an archive of a user's photos has been taken and split."""
    set_up(tmp_path, mine=MINE)
    (tmp_path / "photos/mine").mkdir(parents=True)
    make_tar(tmp_path / "photos/mine/a.tgz", {f"{n}.jpg": picture(n, (40, 50)) for n in range(30)})
    for stage, *arguments in (("download", "mine"), ("split", "mine", "mine")):
        done = run(tmp_path, stage, *arguments, AUTOFACES_DATA=str(tmp_path / "photos"))
        assert done.returncode == 0, done.stderr
    return tmp_path


REAL = {
    "lfw": {"layout": "lfw", "size": 128, "channels": 3, "crop": 128, "split": "identity", **PARTS},
    "anime": {"layout": "anime", "size": 64, "channels": 3, "crop": "whole", "split": "random", **PARTS},
    "celeba": {"layout": "celeba", "size": 64, "channels": 1, "crop": "square", "split": "identity", **PARTS},
    "cufs": {"layout": "cufs", "size": 64, "channels": 1, "crop": "square", "split": "official", **PARTS},
}


@pytest.mark.parametrize("key", REAL)
def test_the_real_archives_go_all_the_way(tmp_path, key):
    root = os.environ.get("AUTOFACES_DATA", "")
    if not (Path(root or "absent") / key).is_dir():
        pytest.skip("set AUTOFACES_DATA to a folder with the real archives")
    set_up(tmp_path, **{key: REAL[key]})
    run_all(tmp_path, key, AUTOFACES_DATA=root)
    images = arrays.load(tmp_path / f"data/arrays/{key}", "train")
    assert images.shape[1:] == (REAL[key]["size"], REAL[key]["size"], REAL[key]["channels"])
    assert 20 < images.mean() < 235
