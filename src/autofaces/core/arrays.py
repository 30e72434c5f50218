"""The arrays that training and evaluation read: about.json, and of each part `<part>.npy` and `<part>.csv`."""

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autofaces.core import files
from autofaces.core.files import BadInput

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")


def load(folder: Path | str, part: str) -> np.memmap:
    """The images of a part as a read-only memory map, uint8 (N, H, W, C) in 0..255, C 1 (grey) or 3 (RGB).

    BadInput where the file is absent, cut, not as about.json says it was made, or holds anything else.
    """
    path = Path(folder) / f"{part}.npy"
    _check(path)
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro preprocess`") from None
    except OSError:
        raise
    except Exception as error:  # NumPy meets a damaged header with errors of nearly any class
        raise BadInput(f"{path}: not a whole .npy file ({error}); run `dvc repro --force preprocess`") from None
    if (spare := path.stat().st_size - array.offset - array.nbytes) != 0:
        raise BadInput(f"{path}: {spare:,} bytes more than its header says; run `dvc repro --force preprocess`")
    right = array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3) and array.flags.c_contiguous
    if not right:
        raise BadInput(f"{path}: {array.dtype} {array.shape}; expected uint8 (N, H, W, 1 or 3) in C order")
    if not len(array):
        raise BadInput(f"{path}: no images; give its part a share (datasets.<key>), or the profile more images")
    return array


def labels(folder: Path | str, part: str) -> "pd.DataFrame":
    """What is known of each image of a part, row i of image i: file, group, identity where known (all text), labels.

    BadInput where the file is absent, or has not one row for each image.
    """
    import pandas as pd  # half a second that training alone does without

    path = Path(folder) / f"{part}.csv"
    _check(path)
    text = dict.fromkeys(("file", "group", "identity", "photo"), "str")
    try:  # only an empty cell is a missing value: a person may be called NA
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro preprocess`") from None
    except (ValueError, KeyError) as error:
        raise BadInput(f"{path}: damaged table ({error}); run `dvc repro --force preprocess`") from None
    images = len(load(folder, part))
    if len(table) != images:
        raise BadInput(f"{path}: {len(table)} rows for {images} images; run `dvc repro --force preprocess`")
    return table


def about(folder: Path | str) -> dict[str, Any]:
    """What the images are: `profile` that chose them, `faces` (synthetic, local or official), `crop` of the originals
    (see preprocessing.fit), `full_size`, and `official_images` (see preprocessing.write)."""
    path = Path(folder) / "about.json"
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{path}: not readable ({error}); run `dvc repro --force preprocess`") from None
    return {name: value for name, value in found.items() if name != "sha256"}


def _check(path: Path) -> None:
    """BadInput unless a file has the SHA-256 that its folder's about.json says, where that is there and says one."""
    beside = path.with_name("about.json")
    sums = files.read_json(beside).get("sha256") if path.exists() and beside.exists() else None
    if sums is None:
        return
    stat = path.stat()
    found = _sha256(path.resolve(), stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if not isinstance(sums, dict) or found != sums.get(path.name):
        raise BadInput(
            f"{path}: not as it was made: SHA-256 {found[:8]}... is not the one in {beside}; damaged or edited: run "
            "`dvc checkout --force`, or `dvc repro --force preprocess`"
        )


@functools.cache
def _sha256(path: Path, *_: int) -> str:
    """Of a file of that place, size and time of change, read once in a process."""
    return files.sha256(path)


def evenly(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `count` things, evenly spaced, the first and the last among them."""
    return np.linspace(0, count - 1, min(most, count), dtype=int)
