"""A user's own images: found, decoded by threads, and cut to what a model was trained on."""

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from autofaces.core.files import BadInput
from autofaces.core.machine import processors
from autofaces.data import archives, preprocessing

# archives.decode has a limit of its own, smaller than Pillow's, and a message that names the size
Image.MAX_IMAGE_PIXELS = None

NAMED = 3  # unreadable files that a message names


class Fit(NamedTuple):
    """What a model sees of an image."""

    size: int  # pixels of a side
    channels: int  # 1: grey, 3: RGB
    crop: str | int  # square, whole, or a number of centred pixels: preprocessing.fit


def fit(config: Mapping[str, Any], crop: str | int | None = None) -> Fit:
    """How images are cut for the model of `config` (models/<experiment>/config.json); `crop` instead of the model's."""
    crop = crop or config.get("crop", "square")
    if crop not in ("square", "whole") and not (isinstance(crop, int) and crop > 0):
        raise BadInput(f"config.json: crop = {crop!r}; expected square, whole, or a number of pixels")
    return Fit(config["size"], config["channels"], crop)


def find(paths: Iterable[Path], unreadable: list[str]) -> list[Path]:
    """The image files that `paths` name, in that order: a file whatever it is called, of a folder all images in it and
    below, by name. What cannot be looked into there is left out, its path and reason appended to `unreadable`. BadInput
    for a path that is not there, and where there is no image at all."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(path / name for name, _ in walk(path, unreadable))
        elif path.is_file():
            found[path] = None
        else:
            raise BadInput(f"{path}: {'neither a file nor a folder' if path.exists() else 'not found'}")
    if not found and unreadable:
        raise BadInput(named(unreadable, len(unreadable)))
    if not found:
        known = ", ".join(suffix.removeprefix(".") for suffix in archives.SUFFIXES)
        raise BadInput(f"{', '.join(map(str, paths))}: no images there (files that end in {known})")
    return list(found)


def walk(folder: Path | str, unreadable: list[str], below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """(path within `folder`, stat) of the files there and below that have an image's name, sorted in each folder. A
    folder that may not be read and a link in a circle are left out, appended to `unreadable`."""
    place = Path(folder) / below
    try:
        descriptor = os.open(place, os.O_RDONLY)  # what is in it is found from here, not from the root
    except OSError as error:
        unreadable.append(f"{place}: {error.strerror}")
        return
    try:
        with os.scandir(descriptor) as entries:
            ordered = sorted(entries, key=lambda e: e.name)
        for entry in ordered:
            if entry.is_dir(follow_symlinks=False):  # no link is followed into a circle
                yield from walk(folder, unreadable, f"{below}{entry.name}/")
            elif archives.is_image(entry.name):
                try:
                    if entry.is_file():
                        yield below + entry.name, entry.stat()
                except OSError as error:
                    unreadable.append(f"{place / entry.name}: {error.strerror}")
    finally:
        os.close(descriptor)


def read(path: Path, fit: Fit) -> np.ndarray:
    """One image as a model sees it, uint8 (size, size, channels). ImageError, with the path, where it cannot be read.

    Of the formats of archives.decode; upright as its EXIF says, transparency over white, the first frame of many.
    """
    try:
        if path.stat().st_size > archives.MAX_BYTES:
            raise archives.ImageError(f"{path.stat().st_size:,} bytes, at most {archives.MAX_BYTES:,} are read")
        image = archives.decode(path.read_bytes())
        image = preprocessing.fit(image, fit.size, fit.channels, _crop(image, fit.crop))
    except OSError as error:
        raise archives.ImageError(f"{path}: {error.strerror}") from None
    except archives.ImageError as error:
        raise archives.ImageError(f"{path}: {error}") from None
    return np.array(image).reshape(fit.size, fit.size, fit.channels)


def _crop(image: Image.Image, crop: str | int) -> str | int:
    """A number of pixels cuts the faces of one archive, whose images are all of one size: at most twice that number
    (LFW: 128 of 250). Of a larger image it is the central half that shows as much, of a smaller one the whole square.
    """
    if isinstance(crop, str):
        return crop
    side = min(image.size)
    return min(max(crop, side // 2), side)


def batches(
    paths: Sequence[Path], fit: Fit, size: int, unreadable: list[str], description: str
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield (indices into `paths`, uint8 (B, size, size, channels)), B at most `size`, in order, with a progress bar.

    Threads decode ahead of the reader by a batch and no further, so memory does not grow with the number of images.
    What cannot be read is left out, its path and reason appended to `unreadable`.
    """
    indices: list[int] = []
    images: list[np.ndarray] = []
    short = len(paths) <= size  # no bar for what is done in a moment
    with tqdm(total=len(paths), desc=description, unit=" images", disable=short or None) as bar:
        for i, image in enumerate(_decoded(paths, fit, size)):
            bar.update()
            if isinstance(image, archives.ImageError):
                unreadable.append(str(image))
                continue
            indices.append(i)
            images.append(image)
            if len(images) == size:
                yield indices, np.stack(images)
                indices, images = [], []
    if images:
        yield indices, np.stack(images)


def named(unreadable: Sequence[str], number: int) -> str:
    """What to say of images left out: how many of `number`, and why the first few."""
    more = "\n  ..." if len(unreadable) > NAMED else ""
    reasons = "".join(f"\n  {reason}" for reason in unreadable[:NAMED])
    return f"{len(unreadable):,} of {number:,} images cannot be read:{reasons}{more}"


def _decoded(paths: Sequence[Path], fit: Fit, ahead: int) -> Iterator[np.ndarray | archives.ImageError]:
    def work(path: Path) -> np.ndarray | archives.ImageError:
        try:
            return read(path, fit)
        except archives.ImageError as error:
            return error

    with ThreadPoolExecutor(processors()) as pool:  # Pillow decodes without the interpreter's lock
        waiting = iter(paths)
        pending = deque(pool.submit(work, path) for path in itertools.islice(waiting, ahead))
        try:
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(work, path) for path in itertools.islice(waiting, 1))
        finally:
            pool.shutdown(cancel_futures=True)
