"""What survives a killed training: its state, in a work folder that neither git nor DVC tracks.

The folder is named by a fingerprint of all that decides the result, so that a state is only ever taken up by the same
training; it lies under $DVC_ROOT, which is the main checkout also for queued experiments.
"""

import fcntl
import hashlib
import json
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autofaces.core import files
from autofaces.core.arrays import evenly

ROWS = 64  # images of an array that its fingerprint reads
BLOCK = 1 << 20  # bytes read at a time


def root() -> Path:
    """The project's work folder."""
    return Path(os.environ.get("DVC_ROOT", ".")).absolute() / ".work"


def fingerprint(settings: Mapping[str, Any], arrays: list[np.ndarray], sources: list[Path]) -> str:
    """16 hexadecimal digits: of the settings, the code in `sources`, torch's version, and evenly spaced images."""
    found = hashlib.sha256(json.dumps([settings, torch.__version__, digest(sources)], sort_keys=True).encode())
    for array in arrays:
        found.update(str(array.shape).encode())
        found.update(array[evenly(len(array), ROWS)].tobytes())
    return found.hexdigest()[:16]


def digest(sources: list[Path]) -> str:
    """16 hexadecimal digits of the content of source files."""
    found = hashlib.sha256()
    for source in sources:
        found.update(source.read_bytes())
    return found.hexdigest()[:16]


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold `folder` (made if absent) against a second trainer. BadInput if another process holds it.

    The lock ends with the process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise files.BadInput(
                f"{folder}: another process is training this very experiment; wait for it, or end it "
                "(a killed `dvc` can leave its training running: look for `python stages/train.py`)"
            ) from None
        yield


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers and lists of them, whole or not at all, and after them the SHA-256 of PyTorch's file,
    which is read all the same. The state that was there is kept as well, at `before(path)`."""
    with files.writing(path) as temporary:
        torch.save(dict(state), temporary)
        digest = bytes.fromhex(files.sha256(temporary))
        with temporary.open("ab") as file:
            file.write(digest)
        if path.exists():
            path.replace(before(path))


def load(path: Path) -> dict[str, Any] | None:
    """The state saved last, None if there is none. Where it is damaged, in one line on stderr, the one before.

    BadInput where neither can be read.
    """
    damage = {}
    for place in (path, before(path)):
        try:
            _check(place)
            state = torch.load(place, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            damage[place] = error
            continue
        for damaged, error in damage.items():
            print(f"{damaged}: damaged checkpoint ({error}); the training goes on from the one before", file=sys.stderr)
            damaged.unlink()  # or the next state would take the place of the one that is whole
        return state
    if not damage:
        return None
    error = next(iter(damage.values()))
    raise files.BadInput(
        f"{path}: damaged checkpoint ({type(error).__name__}: {error}), and none before it; delete it to train from "
        "the start"
    ) from error


@contextmanager
def taken_up(path: Path) -> Iterator[None]:
    """BadInput where the state of `path` is no state of the training that takes it up here."""
    try:
        yield
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise files.BadInput(
            f"{path}: not a state of this training ({type(error).__name__}); delete it to train from the start"
        ) from error


def before(path: Path) -> Path:
    """Where the state before the one at `path` is kept."""
    return path.with_suffix(f".before{path.suffix}")


def _check(path: Path) -> None:
    """ValueError unless the file ends in the digest of what is before it."""
    found = hashlib.sha256()
    left = path.stat().st_size - found.digest_size
    with path.open("rb") as file:
        while left > 0:
            block = file.read(min(left, BLOCK))
            found.update(block)
            left -= len(block)
        if file.read() != found.digest():
            raise ValueError("not the bytes that were written")
