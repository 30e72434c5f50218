"""From the images in the archives to arrays of one size."""

import functools
import json
from pathlib import Path

import numpy as np
from PIL import Image

from autofaces.core import files
from autofaces.core.arrays import PARTS
from autofaces.core.files import BadInput
from autofaces.data import archives

Array = tuple[Path, int, int]  # file, images, bytes before the first image


def write(
    raw: Path,
    splits: Path,
    folder: Path,
    size: int,
    channels: int,
    crop: str | int,
    profile: str,
    full_size: int,
    official_images: int | None,
    processes: int | None = None,
) -> None:
    """Make `<part>.npy`, uint8 (N, size, size, channels), and `<part>.csv` for all parts of the table `splits`, and
    about.json.

    raw: folder of the archives; splits: CSV of splits.write; folder: appears at once when all is done; channels, crop:
    as in `fit`. What about.json keeps: profile, the name of the settings; full_size, that the data set has where no
    profile says otherwise; official_images, in the whole archive as published (None: not known). The bytes are the same
    for any number of processes. ImageError where an image is smaller than the crop.
    """
    import pandas as pd  # here, because every process imports this module

    if not splits.exists():
        raise BadInput(f"{splits}: not found; run `dvc repro split`")
    table = pd.read_csv(splits, dtype="str", keep_default_na=False)  # text: labels pass through unchanged
    parts = {part: table[table.split == part].drop(columns="split") for part in PARTS}
    with files.writing(folder) as temporary:
        temporary.mkdir()
        source = json.loads((raw / "source.json").read_text(encoding="utf-8"))["source"]
        about = {"profile": profile, "faces": source, "crop": crop}
        about |= {"official_images": official_images, "full_size": full_size}
        files.write_json(temporary / "about.json", about)
        arrays = []
        for part, rows in parts.items():
            rows.to_csv(temporary / f"{part}.csv", index=False, lineterminator="\n", encoding="utf-8")
            path, shape = temporary / f"{part}.npy", (len(rows), size, size, channels)
            arrays.append((path, len(rows), _allocate(path, shape)))
        images = [file for rows in parts.values() for file in rows.file]
        work = functools.partial(_write_row, arrays=arrays, size=size, channels=channels, crop=crop)
        archives.each_image(raw, images, work, "preprocessing", processes)


def fit(image: Image.Image, size: int, channels: int, crop: str | int) -> Image.Image:
    """An image in mode RGB or L, cropped and resized to size x size pixels, in mode L (1 channel) or RGB (3).

    crop: `square` the largest centred square, `whole` all of it (other shapes are squeezed), a number that
    many centred pixels a side. Resized by Pillow's antialiased bilinear filter; grey is ITU-R 601 luma.
    ImageError where the image is smaller than the crop.
    """
    if channels == 1:
        image = image.convert("L")
    width, height = image.size
    if crop == "whole":
        w, h = width, height
    else:
        w = h = min(width, height) if crop == "square" else int(crop)
    if w > width or h > height:
        raise archives.ImageError(
            f"{width} x {height} pixels, too small for crop: {crop}; set a smaller number, or crop: square"
        )
    left, top = (width - w) // 2, (height - h) // 2
    box = (left, top, left + w, top + h)
    if (w, h) == (size, size):
        image = image.crop(box)
    else:
        image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return image if channels == 1 else image.convert("RGB")


def _allocate(path: Path, shape: tuple[int, ...]) -> int:
    """Make an array file of zeros; the number of bytes before its first image."""
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).offset


def _write_row(i: int, data: bytes, arrays: list[Array], size: int, channels: int, crop: str | int) -> None:
    """Image i of all parts together goes to its row in its part's file."""
    pixels = fit(archives.decode(data), size, channels, crop).tobytes()
    for path, images, offset in arrays:
        if i < images:
            with path.open("r+b") as file:
                file.seek(offset + i * len(pixels))
                file.write(pixels)
            return
        i -= images
    raise IndexError(i)
