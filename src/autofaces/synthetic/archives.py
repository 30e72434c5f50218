"""Archives of made-up faces in the official layouts of the data sets, so that the very same code reads both.

Pictures are planned person by person: asking for more of them adds people after the ones already there, and only the
last person of the smaller archive may gain pictures; pictures already there keep their names and bytes. The bytes of an
archive depend on layout, seed and number of images alone.
"""

import csv
import dataclasses
import gzip
import io
import multiprocessing
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from autofaces import files
from autofaces.machine import processors
from autofaces.synthetic import face as geometry
from autofaces.synthetic import photo
from autofaces.synthetic.face import Face


class _Task(NamedTuple):
    """One picture to draw."""

    member: str  # path inside the archive
    face: Face


def write(layout: str, folder: Path, images: int, seed: int, processes: int | None = None) -> None:
    """Write `images` made-up faces into `folder`, which exists, as the archive and lists of `layout` (lfw or celeba).

    Beside them factors.csv says how each picture was made. `processes`: how many draw at once, all CPUs by default; it
    changes the time only, never a byte.
    """
    if layout not in _LAYOUTS:
        raise files.BadInput(f"layout {layout!r} cannot be synthesised; known layouts: {', '.join(_LAYOUTS)}")
    if images < 1:
        raise ValueError(f"images is {images}; at least 1 is needed")
    _LAYOUTS[layout](Path(folder), images, seed, processes or processors())


def _lfw(folder: Path, images: int, seed: int, processes: int) -> None:
    tasks = []
    for face in _faces("lfw", images, seed):
        name = person_name(face)
        tasks.append(_Task(f"lfw/{name}/{name}_{face.image + 1:04d}.jpg", face))
    tasks.sort()
    with (
        files.writing(folder / "lfw.tgz") as path,
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=0, fileobj=raw, mtime=0) as packed,  # JPEG shrinks no further
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for task, jpeg in _draw_all(tasks, 250, 250, processes):
            entry = tarfile.TarInfo(task.member)
            entry.size = len(jpeg)
            tar.addfile(entry, io.BytesIO(jpeg))
    _write_factors(folder, tasks)


def _celeba(folder: Path, images: int, seed: int, processes: int) -> None:
    faces = list(_faces("celeba", images, seed))
    names = [f"{k:06d}.jpg" for k in range(1, images + 1)]
    tasks = [_Task(f"img_align_celeba/{name}", face) for name, face in zip(names, faces, strict=True)]
    with (
        files.writing(folder / "img_align_celeba.zip") as path,
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive,
    ):
        for task, jpeg in _draw_all(tasks, 178, 218, processes):
            entry = zipfile.ZipInfo(task.member, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the same bytes wherever it is written
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, jpeg)
    # the official lists end their lines with CR LF
    part = [{1: 1, 4: 2}.get(face.identity % 10, 0) for face in faces]  # 80 / 10 / 10 by person
    _write_lines(folder / "list_eval_partition.txt", [f"{n} {p}" for n, p in zip(names, part, strict=True)])
    _write_lines(folder / "identity_CelebA.txt", [f"{n} {f.identity + 1}" for n, f in zip(names, faces, strict=True)])
    rows = [attributes(face) for face in faces]
    _write_lines(
        folder / "list_attr_celeba.txt",
        [str(images), " ".join(rows[0]) + " "]
        + [f"{n} " + " ".join(f"{1 if on else -1:2d}" for on in r.values()) for n, r in zip(names, rows, strict=True)],
    )
    _write_factors(folder, tasks)


_LAYOUTS: dict[str, Callable[[Path, int, int, int], None]] = {"lfw": _lfw, "celeba": _celeba}

# most pictures of one person; LFW's tail is cut short so that small archives still hold many people
_MOST = {"lfw": 12, "celeba": 30}


def images_of(layout: str, seed: int, identity: int) -> int:
    """How many pictures a person has: LFW mostly 1 to 3 with a tail to 12, CelebA evenly up to 30.

    The first people have few, so that 24 of them never fill an archive of 100 images.
    """
    most = min(_MOST[layout], 3 + identity // 8)
    rng = np.random.default_rng([seed, identity, 2])
    return int(min(rng.zipf(1.9), most) if layout == "lfw" else rng.integers(1, most + 1))


def _faces(layout: str, images: int, seed: int) -> Iterator[Face]:
    def endless() -> Iterator[Face]:
        identity = 0
        while True:
            for image in range(images_of(layout, seed, identity)):
                yield geometry.draw(seed, identity, image, layout)
            identity += 1

    return islice(endless(), images)


def _jpeg(job: tuple[Face, int, int]) -> bytes:
    """One picture as JPEG bytes."""
    out = io.BytesIO()
    Image.fromarray(photo.render(*job)).save(out, "JPEG", quality=90)
    return out.getvalue()


def _draw_all(tasks: list[_Task], width: int, height: int, processes: int) -> Iterator[tuple[_Task, bytes]]:
    """Each task with its JPEG, in order, a few ahead of the reader."""
    jobs = ((task.face, width, height) for task in tasks)
    with tqdm(total=len(tasks), unit=" images", desc="drawing", disable=None) as bar:
        if processes == 1:
            for task, job in zip(tasks, jobs, strict=True):
                yield task, _jpeg(job)
                bar.update()
            return
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for task, jpeg in zip(tasks, pool.imap(_jpeg, jobs, chunksize=16), strict=True):
                yield task, jpeg
                bar.update()


# Names


def _words(text: str) -> list[str]:
    return text.split()


_HER = _words("""
    Ada Alma Anna Asha Bea Carla Chloe Clara Dana Dora Edith Elena Elsa Emma Esther Eva Fatima Fiona
    Flora Freya Gina Grace Greta Hana Helen Ida Ines Irene Iris Jana Jane Julia Kaya Lara Leila Lena Lily
    Lucia Maria Marta Maya Mei Mina Mira Nadia Naomi Nina Nora Olga Olive Paula Petra Rosa Ruth Sara
    Selma Tara Tina Vera Zoe
""")
_HIS = _words("""
    Aaron Abel Adam Ahmed Alan Albert Amir Anton Arun Ben Bruno Carl Carlos Cyril Dan David Diego Edgar
    Elias Emil Eric Felix Finn Frank Georg Hans Henry Hugo Ian Isaac Ivan Jack Jan Joel Jonas Juan Karim
    Karl Kofi Leo Luis Marco Mark Max Milan Nils Noah Omar Oscar Otto Paul Pedro Peter Ravi Samuel Simon
    Theo Tomas Victor Walter
""")
_STARTS = _words("""
    Al And Ar Bar Ben Bor Bra Cal Car Cor Dal Dor Ed El Fal Fen Gar Gol Har Hol Is Jan Kal Kor Lan Lor
    Mal Mar Mor Nor Or Pal Per Ral Ros Sal Sor Tal Tor Val Wes
""")
_ENDS = _words("""
    aby amo anek ante ard ari ato away belt bert bury by dale den der dini don eau ek elli enko er ero
    eski field ford gate hall ini iz land ley man mont ova quist son
""")


def person_name(face: Face) -> str:
    """First_Last, plausible, made up, another for every identity of a seed."""
    first = _HIS if face.male else _HER
    cycle, k = divmod(face.identity, len(first))
    surname = (cycle + face.identity) * 641 % (len(_STARTS) * len(_ENDS))
    rounds = face.identity // (len(first) * len(_STARTS) * len(_ENDS))
    last = _STARTS[surname % len(_STARTS)] + _ENDS[surname // len(_STARTS) % len(_ENDS)]
    return "_".join([first[k], *["Junior"] * rounds, last])


# Lists


def attributes(face: Face) -> dict[str, bool]:
    """Those of CelebA's 40 attributes that the factors decide, by their official names and in their order."""
    style = face.hair_style
    hair = style not in ("bald", "buzz")
    grey = face.hair_grey > 0.5
    red = face.hair_red > 0.4
    dark = face.hair_dark
    return {
        "5_o_Clock_Shadow": face.beard == "stubble",
        "Bald": style == "bald",
        "Bangs": style == "bangs",
        "Big_Lips": face.lips > 0.6,
        "Big_Nose": face.nose_width > 1.13,
        "Black_Hair": hair and not grey and not red and dark > 0.82,
        "Blond_Hair": hair and not grey and not red and dark < 0.25,
        "Brown_Hair": hair and not grey and not red and 0.25 <= dark <= 0.82,
        "Bushy_Eyebrows": face.brow_thickness > 0.75,
        "Eyeglasses": face.glasses != "none",
        "Goatee": face.beard == "goatee",
        "Gray_Hair": hair and grey,
        "Heavy_Makeup": face.makeup > 0.5,
        "Male": face.male,
        "Mouth_Slightly_Open": face.mouth_open > 0.08,
        "Mustache": face.beard == "moustache",
        "Narrow_Eyes": face.eye_open < 0.75,
        "No_Beard": face.beard in ("none", "moustache"),
        "Pale_Skin": face.skin < 0.08,
        "Receding_Hairline": style != "bald" and face.recession > 0.4,
        "Smiling": face.smile > 0.3,
        "Straight_Hair": style in ("long", "bangs", "parted", "swept"),
        "Wavy_Hair": style in ("wavy", "curly"),
        "Wearing_Lipstick": face.makeup > 0.4,
        "Wearing_Necktie": face.clothes == "tie",
        "Young": face.age < 42,
    }


def _write_lines(path: Path, lines: list[str]) -> None:
    with files.writing(path) as temporary:
        temporary.write_bytes("".join(f"{line}\r\n" for line in lines).encode())


def _write_factors(folder: Path, tasks: list[_Task]) -> None:
    with files.writing(folder / "factors.csv") as path, path.open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["file", *(field.name for field in dataclasses.fields(Face))])
        for task in tasks:
            values = dataclasses.astuple(task.face)
            table.writerow([task.member, *(round(v, 4) if isinstance(v, float) else v for v in values)])
