"""The images that all sections work on: synthetic CelebA, 178x218 JPEG, as an archive, as files, and as arrays."""

import itertools
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from autofaces.core import files
from autofaces.data import preprocessing
from autofaces.synthetic import archives

ARCHIVE = "img_align_celeba.zip"
MEMBER = "img_align_celeba/{:06d}.jpg"
SIZE = 128
DRAWN, QUICK_DRAWN = 400, 24  # the others repeat them: what is timed does not look at what an image shows
PACKED = 12_000  # in the archive
TRAINED = 2_000, 160  # in the arrays and in the folder of JPEGs: all, and quick


def make(folder: Path, quick: bool) -> None:
    """Write raw/ (the archive and source.json), jpeg/faces/*.jpg, and arrays/ (train, 64 of validation and test)."""
    drawn, packed, trained = (QUICK_DRAWN, TRAINED[1], TRAINED[1]) if quick else (DRAWN, PACKED, TRAINED[0])
    (folder / "drawn").mkdir()
    archives.write("celeba", folder / "drawn", drawn, 0)
    with zipfile.ZipFile(folder / "drawn" / ARCHIVE) as archive:
        images = [archive.read(name) for name in sorted(archive.namelist()) if name.endswith(".jpg")]
    with files.writing(folder / "raw" / ARCHIVE) as path, zipfile.ZipFile(path, "w") as archive:
        for number, image in enumerate(itertools.islice(itertools.cycle(images), packed), 1):
            archive.writestr(MEMBER.format(number), image)
    path = folder / "raw" / ARCHIVE
    record = {"sha256": files.sha256(path), "bytes": path.stat().st_size}
    files.write_json(folder / "raw" / "source.json", {"source": "synthetic", "files": {ARCHIVE: record}})
    (folder / "jpeg" / "faces").mkdir(parents=True)
    for number, image in enumerate(itertools.islice(itertools.cycle(images), trained), 1):
        (folder / "jpeg" / "faces" / f"{number:06d}.jpg").write_bytes(image)
    preprocess(folder, range(1, trained + 1), folder / "arrays", None)


def preprocess(folder: Path, numbers: Sequence[int], target: Path, processes: int | None) -> None:
    """The project's own preprocessing of those images of the archive, from the archive to the arrays in `target`."""
    held = min(64, len(numbers) // 8)
    parts = ["train"] * (len(numbers) - 2 * held) + ["validation"] * held + ["test"] * held
    splits = target.with_name(f"{target.name}.csv")
    names = (f"{ARCHIVE}/{MEMBER.format(number)}" for number in numbers)
    files.write_csv(splits, [{"file": n, "split": p, "group": n} for n, p in zip(names, parts, strict=True)])
    preprocessing.write(
        raw=folder / "raw",
        splits=splits,
        folder=target,
        size=SIZE,
        channels=3,
        crop="square",
        profile="benchmark",
        full_size=SIZE,
        official_images=None,
        processes=processes,
    )


def large(folder: Path, gigabytes: int) -> np.memmap:
    """An array of so many GB of black images, which take no room on a disk that leaves zeros out."""
    path = folder / "large.npy"
    if not path.exists():
        images = gigabytes * 10**9 // (SIZE * SIZE * 3)
        np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(images, SIZE, SIZE, 3))
    return np.lib.format.open_memmap(path, mode="r")
