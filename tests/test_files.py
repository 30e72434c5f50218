"""Files are whole or absent."""

import hashlib
import os
import subprocess
import sys
import zipfile

import pytest

from autofaces.core import files


def test_a_written_file_appears_with_its_folder(tmp_path):
    with files.writing(tmp_path / "a" / "b.txt") as temporary:
        temporary.write_text("whole")
        assert not (tmp_path / "a" / "b.txt").exists()
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_an_error_leaves_nothing_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "b.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), files.writing(path) as temporary:
        temporary.write_text(f"half of {1 / 0}" if temporary.write_text("half") else "")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_an_older_one_whole(tmp_path):
    for name in ("first", "second"):
        with files.writing(tmp_path / "folder") as temporary:
            temporary.mkdir()
            (temporary / name).write_text(name)
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["second"]


def test_what_a_killed_process_has_left_of_the_same_path_is_removed(tmp_path):
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, alive = int(ended.stdout), os.getppid()
    for name in (
        f".{dead}.partial.a.zip",
        f".{dead}.partial.a.zip.x1/b",
        f".{alive}.partial.a.zip",
        ".x.partial.a.zip",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("half")
    (tmp_path / f".{dead}.partial.other").write_text("half")
    with files.writing(tmp_path / "a.zip") as temporary:
        temporary.write_text("whole")
    kept = {"a.zip", f".{alive}.partial.a.zip", ".x.partial.a.zip", f".{dead}.partial.other"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_json_refuses_what_json_does_not_have(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        files.write_json(tmp_path / "x.json", {"mse": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_csv_rows_keep_nine_digits_and_unix_ends(tmp_path):
    files.write_csv(tmp_path / "x.csv", [{"a": 1, "b": 1 / 3}, {"a": 2, "b": 2.0}])
    assert (tmp_path / "x.csv").read_bytes() == b"a,b\n1,0.333333333\n2,2\n"


def test_sha256_is_the_files(tmp_path):
    (tmp_path / "x").write_bytes(b"faces" * 100_000)
    assert files.sha256(tmp_path / "x") == hashlib.sha256(b"faces" * 100_000).hexdigest()


def test_a_packed_folder_is_the_same_bytes_for_the_same_files(tmp_path):
    for name in ("a.zip", "b.zip"):
        with files.packing(tmp_path / name) as folder:
            (folder / "below").mkdir()
            (folder / "below" / "one.txt").write_text("1")
            (folder / "two.txt").write_text("2")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"below/one.txt": b"1", "two.txt": b"2"}
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "b.zip"}


def test_an_error_while_packing_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), files.packing(tmp_path / "a.zip"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
