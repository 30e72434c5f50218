"""Files are whole or absent."""

import errno
import hashlib
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

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


def unpacked(temporary: Path) -> None:
    temporary.mkdir()
    (temporary / "a.txt").write_text("x" * 100_000)


def saved(temporary: Path) -> None:
    with temporary.open("wb") as file:
        np.save(file, np.zeros(100_000))


WRITERS = {
    "text": lambda temporary: temporary.write_text("x" * 100_000),
    "a folder": unpacked,
    "NumPy": saved,
    "PyTorch": lambda temporary: torch.save(torch.zeros(100_000), temporary),
    "safetensors": lambda temporary: save_file({"a": torch.zeros(100_000)}, temporary),
}


@pytest.mark.filterwarnings("ignore:unclosed file")
@pytest.mark.parametrize("writer", WRITERS)
def test_on_a_full_disk_the_error_names_the_file_and_leaves_nothing(tmp_path, writer):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # a disk that is full after so many bytes
    try:
        with pytest.raises(OSError, match=r"File too large|could not be written") as caught:  # noqa: SIM117
            with files.writing(tmp_path / "out.bin") as temporary:
                WRITERS[writer](temporary)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files.lacking(caught.value).startswith(f"{tmp_path}/out.bin: ")
    assert "; " in files.lacking(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_is_no_error_of_the_writing_is_left_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, files.writing(tmp_path / "a"):
        (tmp_path / "absent").read_text()
    assert caught.value.filename == str(tmp_path / "absent")


def test_where_one_may_not_write_the_path_is_the_users(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught, files.writing(tmp_path / "a") as temporary:
        (temporary / "b").write_text("no such folder")
    assert caught.value.filename == f"{tmp_path}/a/b"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            "a/b: No space left on device; make room on its disk",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "a: Permission denied; see who may read and write"),
        (MemoryError(), "the memory ran out; end other programs"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "the memory ran out"),
        (RuntimeError("CUDA out of memory"), "the memory ran out"),
    ],
    ids=["a full disk", "no permission", "no memory", "PyTorch's memory", "the GPU's memory"],
)
def test_what_the_machine_lacks_is_said_in_a_line_with_what_to_do(error, line):
    assert files.lacking(error).startswith(line)


def test_any_other_error_is_none_of_the_machines():
    assert files.lacking(RuntimeError("shapes do not match")) is files.lacking(ValueError("3")) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}}', "\x00", "[" * 100_000])
def test_damaged_json_is_refused_by_its_file(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(files.BadInput, match=r"x\.json: (damaged JSON|list, expected dict)"):
        files.read_json(tmp_path / "x.json")


@pytest.mark.parametrize("data", [b"a,b\n1\n", b"a,b\n1,2,3\n", b"a,b\n\xff,1\n"], ids=["short", "long", "no text"])
def test_damaged_csv_is_refused_by_its_file(tmp_path, data):
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(files.BadInput, match=r"x\.csv: damaged CSV"):
        files.read_csv(tmp_path / "x.csv")
