"""Where a dataset's archives come from: the official addresses, a local folder, or the synthesiser."""

import os
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autofaces.core import files
from autofaces.data import archives, downloads, layouts, provenance
from autofaces.data.downloads import SourceError
from autofaces.synthetic import archives as synthesiser

FOLDER = "folder.zip"  # that loose images are packed into
NAMED = 20  # of the files left out, at most


def obtain(
    key: str, archive: Any, source: str, images: int | None, seed: int, data_root: str | None, folder: Path
) -> None:
    """Fill `folder` with the files of an archive, as they are, and `source.json`; it appears at once, when
    all is there.

    archive: its settings (params.Archive). source: synthetic, local or official;
    layout folder is always local. images, seed: of the synthesiser. data_root: folder of `<key>/<file>`,
    which AUTOFACES_DATA overrides. source.json holds the source, for each file its sha256, bytes and, if
    official, address, and of a folder of images which were left out, and why. SourceError, or ArchiveError for a
    damaged archive.
    """
    if archive.layout == "folder":
        source = "local"
    root = _root(data_root)
    left_out: dict[str, str] = {}
    with files.writing(folder) as temporary:
        temporary.mkdir()
        addresses: dict[str, str] = {}
        if source == "synthetic":
            synthesiser.write(archive.layout, temporary, images, seed)
        elif source == "local":
            left_out = _local(key, archive, root, temporary)
        else:
            with downloads.alone(key) as cache:
                addresses = downloads.fetch(key, archive.files, root, cache, temporary)
        record = {}
        for path in sorted(temporary.iterdir()):
            if layouts.is_archive(path):
                _whole(path, source)
            record[path.name] = {"sha256": files.sha256(path), "bytes": path.stat().st_size}
            if path.name in addresses:
                record[path.name]["url"] = addresses[path.name]
            elif source == "local":
                _compare(path.name, record[path.name], archive.files)
        about = {"source": source, "files": record} | ({"left_out": left_out} if left_out else {})
        files.write_json(temporary / provenance.NAME, about)


def outdated(key: str, archive: Any, data_root: str | None, folder: Path) -> str | None:
    """Why `folder`, which obtain has filled, is not what a local source holds now, in a line with what to do; None
    where it is, or is not local, or the source is not there. DVC does not watch local archives: this reads them."""
    root = _root(data_root)
    if root is None or not (root / key).is_dir() or not (folder / provenance.NAME).exists():
        return None
    record = provenance.read(folder)
    if record["source"] != "local":
        return None
    taken, there = record["files"], _there(root / key)
    if FOLDER in taken and FOLDER not in there:
        differs = _loose_differ(folder / FOLDER, root / key)
    else:
        names = [name for name in there if layouts.is_archive(Path(name))]
        if archive.layout != "folder":
            layout = layouts.FILES[archive.layout]
            names = [name for names in layout.needed + layout.optional for name in names if name in there]
        differs = next((name for name in [*taken, *names] if _differs(root / key / name, taken.get(name))), None)
    again = f"`dvc repro --force --single-item download@{key}`, then `dvc repro`, takes it"
    return f"{folder}: {root / key} has changed since it was taken ({differs}): {again}" if differs else None


def _differs(path: Path, taken: Mapping[str, Any] | None) -> bool:
    if taken is None or not path.is_file():
        return True
    return path.stat().st_size != taken["bytes"] or files.sha256(path) != taken["sha256"]


def _loose_differ(packed: Path, folder: Path) -> str | None:
    """The first image that is another in the folder than in the zip made of it; None where all are the same."""
    images, _ = _loose(folder)
    with zipfile.ZipFile(packed) as archive:
        infos = {info.filename: info for info in archive.infolist()}
    if other := sorted(images.keys() ^ infos.keys()):
        return other[0]
    for name, path in images.items():
        info = infos[name]
        if path.stat().st_size != info.file_size or zlib.crc32(path.read_bytes()) != info.CRC:
            return name
    return None


def _root(data_root: str | None) -> Path | None:
    root = os.environ.get("AUTOFACES_DATA") or data_root
    return Path(root).expanduser() if root else None


def _whole(path: Path, source: str) -> None:
    try:
        names = archives.members(path)
    except archives.ArchiveError as error:
        # named as the user knows it: the temporary folder is gone when this is read
        raise archives.ArchiveError(f"{source} {str(error).removeprefix(f'{path.parent}{os.sep}')}") from None
    if not names:
        raise SourceError(f"{source} {path.name}: holds no images ({', '.join(archives.SUFFIXES)})")


def _compare(name: str, found: Mapping[str, Any], official: Mapping[str, Any]) -> None:
    if name in official and official[name].sha256 not in (None, found["sha256"]):
        print(f"{name}: differs from the official file: a subset or another release")


def _local(key: str, archive: Any, root: Path | None, target: Path) -> dict[str, str]:
    """Copy what is taken; returns what is left out of loose images, and why."""
    if root is None:
        raise SourceError(
            f"{key}: source local needs a folder: set AUTOFACES_DATA, or data_root in params.yaml, "
            f"to the folder that holds {key}/"
        )
    folder = root / key
    there = _there(folder)
    if archive.layout == "folder":
        return _tree(key, folder, there, target)
    layout = layouts.FILES[archive.layout]
    missing = [" or ".join(names) for names in layout.needed if not set(names) & set(there)]
    if missing:
        raise SourceError(f"{key}: {', '.join(missing)} not found in {folder}; there: {_some(there)}")
    for names in layout.needed + layout.optional:
        for name in [name for name in names if name in there][:1]:
            _copy(folder / name, target / name)
    return {}


def _there(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror}") from None


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except (PermissionError, IsADirectoryError) as error:
        raise SourceError(f"{source}: {error.strerror}; expected a file that can be read") from None


def _tree(key: str, folder: Path, there: list[str], target: Path) -> dict[str, str]:
    """One archive as it is, or all images below the folder packed into one, in order of name and without times."""
    packed = [name for name in there if layouts.is_archive(Path(name))]
    images, left_out = _loose(folder)
    if len(packed) + bool(images or left_out) != 1:
        raise SourceError(
            f"{key}: {folder} must hold images, or one zip or tar archive of images; there: {_some(there)}"
        )
    if packed:
        _copy(folder / packed[0], target / packed[0])
        return {}
    with zipfile.ZipFile(target / FOLDER, "w", zipfile.ZIP_STORED) as archive:
        for name, path in tqdm(images.items(), desc="packing", unit=" images", disable=None):
            try:
                data = path.read_bytes()
            except OSError as error:
                left_out[ascii(name)] = f"cannot be read: {error.strerror}"
            else:
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
        packed_images = len(archive.infolist())
    if left_out:
        lines = [f"  {name}: {reason}" for name, reason in sorted(left_out.items())]
        more = [f"  and {len(lines) - NAMED} more"] * (len(lines) > NAMED)
        said = "\n".join([f"{key}: {len(lines)} left out of {folder}:", *lines[:NAMED], *more])
        if not packed_images:
            raise SourceError(f"{said}\nno image remains; give some other names, or permission to read them")
        print(said)
    return dict(sorted(left_out.items()))


def _loose(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The images below a folder that can be packed, by their names in order; and what cannot, each with the reason."""
    images: dict[str, Path] = {}
    left_out: dict[str, str] = {}

    def unreadable(error: OSError) -> None:
        left_out[ascii(os.path.relpath(error.filename, folder))] = f"folder cannot be read: {error.strerror}"

    for place, _, names in os.walk(folder, onerror=unreadable):
        for path in (Path(place, name) for name in names):
            name = path.relative_to(folder).as_posix()
            if archives.is_image(name):
                if reason := _not_packed(name, path):
                    left_out[ascii(name)] = reason
                else:
                    images[name] = path
    return dict(sorted(images.items())), left_out


def _not_packed(name: str, path: Path) -> str | None:
    if not path.is_file():
        return "is a link that leads nowhere" if path.is_symlink() else "is no file"
    size = path.stat().st_size
    if size > archives.MAX_BYTES:
        return f"has {size:,} bytes, at most {archives.MAX_BYTES:,} are read; save it smaller"
    if archives.objection(name, size):
        return "has a name that an archive cannot hold (not UTF-8, a line break, a backslash, C:); rename it"
    return None


def _some(names: list[str]) -> str:
    return ", ".join(names[:10] + ["..."] * (len(names) > 10)) or "nothing"
