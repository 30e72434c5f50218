"""Archives, images, lists and settings that were made to harm, or spoilt at random: read right or refused in a few
lines; no traceback, nothing that takes longer than ten seconds, nothing written outside the output folder.
"""

import contextlib
import io
import signal
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from autofaces.core import params
from autofaces.data import archives
from autofaces.training import models
from faults import workspace
from faults.workspace import ROOT, Outcome

Trial = tuple[str, str, bool, str]  # promise, fault, held, detail
SECONDS = 10
COUNT = 400  # spoilt files of each kind
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "BMP": "bmp", "GIF": "gif", "TIFF": "tif", "PPM": "ppm"}
NAMES = [  # of members
    *("../out.jpg", "a/../../out.jpg", "/out.jpg", "C:out.jpg", "C:/out.jpg", "a\\out.jpg", "..\\out.jpg", "a\nb.jpg"),
    *("\x7f.jpg", "a" * 300 + ".jpg", "a/" * 200 + "b.jpg", ".jpg", "a/.jpg", "~/a.jpg", "$HOME/a.jpg", "-rf.jpg"),
    *("CON.jpg", "a.jpg/b.jpg", "ä\u0301\u202e.jpg", "a.jpg ", "%2e%2e/a.jpg", "a\tb.jpg", "'; rm -rf x;.jpg"),
]
TOKENS = ["", "null", "true", "-1", "0", ".nan", ".inf", "1e400", "[]", "{}", "!!python/object:os.system x", "&a *a"]
TOKENS += ["2026-13-01", "'", '"', "- - -", "../../x", "9" * 400, "\ufeff", "<script>", "*x", "? :", "|", "%"]


class TooSlow(Exception):
    """A trial that took longer than it may."""


def trials(seed: int, work: Path, count: int = COUNT) -> Iterator[Trial]:
    """`count` spoilt files of each kind, and the archives and settings that are made by hand."""
    random = np.random.default_rng(seed)
    work.mkdir(parents=True, exist_ok=True)
    place = work / "place"
    for name, make in _archives():
        place.mkdir(exist_ok=True)
        make(place / "a.archive")
        yield _tried("archive made to harm", name, lambda: _read_all(place / "a.archive"), work)
    kinds: dict[str, tuple[bytes, str, Callable[[Path], object]]] = {
        "zip": (_zip(), "a.zip", _read_all),
        "tar": (_tar("w"), "a.tar", _read_all),
        "tar.gz": (_tar("w:gz"), "a.tgz", _read_all),
        "params.yaml": ((ROOT / "params.yaml").read_bytes(), "params.yaml", params.load),
        "config.json": (_model(work / "model"), "config.json", lambda path: models.load(path.parent)),
    }
    kinds |= {form: (_image(form), f"a.{end}", _decoded) for form, end in FORMATS.items()}
    place.mkdir(exist_ok=True)
    for kind, (data, name, read) in kinds.items():
        path = (work / "model" if kind == "config.json" else place) / name
        for _ in range(count):
            spoilt, how = spoil(data, random, text=kind == "params.yaml")
            path.write_bytes(spoilt)
            promise, fault, held, detail = _tried(
                f"{kind}, spoilt at random", "one to four changes", lambda read=read, path=path: read(path), work
            )
            yield promise, fault, held, f"{how}: {detail}"
        path.unlink()


def spoil(data: bytes, random: np.random.Generator, text: bool) -> tuple[bytes, str]:
    """One to four changes: bytes flipped, cut, doubled, put in; of a text also lines, and values of keys."""
    made, how = bytearray(data), []
    for _ in range(random.integers(1, 5)):
        at = int(random.integers(len(made) or 1))
        length = int(random.integers(1, 64))
        match random.integers(7 if text else 5):
            case 0:
                made[at : at + 1] = bytes([random.integers(256)])
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length]
            case 3:
                made[at:at] = random.bytes(length)
            case 4:
                made[at : at + 4] = random.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
            case 5:
                lines = made.split(b"\n")
                lines.insert(int(random.integers(len(lines))), bytes(lines[int(random.integers(len(lines)))]))
                made = bytearray(b"\n".join(lines))
            case 6:
                lines = made.split(b"\n")
                line = int(random.integers(len(lines)))
                lines[line] = lines[line].partition(b":")[0] + f": {random.choice(TOKENS)}".encode()
                made = bytearray(b"\n".join(lines))
        how.append(f"at {at}")
    return bytes(made), f"{len(how)} changes, {', '.join(how)}"


def _tried(promise: str, fault: str, read: Callable[[], object], work: Path) -> Trial:
    before = set(work.rglob("*")) | set(work.parent.iterdir())
    try:
        with _limited():
            outcome = workspace.attempt(read)
    except TooSlow:
        outcome = Outcome("", f"longer than {SECONDS} s", "")
    new = (set(work.rglob("*")) | set(work.parent.iterdir())) - before
    lines = outcome.error.count("\n") < 40  # of settings, one for each that is wrong
    held = not outcome.fault and "Traceback" not in outcome.said and lines and not new
    detail = outcome.fault or (f"written: {sorted(map(str, new))[:3]}" if new else outcome.error or "read")
    return f"{promise}: read or refused", fault, held, detail


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def end(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _read_all(path: Path) -> None:
    names = archives.members(path)
    for _, data in archives.read(path, names) if names else ():  # a data set of none is refused before it is read
        with contextlib.suppress(archives.ImageError):
            archives.decode(data)


def _decoded(path: Path) -> None:
    archives.decode(path.read_bytes())


def _image(form: str, size: int = 24) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def _zip(names: tuple[str, ...] = ("a/0.jpg", "a/1.jpg", "b/2.jpg"), data: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), data or _image("JPEG"), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _tar(mode: str, names: tuple[str, ...] = ("a/0.jpg", "a/1.jpg", "b/2.jpg"), kind: bytes = tarfile.REGTYPE) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name in names:
            info, data = tarfile.TarInfo(name), _image("JPEG") if kind == tarfile.REGTYPE else b""
            info.size, info.type, info.linkname = len(data), kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _linked_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a.jpg")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def _archives() -> Iterator[tuple[str, Callable[[Path], object]]]:
    """By name: what writes an archive that is made to harm, or is odd."""
    made: dict[str, bytes] = {}
    for name in NAMES:
        made[f"zip, member {name[:20]!r}"] = _zip((name,))
        made[f"tar, member {name[:20]!r}"] = _tar("w", (name,))
    kinds = {"symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE}
    made |= {f"tar, a {name}": _tar("w:gz", ("a.jpg",), kind) for name, kind in kinds.items()}
    made["zip, a symlink"] = _linked_zip()
    made["zip, one name twice"] = _zip().replace(b"a/1.jpg", b"a/0.jpg")
    made["zip, a bomb"] = _zip(("a.jpg",), bytes(60 << 20))
    made["zip, many of nothing"] = _zip(tuple(f"{i}.jpg" for i in range(20_000)), b"x")
    made["zip, encrypted"] = _zip().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    made["tar in a zip"] = _zip(("a.jpg",), _tar("w"))
    made |= {"nothing": b"", "two bytes": b"PK", "zeros": bytes(10_000), "HTML": b"<html>login</html>" * 100}
    made |= {"gzip of nothing": b"\x1f\x8b", "a cut tar": _tar("w")[:700], "zip after rubbish": b"x" * 999 + _zip()}
    made["a PNG of 65535 x 65535 pixels"] = _zip(("a.png",), _huge())
    for name, data in made.items():
        yield name, lambda path, data=data: path.write_bytes(data)


def _huge() -> bytes:
    data = bytearray(_image("PNG"))
    data[16:24] = (65535).to_bytes(4, "big") * 2
    return bytes(data)


def _model(folder: Path) -> bytes:
    """The config of a small model that is written into `folder`."""
    arguments = {"code": 2}
    recipe = {"name": "pca", "size": 32, "channels": 1, "width": 1.0, "arguments": arguments}
    models.save(folder, models.build("pca", 32, 1, 1.0, arguments), recipe | {"crop": "square", "dataset": "lfw"})
    return (folder / "config.json").read_bytes()
