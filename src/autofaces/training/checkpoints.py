"""What survives a killed training: its state, in a work folder that neither git nor DVC tracks.

The folder is named by a fingerprint of all that decides the result, so that a state is only ever taken up by the same
training; it lies under $DVC_ROOT, which is the main checkout also for queued experiments.
"""

import fcntl
import hashlib
import json
import os
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autofaces.core import files
from autofaces.core.arrays import evenly

ROWS = 64  # images of an array that its fingerprint reads


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
    """Write tensors, numbers and lists of them, whole or not at all."""
    with files.writing(path) as temporary:
        torch.save(dict(state), temporary)


def load(path: Path) -> dict[str, Any] | None:
    """The saved state, None if there is none. BadInput if it cannot be read."""
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise files.BadInput(
            f"{path}: damaged checkpoint ({type(error).__name__}); delete it to train from the start"
        ) from error
