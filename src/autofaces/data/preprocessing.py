"""From the images in the archives to arrays of one size."""

import errno
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from autofaces.core import files
from autofaces.core.arrays import PARTS
from autofaces.core.files import BadInput
from autofaces.data import archives, parallel, provenance

if TYPE_CHECKING:
    import pandas as pd

LEFT_OUT = ("unreadable", "duplicate")  # by splits.split
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
    profile says otherwise; official_images, in the whole archive as published (None: not known); the files' SHA-256.
    The bytes are the same for any number of processes. ImageError where an image is smaller than the crop, BadInput
    where `splits` is damaged.
    """
    table = _table(splits)
    source = provenance.read(raw)["source"]
    bare = [name for name in _archives(splits, raw, table) if not archives.has_checksums(raw / name)]
    provenance.verify(raw, bare)
    parts = {part: table[table.split == part].drop(columns="split") for part in PARTS}
    with files.writing(folder) as temporary:
        temporary.mkdir()
        about = {"profile": profile, "faces": source, "crop": crop}
        about |= {"official_images": official_images, "full_size": full_size}
        arrays = []
        for part, rows in parts.items():
            rows.to_csv(temporary / f"{part}.csv", index=False, lineterminator="\n", encoding="utf-8")
            path, shape = temporary / f"{part}.npy", (len(rows), size, size, channels)
            arrays.append((path, len(rows), _allocate(path, shape)))
        images = [file for rows in parts.values() for file in rows.file]
        work = functools.partial(_write_row, arrays=arrays, size=size, channels=channels, crop=crop)
        parallel.each_image(raw, images, work, "preprocessing", processes)
        about["sha256"] = {file.name: files.sha256(file) for file in sorted(temporary.iterdir())}
        files.write_json(temporary / "about.json", about)


def fit(image: Image.Image, size: int, channels: int, crop: str | int) -> Image.Image:
    """An image in mode RGB or L, cropped and resized to size x size pixels, in mode L (1 channel) or RGB (3).

    crop: `square` the largest centred square, `whole` all of it (other shapes are squeezed), a number that
    many centred pixels a side. Resized by Pillow's antialiased bilinear filter; grey is ITU-R 601 luma.
    ImageError where the image is smaller than the crop.
    """
    mode = "L" if channels == 1 else "RGB"
    if channels == 1 and image.mode != mode:
        image = image.convert(mode)
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
    return image if image.mode == mode else image.convert(mode)


def _table(path: Path) -> "pd.DataFrame":
    """The table that splits.write has written, all text, so that labels pass through unchanged."""
    import pandas as pd  # here, because every process imports this module

    again = "run `dvc repro --force split`"
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
    except FileNotFoundError:
        raise BadInput(f"{path}: not found; run `dvc repro split`") from None
    except (ValueError, pd.errors.ParserError) as error:  # not UTF-8, empty, or rows of other lengths
        raise BadInput(f"{path}: damaged table ({str(error).strip()}); {again}") from None
    if missing := [name for name in ("file", "split", "group") if name not in table]:
        raise BadInput(f"{path}: damaged table (no column {', '.join(missing)}); {again}")
    for row, split in enumerate(table.split, 2):
        if split not in PARTS + LEFT_OUT:
            raise BadInput(f"{path}, line {row}: split {split!r}, expected {', '.join(PARTS + LEFT_OUT)}; {again}")
    if (twice := table.file[table.file.duplicated()]).size:
        raise BadInput(f"{path}: {twice.iloc[0]!r} is there twice; {again}")
    if empty := [part for part in PARTS if part not in set(table.split)]:
        raise BadInput(f"{path}: no image in {', '.join(empty)}; {again}")
    return table


def _archives(splits: Path, raw: Path, table: "pd.DataFrame") -> list[str]:
    """The names of the archives in `raw` that the table's images are in."""
    names = sorted(set(table.file.str.partition("/")[0]))
    for name in names:
        if name in ("", ".", "..") or not (raw / name).is_file():
            raise BadInput(f"{splits}: {name!r} is no archive in {raw}; run `dvc repro --force split`")
    return names


def _allocate(path: Path, shape: tuple[int, ...]) -> int:
    """Make an array file of zeros; the number of bytes before its first image."""
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).offset


def _write_row(i: int, data: bytes, arrays: list[Array], size: int, channels: int, crop: str | int) -> None:
    """Image i of all parts together goes to its row in its part's file."""
    pixels = fit(archives.decode(data), size, channels, crop).tobytes()
    for path, images, offset in arrays:
        if i < images:
            file = os.open(path, os.O_WRONLY)
            try:
                written = os.pwrite(file, pixels, offset + i * len(pixels))
            finally:
                os.close(file)
            if written != len(pixels):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return
        i -= images
    raise IndexError(i)
