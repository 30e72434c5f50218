"""Images inside zip and tar archives: listed, read and decoded without unpacking, and without trusting the archive.

An image is named `<archive>/<member>`, for instance `lfw.tgz/lfw/Ada_Abel/Ada_Abel_0001.jpg`.
"""

import contextlib
import gzip
import io
import itertools
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from autofaces.core.files import BadInput

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
# Pillow's plugins that may look at the bytes: none that starts another program, as EPS does
FORMATS = ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"]
MAX_MEMBERS = 5_000_000
MAX_BYTES = 64 << 20  # of one image file
MAX_RATIO = 200  # unpacked over packed bytes, from SMALL bytes on
SMALL = 1 << 20
MAX_PIXELS = 64_000_000  # of one image
GZIP = b"\x1f\x8b"

_UNSAFE = re.compile(r"(^|/)\.\.(/|$)|^/|^[A-Za-z]:|\\|[\x00-\x1f\x7f\ud800-\udfff]")
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$)")
# what the libraries meet damaged archives with; ValueError and RuntimeError are theirs too
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    EOFError,
    struct.error,
    ValueError,
    OverflowError,
    RuntimeError,
)
_END = struct.Struct("<4s6xH10x")  # of a zip: signature, members listed
_LOCAL = struct.Struct("<4s22xHH")  # of a zip's member: signature, lengths of name and extra field


class ArchiveError(BadInput):
    """An archive that is damaged or not safe to read; the message names the archive and the member."""


class ImageError(BadInput):
    """An image that cannot be decoded; the message gives the reason."""


def is_image(name: str) -> bool:
    """Whether a path's name is that of an image, and not of a file that macOS adds."""
    return name.lower().endswith(SUFFIXES) and not _JUNK.search(name)


def objection(name: str, size: int, packed: int | None = None) -> str | None:
    """Why a file of this name and size, `packed` to so many bytes, is not read from an archive; None where it is."""
    if _UNSAFE.search(name):
        return "has an unsafe name"
    if size > MAX_BYTES and is_image(name):
        return f"says it holds {size:,} bytes, at most {MAX_BYTES:,} are read"
    if packed is not None and size > SMALL and size > MAX_RATIO * packed:
        return f"unpacks from {packed:,} to {size:,} bytes, at most {MAX_RATIO} times are read"
    return None


def members(path: Path) -> list[str]:
    """Names of the images in a zip, tar or tar.gz, sorted. The archive is walked to its end, so a cut one is found.

    Folders, macOS's own files and files that are no images are passed over. ArchiveError for a damaged archive, and for
    members that no face archive has: unsafe or repeated names, links, devices, encryption, images above MAX_BYTES,
    contents that unpack to more than MAX_RATIO times their packed size.
    """
    with damage_named(path):
        names = _zip_members(path) if is_zip(path) else _tar_members(path)
    names.sort()
    for name, following in itertools.pairwise(names):
        if name == following:
            raise ArchiveError(f"{path}: holds {name} twice; make the archive anew")
    return names


def test(path: Path) -> None:
    """Read an archive to its end by the checksums that it has: of each member of a zip, of the whole of a tar.gz.
    ArchiveError where one does not agree."""
    with damage_named(path):
        if not is_zip(path):
            _tar_members(path)
            return
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                with _member_named(path, info.filename), archive.open(info) as file:
                    while file.read(SMALL):
                        pass


def has_checksums(path: Path) -> bool:
    """Whether damage to what is read of an archive shows while it is read: yes but for a plain tar."""
    with path.open("rb") as file:
        return file.read(2) in (b"PK", GZIP)


def read(path: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the named members in the order of the archive: random access in a zip, one pass
    over a tar.

    ArchiveError for a name that is absent and for a damaged member.
    """
    with damage_named(path):
        if is_zip(path):
            with path.open("rb") as file:
                for name, found in places(path, names):
                    yield name, found if isinstance(found, bytes) else at(path, file, found)
        else:
            yield from _tar_bytes(path, set(names))


class Place(NamedTuple):
    """Where a zip has a member, so that a process reads it without the archive's list, and how."""

    name: str
    offset: int  # bytes before its local header
    packed: int  # bytes
    size: int  # bytes
    crc: int
    method: int  # zipfile.ZIP_STORED or ZIP_DEFLATED


def places(path: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes | Place]]:
    """(name, where it is) of each, in the order of the archive; the bytes where they are packed in a rare way."""
    with damage_named(path), zipfile.ZipFile(path) as archive:
        for info in sorted((_info(path, archive, name) for name in names), key=lambda i: i.header_offset):
            _check(path, info.filename, info.file_size, info.compress_size)
            if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not info.flag_bits & 1:
                sizes = info.compress_size, info.file_size
                yield info.filename, Place(info.filename, info.header_offset, *sizes, info.CRC, info.compress_type)
            else:
                with _member_named(path, info.filename):
                    yield info.filename, archive.read(info)  # at most its size, whatever its stream holds


def at(path: Path, file: BinaryIO, place: Place) -> bytes:
    """The bytes of a member of a zip, as zipfile has them, in a quarter of the time. ArchiveError where it is
    damaged."""
    with _member_named(path, place.name):
        file.seek(place.offset)
        signature, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
        file.seek(name + extra, 1)
        data = file.read(place.packed)
        if place.method == zipfile.ZIP_DEFLATED:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, place.size + 1)
        if signature != b"PK\3\4" or len(data) != place.size or zlib.crc32(data) != place.crc:
            raise zipfile.BadZipFile("Bad CRC-32")
        return data


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


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive does."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _refuse(path: Path, name: str, reason: str) -> None:
    raise ArchiveError(f"{path}: member {name!r} {reason}; no archive of face images has that: make it anew without")


def _check(path: Path, name: str, size: int, packed: int | None = None) -> None:
    if reason := objection(name, size, packed):
        _refuse(path, name, reason)


def _zip_members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        listed = _listed(archive)
    if listed is not None and len(infos) % 0x10000 != listed:
        raise ArchiveError(f"{path}: lists {len(infos):,} members, its end says otherwise: damaged, fetch it again")
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


def _listed(archive: zipfile.ZipFile) -> int | None:
    """How many members, in 16 bits, a zip's end says that it lists, which zipfile does not compare; None where that
    is elsewhere, as for a zip64."""
    archive.fp.seek(-_END.size - len(archive.comment), 2)
    signature, count = _END.unpack(archive.fp.read(_END.size))
    return count if signature == b"PK\5\6" and count != 0xFFFF else None


def _info(path: Path, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        raise _absent(path, name) from None


def _absent(path: Path, name: str) -> ArchiveError:
    return ArchiveError(f"{path}: no member {name}; the archive is not the one that was split, run `dvc repro`")


@contextlib.contextmanager
def _open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
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
        _to_the_end(path, archive, names[-1] if names else "its start")
    return names


def _to_the_end(path: Path, archive: tarfile.TarFile, last: str) -> None:
    """Read what is left, so that gzip compares its checksum."""
    # tarfile takes a damaged header for the end: only zeros may follow the last member
    while rest := archive.fileobj.read(SMALL):
        if rest.strip(b"\0"):
            raise ArchiveError(f"{path}: damaged after {last}; fetch it again")


def _tar_bytes(path: Path, names: set[str]) -> Iterator[tuple[str, bytes]]:
    """Of the first member of each name, for tarfile keeps none in mind; the rest is read for the checksum's sake."""
    info = None
    with _open_tar(path) as archive:
        for info in archive:
            archive.members = []
            if info.name in names:
                names.remove(info.name)
                _check(path, info.name, info.size)
                yield info.name, archive.extractfile(info).read()
        _to_the_end(path, archive, info.name if info else "its start")
    if names:
        raise _absent(path, min(names))


@contextlib.contextmanager
def _member_named(path: Path, name: str) -> Iterator[None]:
    with _said(f"{path}: member {name}: ", "; fetch the archive again"):
        yield


@contextlib.contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Have an ArchiveError name `path` where it is absent, a folder, or a library finds it damaged."""
    try:
        with _said(f"{path}: not a whole zip or tar archive (", "); it may have been cut short: fetch it again"):
            yield
    except FileNotFoundError:
        raise ArchiveError(f"{path}: not found; run `dvc repro`") from None
    except IsADirectoryError:
        raise ArchiveError(f"{path}: a folder, expected a zip or tar archive") from None


@contextlib.contextmanager
def _said(before: str, after: str) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # the system's; bzip2 has none of its own
            raise
        reason = str(error) or type(error).__name__
    else:
        return
    raise ArchiveError(f"{before}{reason}{after}")


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
