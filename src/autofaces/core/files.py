"""Files that are whole or absent: everything the pipeline writes goes through here."""

import csv
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from autofaces.core.machine import alive

T = TypeVar("T")

PARTIAL = ".{}.partial."  # how a temporary's name begins: with the number of the process that writes it
# What ends a writing without a path: Python's own files say the number alone
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
ADVICE = {
    errno.ENOSPC: "make room on its disk, and run it again",
    errno.EDQUOT: "make room within your quota, and run it again",
    errno.EFBIG: "raise the limit on a file's size (ulimit -f), and run it again",
    errno.EROFS: "write elsewhere, or mount its disk for writing",
    errno.EACCES: "see who may read and write there (ls -ld)",
    errno.EPERM: "see who may read and write there (ls -ld)",
    errno.EIO: "its disk may be failing: see the system's log (dmesg)",
    errno.ENOMEM: "end other programs, or run fewer stages at once (make repro JOBS=1)",
    errno.EMFILE: "raise the limit on open files (ulimit -n), and run it again",
}


class BadInput(ValueError):
    """Settings, archives or images that cannot be worked on; the message says what, where, and what to do."""


def lacking(error: BaseException) -> str | None:
    """Where an error is one of the machine's (disk, permission, memory), a line of what is lacking, where, and what to
    do; else None."""
    if isinstance(error, OSError):
        reason = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        return "; ".join(filter(None, [reason, ADVICE.get(error.errno)]))
    # PyTorch has no class of its own for the CPU's memory
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _MEMORY.search(str(error))):
        return (
            "the memory ran out; end other programs, run fewer stages at once (make repro JOBS=1), or set fewer images"
        )
    return None


_MEMORY = re.compile(r"allocate memory|out of memory|bad_alloc|start new thread|create a primitive", re.IGNORECASE)
# NumPy and PyTorch, which do not say why
_CUT = re.compile(r"requested and \d+ written|problem writing element|unexpected pos \d+ vs|PytorchStreamWriter failed")
_OS_ERROR = re.compile(r"\(os error (\d+)\)")  # as libraries in Rust tell of one


@contextmanager
def writing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes that name, on any error it is removed.

    The folder of `path` is made if it is absent. The temporary keeps the suffixes of `path`, and may be written as a
    file or made into a folder (a folder replaces an older one whole). Where it cannot be written, the OSError names
    `path`, whatever library wrote.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(PARTIAL.format(os.getpid()) + path.name)
    _remove(temporary)
    _remove_abandoned(path)
    try:
        yield temporary
        if temporary.is_dir() and path.exists():
            _remove(path)
        temporary.replace(path)
    except Exception as error:
        if unwritten := _unwritten(error, path):
            raise unwritten from error
        raise
    finally:
        with suppress(OSError):  # without memory even this fails: what was wrong before is what has to be said
            _remove(temporary)


def _unwritten(error: Exception, path: Path) -> OSError | None:
    """The OSError that says of `path` what `error` says of a temporary, or of no file; None where that is another."""
    number, reason = getattr(error, "errno", None), str(error)
    if isinstance(error, OSError) and error.filename is not None:
        parts = Path(os.path.relpath(str(error.filename), path.parent)).parts
        if not parts[0].startswith(PARTIAL.format(os.getpid())):
            return None
        return OSError(number, error.strerror, str(path.joinpath(*parts[1:])))
    if found := _OS_ERROR.search(reason):
        number = int(found[1])
    if number in UNWRITTEN:
        return OSError(number, os.strerror(number), str(path))
    if isinstance(error, OSError | RuntimeError) and _CUT.search(reason):
        return OSError(errno.ENOSPC, "could not be written to its end", str(path))
    return None


@contextmanager
def packing(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside `path`; on success the files in it become the zip archive `path`: for the same files
    the same bytes."""
    with (
        writing(path) as temporary,
        tempfile.TemporaryDirectory(prefix=PARTIAL.format(os.getpid()), dir=temporary.parent) as folder,
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
    """The rows of a CSV file, all text. BadInput where there is no such file, and where its rows are not all as long as
    its header."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if any(None in row or None in row.values() for row in rows):
            raise ValueError("a row that is longer or shorter than the header")
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro`") from None
    except (ValueError, csv.Error) as error:
        raise BadInput(f"{path}: damaged CSV ({error}); run `dvc repro --force` of the stage that writes it") from None
    return rows


def read_json(path: Path | str, kind: type[T] = dict) -> T:
    """What a JSON file holds, a `kind` of thing. BadInput where there is no such file, and where it holds another."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro`") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: damaged JSON ({error}); run `dvc repro --force` of the stage that writes it") from None
    if not isinstance(found, kind):
        raise BadInput(f"{path}: {type(found).__name__}, expected {kind.__name__}; run `dvc repro --force`")
    return found


def sha256(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file's bytes, read in blocks."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
