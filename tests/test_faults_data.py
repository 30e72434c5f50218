"""What damage does to the files that the data stages read: it is named in one message, or it changes nothing.

Every trial flips a bit, or cuts the file, at a place drawn from a seed.
"""

import contextlib
import hashlib
import re
import shutil
import socket
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_archives import make_tar, make_zip, picture

from autofaces.core import arrays, files
from autofaces.core.files import BadInput
from autofaces.data import archives, layouts, preprocessing, provenance, sources, splits

TRIALS = 100
KINDS = ["stored.zip", "deflated.zip", "bzip2.zip", "a.tgz", "a.tar"]


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Other bytes than `data`."""
    at = int(rng.integers(len(data)))
    if rng.random() < 0.25:
        return data[:at]
    return data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]


def make(path: Path, count: int = 20) -> Path:
    content = {f"d/{n:02}_2001.jpg": picture(n, (20, 24)) for n in range(count)}
    methods = {"deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2}
    if path.suffix == ".zip":
        return make_zip(path, content, methods.get(path.stem, zipfile.ZIP_STORED))
    return make_tar(path, content)


def set_up(raw: Path, kind: str) -> tuple[Path, Path]:
    """A folder of a user's images, taken and split; the archive, the table of splits."""
    raw.mkdir()
    path = make(raw / kind)
    record = {kind: {"sha256": files.sha256(path), "bytes": path.stat().st_size}}
    files.write_json(raw / "source.json", {"source": "local", "files": record})
    table = raw.parent / "splits.csv"
    splits.write(table, split(raw))
    return path, table


def split(raw: Path, layout: str = "folder") -> pd.DataFrame:
    provenance.verify(raw)
    table = splits.inspect(raw, layouts.read(layout, raw), own=True)
    return splits.split(table, "mine", "random", 0.2, 0.2, 0)


def preprocess(raw: Path, table: Path) -> str:
    """The arrays, as a checksum."""
    folder = raw.parent / "arrays"
    preprocessing.write(raw, table, folder, 8, 3, "square", "smoke", 8, None)
    return hashlib.sha256(b"".join((folder / f"{part}.npy").read_bytes() for part in arrays.PARTS)).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_archive_is_refused_or_holds_the_same(tmp_path, kind):
    path = make(tmp_path / kind)
    whole, names = path.read_bytes(), archives.members(path)
    content = dict(archives.read(path, names))
    rng = np.random.default_rng(1000 + len(kind))
    refused = 0
    for _ in range(TRIALS):
        path.write_bytes(damaged(whole, rng))
        try:
            found = archives.members(path)
            archives.test(path)
            read = dict(archives.read(path, found))
        except BadInput:
            refused += 1
        else:  # what no checksum covers: times, attributes, padding; and the pixels of a plain tar
            assert found == names or kind == "a.tar"
            assert read == content or kind == "a.tar"
    assert refused > TRIALS / 4


@pytest.mark.parametrize("kind", KINDS)
def test_split_never_takes_another_archive_for_the_one_that_came(tmp_path, kind):
    path, _ = set_up(tmp_path / "raw", kind)
    whole = path.read_bytes()
    rng = np.random.default_rng(len(kind) + 1)
    for _ in range(TRIALS):
        path.write_bytes(damaged(whole, rng))
        with pytest.raises(BadInput, match=r"damaged, or changed by hand; `dvc repro download@raw` puts it back"):
            split(tmp_path / "raw")


@pytest.mark.parametrize("kind", KINDS)
def test_preprocess_alone_refuses_a_damaged_archive_or_makes_the_same_arrays(tmp_path, kind):
    path, table = set_up(tmp_path / "raw", kind)
    whole, expected = path.read_bytes(), preprocess(tmp_path / "raw", table)
    rng = np.random.default_rng(len(kind) + 2)
    for _ in range(TRIALS):
        path.write_bytes(damaged(whole, rng))
        try:
            found = preprocess(tmp_path / "raw", table)
        except BadInput:
            continue
        assert found == expected


def test_a_flipped_byte_after_the_last_image_taken_is_found_too(tmp_path):
    path, table = set_up(tmp_path / "raw", "a.tgz")
    rows = table.read_text().splitlines()
    table.write_text("\n".join(row.replace("train", "unreadable") if "19_" in row else row for row in rows) + "\n")
    data = bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"a\.tgz: (not a whole zip or tar archive|damaged)"):
        preprocess(tmp_path / "raw", table)


@pytest.mark.parametrize("name", ["splits.csv", "raw/source.json"])
def test_a_damaged_table_ends_in_a_message_or_in_arrays(tmp_path, name):
    _, table = set_up(tmp_path / "raw", "stored.zip")
    whole = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(TRIALS):
        (tmp_path / name).write_bytes(damaged(whole, rng))
        try:
            preprocess(tmp_path / "raw", table)
        except BadInput:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("pattern", "new", "message"),
    [
        (r"^file,", "fule,", r"damaged table \(no column file\); run `dvc repro --force split`"),
        (r",train,", ",trian,", r"line \d+: split 'trian', expected train, validation, test, unreadable, duplicate"),
        (r"(.*)\n(.*)\Z", r"\1\n\1\n", r"'stored\.zip/d/\d+_2001\.jpg' is there twice"),
        (r"stored\.zip/", "../", r"'\.\.' is no archive in"),
        (r"stored\.zip/", "other.zip/", r"'other\.zip' is no archive in"),
        (r"/d/", "/e/", r"no member e/\d\d_2001\.jpg; the archive is not the one that was split"),
        (r",test,", ",train,", "no image in test"),
        (r"\Z", "1,2,3,4,5,6\n", "damaged table"),
        (r"(?s).*", "", "damaged table"),
    ],
)
def test_what_is_wrong_with_the_table_of_splits_is_said(tmp_path, pattern, new, message):
    _, table = set_up(tmp_path / "raw", "stored.zip")
    table.write_text(re.sub(pattern, new, table.read_text()))
    with pytest.raises(BadInput, match=message):
        preprocess(tmp_path / "raw", table)


def test_damaged_arrays_are_refused_or_are_the_same(tmp_path):
    _, table = set_up(tmp_path / "raw", "stored.zip")
    preprocess(tmp_path / "raw", table)
    folder = tmp_path / "arrays"
    rng = np.random.default_rng(6)
    for part in arrays.PARTS:
        path = folder / f"{part}.npy"
        whole, expected = path.read_bytes(), np.array(arrays.load(folder, part))
        for _ in range(TRIALS):
            path.write_bytes(damaged(whole, rng))
            try:
                found = arrays.load(folder, part)
            except BadInput:
                continue
            np.testing.assert_array_equal(found, expected)
        path.write_bytes(whole + b"x")
        with pytest.raises(BadInput, match="not as it was made"):
            arrays.load(folder, part)
        path.write_bytes(whole)


def test_no_data_stage_but_a_download_opens_a_connection(tmp_path, monkeypatch):
    def forbidden(*arguments, **named):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    (tmp_path / "mine/faces").mkdir(parents=True)
    make(tmp_path / "mine/faces/a.tgz")
    for source, layout in (("local", "folder"), ("synthetic", "lfw")):
        raw = tmp_path / "raw" / source
        archive = SimpleNamespace(layout=layout, files={}, images=None)
        sources.obtain("faces", archive, source, 20, 0, str(tmp_path / "mine"), raw)
        splits.write(tmp_path / "splits.csv", split(raw, layout))
        preprocessing.write(raw, tmp_path / "splits.csv", tmp_path / "arrays", 8, 3, "square", "smoke", 8, None)


def test_damage_to_what_is_said_of_arrays_is_refused_or_changes_nothing(tmp_path):
    _, table = set_up(tmp_path / "raw", "stored.zip")
    preprocess(tmp_path / "raw", table)
    path = tmp_path / "arrays/about.json"
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    for _ in range(TRIALS):
        path.write_bytes(damaged(whole, rng))
        with contextlib.suppress(BadInput):
            arrays.load(tmp_path / "arrays", "train")


def test_own_photos_are_taken_however_many_of_them_are_unreadable(tmp_path, capsys):
    raw = tmp_path / "raw"
    raw.mkdir()
    make_zip(raw / "a.zip", {f"{n}.jpg": picture(n) if n % 2 else b"x" for n in range(8)})
    table = splits.inspect(raw, layouts.read("folder", raw), own=True)
    assert (table.problem == "").sum() == 4
    assert "4 of 8 images are unreadable and left out" in capsys.readouterr().out
    shutil.rmtree(raw)
    raw.mkdir()
    make_zip(raw / "a.zip", {"1.jpg": b"x"})
    with pytest.raises(BadInput, match="1 of 1 images are unreadable: save them as one of JPEG, PNG"):
        splits.inspect(raw, layouts.read("folder", raw), own=True)
