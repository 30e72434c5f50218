"""Similar images: the codes of a folder's images, kept from one search to the next, and exact search among them.

The codes are in .work/codes/<fingerprint>/, which may be deleted at any time. The fingerprint covers the model's files,
what it sees of an image, and the folder's path. Within it an image is known by its size, time of change and name, so
new and changed images are encoded, and the others are not even opened.

Similarity is the cosine of codes from which the folder's mean code is taken: without that all faces look alike. The
search is one matrix product over a memory map: of 200,000 codes of 384 numbers it takes less than 0.1 s, after 0.2 s
in which they are compared with their checksum. An index
library (FAISS, hnswlib) would pay from several million images on, or for many searches a second.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import nn

from autofaces import networks
from autofaces.app import photos, uses
from autofaces.core import files
from autofaces.data import archives, preprocessing
from autofaces.evaluation import inference
from autofaces.training import checkpoints, layers, pixels

SAVE = 20_000  # images after which the codes so far are saved: an interrupted search goes on from there
BLOCK = 1 << 16  # rows worked on at a time
FILES = "codes.npy", "mean.npy", "norms.npy", "known", "unreadable.json"  # of a gallery, beside their digests


class Gallery(NamedTuple):
    """The codes of a folder's images."""

    known: list[str]  # of each image `<bytes> <time of change in ns> <path within the folder>`
    codes: np.ndarray  # float32 (N, D), row i of image i
    mean: np.ndarray  # float32 (D,)
    norms: np.ndarray  # float32 (N,): lengths of the codes less their mean, infinite where that is nothing
    unreadable: dict[str, str]  # reasons, by what `known` would hold


def gather(folder: Path, trained: uses.Trained, fit: photos.Fit, beside: list[str]) -> tuple[Gallery, int]:
    """The codes of all images in `folder` and below, and how many images were opened for it.

    Folders and links that cannot be looked into are appended to `beside`. BadInput where no image can be read.
    """
    found = _found(folder, beside)
    home = checkpoints.root() / "codes" / _fingerprint(folder, trained, fit)
    gallery = _load(home)
    unreadable = gallery.unreadable if gallery else {}
    seen = {*gallery.known, *unreadable} if gallery else set()
    new = [file for file in found if file not in seen]
    current = set(found)
    for start in range(0, len(new) or bool(seen - current), SAVE):
        added, codes, reasons = _encode(folder, new[start : start + SAVE], trained.model, fit)
        unreadable = {file: why for file, why in (unreadable | reasons).items() if file in current}
        if gallery:
            kept = [i for i, file in enumerate(gallery.known) if file in current]
            added = [*(gallery.known[i] for i in kept), *added]
            codes = [gallery.codes[kept], *codes]
        if added:
            gallery = _save(home, added, np.concatenate(codes), unreadable)
    if gallery is None:
        raise files.BadInput(photos.named(list(unreadable.values()), len(found)))
    return gallery, len(new)


def nearest(gallery: Gallery, code: np.ndarray, count: int) -> list[tuple[str, float]]:
    """(path within the folder, similarity) of the `count` images most similar to a code (D,), best first.

    Similarity: cosine of codes from which the gallery's mean is taken, -1 to 1.
    """
    query = code - gallery.mean
    length = max(np.linalg.norm(query), np.finfo(np.float32).tiny)
    similarity = (gallery.codes @ query - gallery.mean @ query) / (gallery.norms * length)
    best = np.argsort(-similarity, kind="stable")[:count]
    return [(_path(gallery.known[i]), float(similarity[i])) for i in best]


def _fingerprint(folder: Path, trained: uses.Trained, fit: photos.Fit) -> str:
    sources = [Path(module.__file__) for module in (archives, preprocessing, inference, layers, pixels)]
    sources += [Path(networks.__file__).with_name(f"{trained.config['name']}.py")]
    sources += [trained.folder / "weights.safetensors", trained.folder / "config.json"]
    return checkpoints.fingerprint({"folder": str(folder.resolve()), "fit": list(fit)}, [], sources)


def _found(folder: Path, beside: list[str]) -> list[str]:
    found = [f"{stat.st_size} {stat.st_mtime_ns} {path}" for path, stat in photos.walk(folder, beside)]
    if not found:
        photos.find([folder], [])  # which refuses it, and says why
    return found


def _path(file: str) -> str:
    return file.split(" ", 2)[2]


def _encode(
    folder: Path, new: Sequence[str], model: nn.Module, fit: photos.Fit
) -> tuple[list[str], list[np.ndarray], dict[str, str]]:
    """Those of the files that can be read, their codes in parts, and why the others cannot."""
    paths = [folder / _path(file) for file in new]
    reasons: list[str] = []
    readable: list[int] = []
    codes: list[np.ndarray] = []
    for indices, images in photos.batches(paths, fit, inference.BATCH, reasons, "encoding"):
        readable += indices
        codes.append(inference.codes(model, images))
    others = sorted(set(range(len(new))) - set(readable))
    return [new[i] for i in readable], codes, {new[i]: why for i, why in zip(others, reasons, strict=True)}


def _save(home: Path, known: list[str], codes: np.ndarray, unreadable: dict[str, str]) -> Gallery:
    mean = codes.mean(axis=0, dtype=np.float64).astype(np.float32)
    blocks = np.array_split(codes, len(codes) // BLOCK + 1)
    norms = np.concatenate([np.linalg.norm(block - mean, axis=1) for block in blocks])
    norms[norms <= 1e-5 * np.linalg.norm(mean)] = np.inf  # of a folder's only image: it is like no other
    with files.writing(home) as temporary:
        temporary.mkdir()
        for name, array in {"codes": codes, "mean": mean, "norms": norms}.items():
            np.save(temporary / f"{name}.npy", array)
        # no path holds a zero byte; not every path is text
        (temporary / "known").write_bytes("\0".join(known).encode("utf-8", "surrogateescape"))
        files.write_json(temporary / "unreadable.json", unreadable)
        files.write_json(temporary / "sha256.json", _sums(temporary))
    return _load(home)


def _sums(home: Path) -> dict[str, str]:
    """SHA-256 of each file: of 200,000 codes 0.2 s."""
    return {name: files.sha256(home / name) for name in FILES}


def _load(home: Path) -> Gallery | None:
    try:
        if json.loads((home / "sha256.json").read_text(encoding="utf-8")) != _sums(home):
            return None
        known = (home / "known").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        codes, mean, norms = (np.load(home / f"{name}.npy", mmap_mode="r") for name in ("codes", "mean", "norms"))
        unreadable = json.loads((home / "unreadable.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # not there, or damaged: it is made again
    return Gallery(known, codes, mean, norms, unreadable)
