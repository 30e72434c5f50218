"""The arrays that training and evaluation read: about.json, checksums.json, and of each part `<part>.npy` and
`<part>.csv`."""

import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autofaces.core.files import BadInput

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")


def load(folder: Path | str, part: str) -> np.memmap:
    """The images of a part as a read-only memory map, uint8 (N, H, W, C) in 0..255, C 1 (grey) or 3 (RGB).

    BadInput where the file is absent, cut, or holds anything else.
    """
    path = Path(folder) / f"{part}.npy"
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
    return array


def checksum(images: Iterable[int]) -> int:
    """CRC-32 of a part, of the CRC-32 of each of its images in their order."""
    return zlib.crc32(np.fromiter(images, dtype="<u4").tobytes())


def verify(folder: Path | str, parts: Iterable[str] = PARTS) -> None:
    """Read every image of the parts. BadInput where one is not what preprocessing wrote; where there is no
    checksums.json, nothing is known of them, and nothing is read."""
    path = Path(folder) / "checksums.json"
    if not path.exists():
        return
    try:
        written = {part: int(crc) for part, crc in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: not readable ({error}); run `dvc repro --force preprocess`") from None
    for part in parts:
        if checksum(zlib.crc32(image) for image in load(folder, part)) != written.get(part):
            raise BadInput(f"{Path(folder) / part}.npy: damaged since it was written; run `dvc repro preprocess`")


def labels(folder: Path | str, part: str) -> "pd.DataFrame":
    """What is known of each image of a part, row i of image i: file, group, identity where known (all text), labels.

    BadInput where the file is absent, or has not one row for each image.
    """
    import pandas as pd  # half a second that training alone does without

    path = Path(folder) / f"{part}.csv"
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
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{path}: not readable ({error}); run `dvc repro --force preprocess`") from None


def evenly(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `count` things, evenly spaced, the first and the last among them."""
    return np.linspace(0, count - 1, min(most, count), dtype=int)
