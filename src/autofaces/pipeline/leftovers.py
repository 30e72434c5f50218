"""What killed programs leave behind: files that stop DVC, half-written files, checkpoints that nobody takes up."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import yaml

from autofaces.core.files import BadInput
from autofaces.core.machine import alive
from autofaces.core.yaml12 import Loader

WORK = Path(".work")
PARTIAL = re.compile(r"\.(\d+)\.partial\.")  # as core.files names what is being written, by its process
PLACES = "data", "figures", "metrics", "models", "report", ".work"  # that stages write to
FINGERPRINT = re.compile(r"[0-9a-f]{16}")  # as training.checkpoints names a training's folder
CONFLICT = "<<<<<<<"
MINUTE, DAY = 60, 24 * 60 * 60  # seconds


class Leftover(NamedTuple):
    """Something that can go."""

    path: Path
    what: str
    bytes: int


@contextmanager
def alone() -> Iterator[None]:
    """Keep a second runner out of this project. BadInput, with its process, where there is one."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "runner.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
        except BlockingIOError:
            lock.seek(0)
            raise BadInput(
                f"another `make repro` is at work here: process {lock.read().strip()}; wait for it, or stop it"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def mend(root: Path = Path()) -> list[str]:
    """Put right what a killed DVC may leave of its own files, so that every dvc command would fail; says what was done.

    BadInput where another dvc is at work in the project, or dvc.lock has the marks of a merge.
    """
    return [*_mend_locks(root), *_mend_results(root)]


def _mend_locks(root: Path) -> Iterator[str]:
    """DVC's list of who works on what, which is written in place."""
    path = root / ".dvc/tmp/rwlock"
    if _readable(path):
        return
    time.sleep(0.2)  # another dvc may be writing it now
    if _readable(path):
        return
    _refuse_beside_another(path, root)
    path.unlink()
    yield f"{path}: unreadable, as a killed dvc may leave it; removed"


def _readable(path: Path) -> bool:
    with suppress(ValueError):
        return not path.exists() or isinstance(json.loads(path.read_bytes()), dict)
    return False


def _mend_results(root: Path) -> Iterator[str]:
    """dvc.lock, which is written in place too. Without it nothing is lost: DVC finds in its cache what was made."""
    path = root / "dvc.lock"
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    if CONFLICT in text:
        raise BadInput(
            f"{path}: has the marks of a merge ({CONFLICT}); take one side, `git checkout --ours dvc.lock` or "
            "--theirs: what the other made is found in DVC's cache"
        )
    if path.stat().st_size == 0 or _valid(text):  # DVC reads an empty file as no results
        return
    _refuse_beside_another(path, root)
    aside = root / WORK / "dvc.lock.damaged"
    aside.parent.mkdir(exist_ok=True)
    path.replace(aside)
    committed = subprocess.run(["git", "checkout", "--quiet", "--", "dvc.lock"], cwd=root, stderr=subprocess.DEVNULL)
    instead = "removed" if committed.returncode else "git's is back in its place"
    yield f"{path}: unreadable, as a killed dvc may leave it; {instead}, what was made is found in DVC's cache"


def _valid(text: str) -> bool:
    """Whether DVC would take this for a dvc.lock."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA  # here: half a second to import
    from voluptuous import Invalid

    with suppress(yaml.YAMLError, Invalid):
        COMPILED_LOCKFILE_SCHEMA(yaml.load(text, Loader))
        return True
    return False


def mend_runs(runs: Path, root: Path = Path()) -> list[str]:
    """Remove empty folders of DVC's list of runs, as a kill leaves them: DVC expects a file in each, and would fail."""
    here, found = root.absolute() in runs.absolute().parents, []
    for folder in runs.glob("*/*"):
        # another dvc may be about to write there; one on another machine, if the cache is shared
        if not any(folder.iterdir()):
            age = time.time() - folder.stat().st_mtime
            if age > MINUTE or (here and not _other_dvc(root.absolute())):
                folder.rmdir()
                found.append(f"{folder}: empty, as a killed dvc may leave it; removed")
    return found


def _refuse_beside_another(path: Path, root: Path) -> None:
    if others := _other_dvc(root.absolute()):
        raise BadInput(f"{path}: unreadable, and another dvc is at work here: process {', '.join(others)}; stop it")


def _other_dvc(root: Path) -> list[str]:
    """Processes of dvc in this project, workers among them, where /proc tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended by now, or is another user's
            words = {Path(word).name for word in os.fsdecode((process / "cmdline").read_bytes()).split("\0")}
            place = (process / "cwd").readlink()
            if root in (place, *place.parents) and words & {"dvc", "autofaces.pipeline.worker"}:
                found.append(process.name)
    return found


def partial(root: Path = Path()) -> list[Leftover]:
    """Half-written files and folders whose process is gone."""
    found = []
    for place in PLACES:
        for folder, folders, files in os.walk(root / place):
            for name in [*folders, *files]:
                if (written := PARTIAL.match(name)) and not alive(int(written[1])):
                    path = Path(folder, name)
                    found.append(Leftover(path, "half-written, its process is gone", _size(path)))
            folders[:] = [name for name in folders if not PARTIAL.match(name)]
    return found


def abandoned(days: float, root: Path = Path()) -> list[Leftover]:
    """Folders of trainings that were stopped, that no process holds, and that were not written to for so many days."""
    found = []
    for folder in sorted((root / WORK).glob("*")):
        if folder.is_dir() and FINGERPRINT.fullmatch(folder.name) and not _held(folder / "lock"):
            newest = max(path.stat().st_mtime for path in [folder, *folder.rglob("*")])
            if (age := (time.time() - newest) / DAY) >= days:
                found.append(Leftover(folder, f"a training that was stopped {age:.1f} days ago", _size(folder)))
    return found


def remove(leftovers: list[Leftover]) -> None:
    for path, *_ in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _held(lock: Path) -> bool:
    try:
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if not file.is_dir())
