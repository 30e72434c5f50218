"""Files that are whole or absent: everything the pipeline writes goes through here."""

import csv
import glob
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from autofaces.core.machine import alive


class BadInput(ValueError):
    """Settings, archives or images that cannot be worked on; the message says what, where, and what to do."""


@contextmanager
def writing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes that name, on any error it is removed.

    The folder of `path` is made if it is absent. The temporary keeps the suffixes of `path`, and may be written as a
    file or made into a folder (a folder replaces an older one whole).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.partial.{path.name}")
    _remove(temporary)
    _remove_abandoned(path)
    try:
        yield temporary
        if temporary.is_dir() and path.exists():
            _remove(path)
        temporary.replace(path)
    finally:
        _remove(temporary)


@contextmanager
def packing(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside `path`; on success the files in it become the zip archive `path`: for the same files
    the same bytes."""
    with (
        writing(path) as temporary,
        tempfile.TemporaryDirectory(prefix=f"{temporary.name}.", dir=temporary.parent) as folder,
    ):
        yield Path(folder)
        with zipfile.ZipFile(temporary, "w") as archive:
            for file in sorted(file for file in Path(folder).rglob("*") if file.is_file()):
                archive.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix()), file.read_bytes())


def _remove_abandoned(path: Path) -> None:
    """What earlier writings of `path` have left whose processes were killed."""
    for file in path.parent.glob(f".*.partial.{glob.escape(path.name)}*"):
        process = file.name.split(".")[1]
        if process.isdecimal() and not alive(int(process)):
            _remove(file)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path | str, value: object) -> None:
    """Write `value` as indented JSON in the order given. ValueError for NaN or infinity, which JSON does not have."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_csv(path: Path | str, rows: Iterable[Mapping[str, object]]) -> None:
    """Write `rows` (all with the keys of the first) as CSV, floats in nine significant digits, unix line ends."""
    rows = [{k: f"{v:.9g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows]
    with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: Path | str) -> list[dict[str, str]]:
    """The rows of a CSV file, all text. BadInput where there is no such file."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro`") from None


def sha256(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file's bytes, read in blocks."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
