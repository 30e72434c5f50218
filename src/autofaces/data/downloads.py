"""Files from their official addresses: whole, checked, and gone on with where a connection or a run broke off."""

import fcntl
import hashlib
import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import urllib3
from tqdm import tqdm

from autofaces.core import files
from autofaces.core.files import BadInput
from autofaces.data import archives, layouts

ATTEMPTS = 4  # at one address that breaks off without a byte of progress
PAUSE = 2.0  # seconds before the second attempt, doubled for each further one
TIMEOUT = 60.0  # seconds without an answer
SLOWEST = 1 << 10  # bytes a second, over TIMEOUT seconds: below, a connection is given up
BLOCK = 1 << 20  # bytes


class SourceError(BadInput):
    """A dataset that cannot be had; the message says which file, from where, why, and where to put it by hand."""


class _Refused(Exception):
    """An address does not have the file: the next one may."""


class _Interrupted(Exception):
    """A connection failed: the same address may answer later."""


@contextmanager
def alone(key: str) -> Iterator[Path]:
    """The folder that keeps what a download has finished, held against a second download of the same archive."""
    cache = Path(os.environ.get("DVC_ROOT", ".")) / ".work" / "downloads" / key
    cache.mkdir(parents=True, exist_ok=True)
    with cache.with_name(f"{key}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
        except BlockingIOError:
            raise SourceError(f"{key}: another process is downloading it; wait for it, or end it") from None
        yield cache


def fetch(key: str, official: Mapping[str, Any], root: Path | None, cache: Path, target: Path) -> dict[str, str]:
    """Download what is not there yet; returns each file's address. What is finished is kept until everything is."""
    if not official:
        raise SourceError(f"{key}: no official address is known; list archives.{key}.files, or set source: local")
    addresses = {}
    for name, file in official.items():
        finished, address = cache / name, cache / f"{name}.url"
        if not (finished.exists() and address.exists() and file.sha256 in (None, files.sha256(finished))):
            _download(key, name, file, root, finished, address)
        addresses[name] = address.read_text(encoding="utf-8")
    for name in official:
        shutil.move(cache / name, target / name)
    shutil.rmtree(cache)
    return addresses


def _download(key: str, name: str, file: Any, root: Path | None, finished: Path, address: Path) -> None:
    """Get one file from the first address that has it whole; only then it gets its name."""
    reasons = []
    for url in file.urls:
        partial = finished.with_name(f"{name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.partial")
        try:
            _persist(url, name, partial, file)
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
                archives.test(path)
            except archives.ArchiveError as error:
                raise _Refused(f"gave no whole archive: {str(error).replace(str(path), name)}") from None
    elif (found := files.sha256(path)) != file.sha256:
        raise _Refused(f"gave a file of sha256 {found}, expected {file.sha256}")


def _persist(url: str, name: str, partial: Path, file: Any) -> None:
    """Get a file in as many connections as it takes, as long as they make progress."""
    failures, farthest = 0, 0
    while True:
        try:
            return _get(url, name, partial, file)
        except _Interrupted as error:
            reached = partial.stat().st_size if partial.exists() else 0
            failures = 1 if reached > farthest + SLOWEST * TIMEOUT else failures + 1
            farthest = max(farthest, reached)
            if failures == ATTEMPTS:
                raise
            pause = PAUSE * 2 ** (failures - 1)
            print(f"{name}: {error} at {url}; trying again in {pause:.0f} s", file=sys.stderr)
            time.sleep(pause)


def _get(url: str, name: str, partial: Path, file: Any) -> None:
    """Write what an address gives to `partial`, going on from what is there if the server can."""
    start = partial.stat().st_size if partial.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if url.startswith("https:") and not response.url.startswith("https:") and file.sha256 is None:
                raise _Refused(
                    f"leads to {response.url}, where anyone on the way could change it: no checksum is known"
                )
            if response.status_code == 416:  # nothing there from `start` on
                if response.headers.get("Content-Range") == f"bytes */{start}":
                    return  # because that is all: an earlier run was ended after the last byte
                partial.unlink(missing_ok=True)
                raise _Interrupted("cannot go on from the part that is there")
            if response.status_code in (408, 429) or response.status_code >= 500:
                raise _Interrupted(f"status {response.status_code} {response.reason}")
            if response.status_code not in (200, 206):
                raise _Refused(f"status {response.status_code} {response.reason}")
            if response.status_code == 200:
                start = 0
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                partial.unlink(missing_ok=True)
                raise _Interrupted(f"gave another part than asked for, {response.headers.get('Content-Range')!r}")
            _write(response, name, partial, start, file.bytes)
    except requests.exceptions.SSLError as error:
        raise _Refused(f"is not who it says it is ({_reason(error)})") from None
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _Interrupted(f"connection failed ({_reason(error)})") from None
    except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
        raise _Refused(str(error)) from None
    if file.bytes and (reached := partial.stat().st_size) < file.bytes:
        raise _Interrupted(f"connection ended at {reached:,} of {file.bytes:,} bytes")


def _write(response: requests.Response, name: str, partial: Path, start: int, size: int | None) -> None:
    """What comes, as it comes, goes to `partial`, from byte `start` on."""
    # not decoded: some servers call a .tgz an encoding of a .tar, and would have it unpacked
    blocks = iter(lambda: response.raw.read1(BLOCK, decode_content=False), b"")
    first = next(blocks, b"")
    if start == 0:
        _refuse_page(first, response.headers.get("Content-Type", ""))
    length = response.headers.get("Content-Length", "")
    if size and length.isdecimal() and start + int(length) != size:
        raise _Refused(f"offers {start + int(length):,} bytes, expected {size:,}")
    reached, mark, since = start, start, time.monotonic()
    with (
        partial.open("ab" if start else "wb") as out,
        tqdm(total=size, initial=start, desc=name, unit="B", unit_scale=True, disable=None) as bar,
    ):
        for block in itertools.chain([first], blocks):
            out.write(block)
            bar.update(len(block))
            reached += len(block)
            if size and reached > size:
                raise _Refused(f"gave more than the {size:,} bytes expected")
            if (took := time.monotonic() - since) > TIMEOUT:
                if reached - mark < SLOWEST * took:
                    raise _Interrupted(f"connection too slow, {(reached - mark) / took:,.0f} bytes a second")
                mark, since = reached, time.monotonic()


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
