"""Where a dataset's archives come from: the official addresses, a local folder, or the synthesiser."""

import hashlib
import itertools
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import urllib3
from tqdm import tqdm

from autofaces.core import files
from autofaces.core.files import BadInput
from autofaces.data import archives, layouts
from autofaces.synthetic import archives as synthesiser

ATTEMPTS = 4  # at one address that breaks off without a byte of progress
PAUSE = 2.0  # seconds before the second attempt, doubled for each further one
TIMEOUT = 60.0  # seconds without an answer
BLOCK = 1 << 20  # bytes


class SourceError(BadInput):
    """A dataset that cannot be had; the message says which file, from where, why, and where to put it by hand."""


class _Refused(Exception):
    """An address does not have the file: the next one may."""


class _Interrupted(Exception):
    """A connection failed: the same address may answer later."""


def obtain(
    key: str, archive: Any, source: str, images: int | None, seed: int, data_root: str | None, folder: Path
) -> None:
    """Fill `folder` with the files of an archive, as they are, and `source.json`; it appears at once, when
    all is there.

    archive: its settings (params.Archive). source: synthetic, local or official;
    layout folder is always local. images, seed: of the synthesiser. data_root: folder of `<key>/<file>`,
    which AUTOFACES_DATA overrides. source.json holds the source, and for each file its sha256, bytes and, if
    official, address. SourceError, or ArchiveError for a damaged archive.
    """
    if archive.layout == "folder":
        source = "local"
    root = os.environ.get("AUTOFACES_DATA") or data_root
    with files.writing(folder) as temporary:
        temporary.mkdir()
        addresses: dict[str, str] = {}
        if source == "synthetic":
            synthesiser.write(archive.layout, temporary, images, seed)
        elif source == "local":
            _local(key, archive, Path(root).expanduser() if root else None, temporary)
        else:
            addresses = _official(key, archive.files, root, temporary)
        record = {}
        for path in sorted(temporary.iterdir()):
            if layouts.is_archive(path):
                _whole(path, source)
            record[path.name] = {"sha256": files.sha256(path), "bytes": path.stat().st_size}
            if path.name in addresses:
                record[path.name]["url"] = addresses[path.name]
            elif source == "local":
                _compare(path.name, record[path.name], archive.files)
        files.write_json(temporary / "source.json", {"source": source, "files": record})


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


def _local(key: str, archive: Any, root: Path | None, target: Path) -> None:
    if root is None:
        raise SourceError(
            f"{key}: source local needs a folder: set AUTOFACES_DATA, or data_root in params.yaml, "
            f"to the folder that holds {key}/"
        )
    folder = root / key
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if archive.layout == "folder":
        _tree(key, folder, there, target)
        return
    layout = layouts.FILES[archive.layout]
    missing = [" or ".join(names) for names in layout.needed if not set(names) & set(there)]
    if missing:
        raise SourceError(f"{key}: {', '.join(missing)} not found in {folder}; there: {_some(there)}")
    for names in layout.needed + layout.optional:
        for name in [name for name in names if name in there][:1]:
            shutil.copyfile(folder / name, target / name)


def _tree(key: str, folder: Path, there: list[str], target: Path) -> None:
    """One archive as it is, or all images below the folder packed into one, in order of name and without times."""
    packed = [name for name in there if layouts.is_archive(Path(name))]
    loose = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if archives.is_image(path.relative_to(folder).as_posix()) and path.is_file()
    )
    if len(packed) + bool(loose) != 1:
        raise SourceError(
            f"{key}: {folder} must hold images, or one zip or tar archive of images; there: {_some(there)}"
        )
    if packed:
        shutil.copyfile(folder / packed[0], target / packed[0])
        return
    with zipfile.ZipFile(target / "folder.zip", "w", zipfile.ZIP_STORED) as archive:
        for name in tqdm(loose, desc="packing", unit=" images", disable=None):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), (folder / name).read_bytes())


def _some(names: list[str]) -> str:
    return ", ".join(names[:10] + ["..."] * (len(names) > 10)) or "nothing"


def _official(key: str, official: Mapping[str, Any], root: str | None, target: Path) -> dict[str, str]:
    """Download what is not there yet; returns each file's address. What is finished is kept until everything is."""
    if not official:
        raise SourceError(f"{key}: no official address is known; list archives.{key}.files, or set source: local")
    cache = Path(os.environ.get("DVC_ROOT", ".")) / ".work" / "downloads" / key
    cache.mkdir(parents=True, exist_ok=True)
    addresses = {}
    for name, file in official.items():
        finished, address = cache / name, cache / f"{name}.url"
        if not (finished.exists() and (file.sha256 in (None, files.sha256(finished)))):
            _download(key, name, file, root, finished, address)
        addresses[name] = address.read_text(encoding="utf-8")
    for name in official:
        shutil.move(cache / name, target / name)
    shutil.rmtree(cache)
    return addresses


def _download(key: str, name: str, file: Any, root: str | None, finished: Path, address: Path) -> None:
    """Get one file from the first address that has it whole; only then it gets its name."""
    reasons = []
    for url in file.urls:
        partial = finished.with_name(f"{name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.partial")
        try:
            _persist(url, name, partial, file.bytes)
            _check(name, partial, file)
        except _Refused as error:
            partial.unlink(missing_ok=True)
            reasons.append(f"  {url}: {error}")
        except _Interrupted as error:  # the part that came is kept for the next run
            reasons.append(f"  {url}: {error}, {ATTEMPTS} times in a row")
        else:
            address.write_text(url, encoding="utf-8")
            partial.replace(finished)
            return
    size = f"{file.bytes:,} bytes" if file.bytes else "size not published"
    checksum = f"sha256 {file.sha256}" if file.sha256 else "checksum not published"
    raise SourceError(
        "\n".join([f"{key}: {name} could not be downloaded:", *reasons])
        + f"\nput {name} ({size}, {checksum}) into {root or '<AUTOFACES_DATA or data_root>'}/{key}/ and set "
        "profiles.<your profile>.source: local, or run again to go on from what is there"
    )


def _check(name: str, path: Path, file: Any) -> None:
    size = path.stat().st_size
    if file.bytes not in (None, size):
        raise _Refused(f"gave {size:,} bytes, expected {file.bytes:,}")
    if file.sha256 is None:
        if layouts.is_archive(Path(name)):
            try:
                archives.members(path)
            except archives.ArchiveError as error:
                raise _Refused(f"gave no whole archive: {error}") from None
    elif (found := files.sha256(path)) != file.sha256:
        raise _Refused(f"gave a file of sha256 {found}, expected {file.sha256}")


def _persist(url: str, name: str, partial: Path, size: int | None) -> None:
    """Get a file in as many connections as it takes, as long as they make progress."""
    failures, farthest = 0, 0
    while True:
        try:
            return _get(url, name, partial, size)
        except _Interrupted as error:
            reached = partial.stat().st_size if partial.exists() else 0
            failures = 1 if reached > farthest else failures + 1
            farthest = max(farthest, reached)
            if failures == ATTEMPTS:
                raise
            pause = PAUSE * 2 ** (failures - 1)
            print(f"{name}: {error} at {url}; trying again in {pause:.0f} s", file=sys.stderr)
            time.sleep(pause)


def _get(url: str, name: str, partial: Path, size: int | None) -> None:
    """Write what an address gives to `partial`, going on from what is there if the server can."""
    start = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416:  # nothing there from `start` on
                if response.headers.get("Content-Range") == f"bytes */{start}":
                    return  # because that is all: an earlier run was ended after the last byte
                partial.unlink()
                raise _Interrupted("cannot go on from the part that is there")
            if response.status_code in (408, 429) or response.status_code >= 500:
                raise _Interrupted(f"status {response.status_code} {response.reason}")
            if response.status_code not in (200, 206):
                raise _Refused(f"status {response.status_code} {response.reason}")
            if response.status_code == 200:
                start = 0
            # not decoded: some servers call a .tgz an encoding of a .tar, and would have it unpacked
            blocks = response.raw.stream(BLOCK, decode_content=False)
            first = next(blocks, b"")
            if start == 0:
                _refuse_page(first, response.headers.get("Content-Type", ""))
            coming = start + int(response.headers.get("Content-Length", 0))
            if size and response.headers.get("Content-Length") and coming != size:
                raise _Refused(f"offers {coming:,} bytes, expected {size:,}")
            with (
                partial.open("ab" if start else "wb") as out,
                tqdm(total=size, initial=start, desc=name, unit="B", unit_scale=True, disable=None) as bar,
            ):
                for block in itertools.chain([first], blocks):
                    out.write(block)
                    bar.update(len(block))
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _Interrupted(f"connection failed ({_reason(error)})") from None
    except requests.RequestException as error:
        raise _Refused(str(error)) from None
    if size and (reached := partial.stat().st_size) < size:
        raise _Interrupted(f"connection ended at {reached:,} of {size:,} bytes")


def _reason(error: Exception) -> str:
    """What went wrong, without the names of the layers it went through."""
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", inner)).rpartition("): ")[2][:200]


def _refuse_page(first: bytes, content_type: str) -> None:
    """Google Drive answers a spent quota, or a file too large to scan for viruses, with a page and status 200."""
    if "text/html" in content_type or first.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        title = re.search(rb"<title[^>]*>(.*?)</title>", first, re.DOTALL | re.IGNORECASE)
        said = f": {title[1].decode(errors='replace').strip()!r}" if title else ""
        raise _Refused(f"gave a web page instead of the file{said}")
