"""Images inside zip and tar archives: listed, read and decoded without unpacking, and without trusting the archive.

An image is named `<archive>/<member>`, for instance `lfw.tgz/lfw/Ada_Abel/Ada_Abel_0001.jpg`.
"""

import contextlib
import functools
import gzip
import io
import itertools
import multiprocessing
import os
import re
import signal
import stat
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from autofaces.core.files import BadInput
from autofaces.core.machine import processors

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
# Pillow's plugins that may look at the bytes: none that starts another program, as EPS does
FORMATS = ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"]
MAX_MEMBERS = 5_000_000
MAX_BYTES = 64 << 20  # of one image file
MAX_RATIO = 200  # unpacked over packed bytes, from SMALL bytes on
SMALL = 1 << 20
MAX_PIXELS = 64_000_000  # of one image
CHUNK = 64  # images handed to a process at a time, at most
CHUNK_BYTES = 4 << 20  # of images from a tar: these close a chunk
FEW = 3000  # images below which starting processes costs more than it saves

T = TypeVar("T")

_UNSAFE = re.compile(r"(^|/)\.\.(/|$)|^/|^[A-Za-z]:|\\|[\x00-\x1f\x7f\ud800-\udfff]")
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$)")
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError)


class ArchiveError(BadInput):
    """An archive that is damaged or not safe to read; the message names the archive and the member."""


class ImageError(BadInput):
    """An image that cannot be decoded; the message gives the reason."""


def is_image(name: str) -> bool:
    """Whether a path's name is that of an image, and not of a file that macOS adds."""
    return name.lower().endswith(SUFFIXES) and not _JUNK.search(name)


def members(path: Path) -> list[str]:
    """Names of the images in a zip, tar or tar.gz, sorted. The archive is walked to its end, so a cut one is found.

    Folders, macOS's own files and files that are no images are passed over. ArchiveError for a damaged archive, and for
    members that no face archive has: unsafe or repeated names, links, devices, encryption, images above MAX_BYTES,
    contents that unpack to more than MAX_RATIO times their packed size.
    """
    with _damage_named(path):
        names = _zip_members(path) if _is_zip(path) else _tar_members(path)
    names.sort()
    for name, following in itertools.pairwise(names):
        if name == following:
            raise ArchiveError(f"{path}: holds {name} twice; make the archive anew")
    return names


def read(path: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the named members in the order of the archive: random access in a zip, one pass
    over a tar.

    ArchiveError for a name that is absent and for a damaged member.
    """
    with _damage_named(path):
        if _is_zip(path):
            with zipfile.ZipFile(path) as archive:
                infos = [_info(path, archive, name) for name in names]
                for info in sorted(infos, key=lambda i: i.header_offset):
                    yield info.filename, _zip_bytes(path, archive, info)
        else:
            yield from _tar_bytes(path, set(names))


def decode(data: bytes) -> Image.Image:
    """The bytes of an image file -> the whole upright image in mode RGB or L (grey), 8 bits a channel.

    The first frame of an animation; transparency over white; 16-bit greys scaled; rotated as its EXIF says.
    ImageError for anything that is not a whole image of at most MAX_PIXELS.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise ImageError(f"{image.width} x {image.height} pixels, at most {MAX_PIXELS:,} in all are read")
        image.load()
        if image.mode not in ("RGB", "L") or "transparency" in image.info:
            image = _eight_bits(image)
        if "exif" in image.info:
            image = ImageOps.exif_transpose(image)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(f"not an image of a kind that is read ({', '.join(FORMATS)})") from None
    except MemoryError:
        raise ImageError("too large for the memory") from None
    except Exception as error:  # Pillow's decoders meet damaged files with errors of nearly any class
        raise ImageError(f"not readable as an image: {error or type(error).__name__}") from None
    return image


def each_image(
    raw: Path,
    files: Sequence[str],
    work: Callable[[int, bytes], T],
    description: str,
    processes: int | None = None,
) -> list[T]:
    """`work(i, bytes of files[i])` for every i, in order of i, whatever the number of processes.

    raw: the folder of the archives; files: `<archive>/<member>` each; work: a function of a module (or a
    partial of one), because it is sent to the processes. processes: None for one per CPU this process may
    use. An exception of `work` is raised here, an ImageError with the name of its file in front.
    """
    processes = processes or processors()
    results: dict[int, T] = {}
    with tqdm(total=len(files), desc=description, unit=" images", disable=None) as bar:
        if processes == 1 or len(files) < FEW:
            for task in _tasks(raw, files, locate=False):
                _collect(_work_on(work, task), files, results, bar)
        else:
            with _pool(processes) as pool:
                pending: set[Future] = set()
                for task in _tasks(raw, files, locate=True):
                    pending.add(pool.submit(_work_on, work, task))
                    # waiting here bounds what a tar's reader runs ahead, hence memory
                    if len(pending) >= 4 * processes:
                        done, pending = wait(pending, return_when=FIRST_COMPLETED)
                        for future in done:
                            _collect(future.result(), files, results, bar)
                for future in pending:
                    _collect(future.result(), files, results, bar)
    return [results[i] for i in range(len(files))]


# What a process works on: the index of an image, and its bytes or where they are, (zip archive, member)
Task = list[tuple[int, bytes | tuple[Path, str]]]


def _tasks(raw: Path, files: Sequence[str], locate: bool) -> Iterator[Task]:
    """Chunks of images in the order of the archives. Images in a zip are only located if asked: a process can
    read its own; a tar has one reader, here, because every further one would unpack all of it again."""
    index = {file: i for i, file in enumerate(files)}
    wanted: dict[str, list[str]] = {}
    for file in files:
        archive, _, name = file.partition("/")
        wanted.setdefault(archive, []).append(name)
    for archive, names in wanted.items():
        path = raw / archive
        located = ((name, (path, name)) for name in names)
        images = located if locate and _is_zip(path) else read(path, names)
        task: Task = []
        size = 0
        for name, source in images:
            task.append((index[f"{archive}/{name}"], source))
            size += len(source) if isinstance(source, bytes) else 0
            if len(task) == CHUNK or size >= CHUNK_BYTES:
                yield task
                task, size = [], 0
        if task:
            yield task


def _work_on(work: Callable[[int, bytes], T], task: Task) -> list[tuple[int, T | ImageError]]:
    results: list[tuple[int, T | ImageError]] = []
    for i, source in task:
        try:
            results.append((i, work(i, source if isinstance(source, bytes) else _zip_image(*source))))
        except ImageError as error:
            results.append((i, error))
    return results


def _collect(new: list, files: Sequence[str], results: dict, bar: tqdm) -> None:
    for i, result in new:
        if isinstance(result, ImageError):
            raise ImageError(f"{files[i]}: {result}")
        results[i] = result
    bar.update(len(new))


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")  # fork is not safe beside the threads of other libraries
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_start_process)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it in silence: the parent reports
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # a killed parent does not wake a process that waits for work, and the stage must not leave it behind
    multiprocessing.parent_process().join()
    os._exit(1)


@functools.cache
def _open_zip(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _zip_image(path: Path, name: str) -> bytes:
    """One image in a process that reads many: the archive stays open, and ends with the process."""
    with _damage_named(path):
        archive = _open_zip(path)
        return _zip_bytes(path, archive, _info(path, archive, name))


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _refuse(path: Path, name: str, reason: str) -> None:
    raise ArchiveError(f"{path}: member {name!r} {reason}; this is no archive of face images as published")


def _check(path: Path, name: str, size: int, packed: int | None = None) -> None:
    if _UNSAFE.search(name):
        _refuse(path, name, "has an unsafe name")
    if size > MAX_BYTES and is_image(name):
        _refuse(path, name, f"says it holds {size:,} bytes, at most {MAX_BYTES:,} are read")
    if packed is not None and size > SMALL and size > MAX_RATIO * packed:
        _refuse(path, name, f"unpacks from {packed:,} to {size:,} bytes, at most {MAX_RATIO} times are read")


def _zip_members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(f"{path}: {len(infos):,} members, at most {MAX_MEMBERS:,} are read")
    for info in infos:
        _check(path, info.filename, info.file_size, info.compress_size)
        kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was not made on unix
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            _refuse(path, info.filename, "is a link or a device")
        if info.flag_bits & 0x1:
            _refuse(path, info.filename, "is encrypted")
    return [info.filename for info in infos if not info.is_dir() and is_image(info.filename)]


def _info(path: Path, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        raise _absent(path, name) from None


def _absent(path: Path, name: str) -> ArchiveError:
    return ArchiveError(f"{path}: no member {name}; the archive is not the one that was split, run `dvc repro`")


def _zip_bytes(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    _check(path, info.filename, info.file_size, info.compress_size)
    try:
        return archive.read(info)  # at most the size that was checked, whatever its stream holds
    except (*_DAMAGE, RuntimeError) as error:
        raise ArchiveError(f"{path}: member {info.filename}: {error}; fetch the archive again") from None


@contextlib.contextmanager
def _open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    # gzip checks the checksum at the end of the stream, which tarfile's own reader ("r|gz") does not
    with (
        gzip.open(path) if packed else path.open("rb") as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        yield archive


def _tar_members(path: Path) -> list[str]:
    names: list[str] = []
    total, limit = 0, max(SMALL, MAX_RATIO * path.stat().st_size)
    with _open_tar(path) as archive:
        for count, info in enumerate(archive, 1):
            archive.members = []  # tarfile keeps all it has seen
            total += info.size
            _check(path, info.name, info.size)
            if not (info.isfile() or info.isdir()):
                _refuse(path, info.name, "is a link or a device")
            if total > limit:
                _refuse(path, info.name, f"and those before it unpack to over {MAX_RATIO} times their packed size")
            if count > MAX_MEMBERS:
                raise ArchiveError(f"{path}: over {MAX_MEMBERS:,} members, at most these are read")
            if info.isfile() and is_image(info.name):
                names.append(info.name)
        # tarfile takes a damaged header for the end: only zeros may follow the last member
        while rest := archive.fileobj.read(SMALL):
            if rest.strip(b"\0"):
                raise ArchiveError(f"{path}: damaged after {names[-1] if names else 'its start'}; fetch it again")
    return names


def _tar_bytes(path: Path, names: set[str]) -> Iterator[tuple[str, bytes]]:
    with _open_tar(path) as archive:
        for info in archive:
            archive.members = []
            if info.name in names:
                names.remove(info.name)
                _check(path, info.name, info.size)
                yield info.name, archive.extractfile(info).read()
                if not names:
                    return
    raise _absent(path, min(names))


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ArchiveError(f"{path}: not found; run `dvc repro`") from None
    except _DAMAGE as error:
        raise ArchiveError(
            f"{path}: not a whole zip or tar archive ({error}); it may have been cut short: fetch it again"
        ) from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Any mode of Pillow's -> RGB or L."""
    if image.mode.startswith("I"):  # unsigned 16 bits, also where Pillow holds them in 32
        values = np.asarray(image).astype(np.int64).clip(0, 65535)
        grey = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
        grey.info = image.info
        return grey
    if image.mode == "F":
        raise ImageError("floating-point pixels have no agreed range; save it with 8 or 16 bits")
    if image.has_transparency_data:
        over_white = Image.new("RGBA", image.size, "white")
        over_white.alpha_composite(image.convert("RGBA"))
        over_white.info = {k: v for k, v in image.info.items() if k == "exif"}
        return over_white.convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")
