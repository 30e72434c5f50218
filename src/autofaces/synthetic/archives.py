"""Archives of made-up faces in the official layouts of the data sets, so that the very same code reads both.

lfw and celeba are planned person by person, anime file by file, cufs by its official names. Asking for more pictures
adds people after those there, of whom only the last may gain pictures; pictures already there keep names and bytes.
The bytes of an archive depend on layout, seed and number of images alone.
"""

import csv
import dataclasses
import gzip
import io
import multiprocessing
import tarfile
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import count, islice
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from autofaces.core import files
from autofaces.core.machine import processors
from autofaces.synthetic.face import Face, draw
from autofaces.synthetic.painter import paint

# one picture to draw: its path inside the archive, the painter's style, its size in pixels, and RGB or L for grey
_Task = namedtuple("_Task", "member face style width height mode", defaults=["RGB"])


def write(layout: str, folder: Path, images: int, seed: int, processes: int | None = None) -> None:
    """Write `images` made-up faces into `folder`, which exists, as the archives and lists of `layout`.

    Layouts: lfw, anime, celeba, and cufs, whose images are its sketches: 20 to 188, whatever is asked for. factors.csv
    says how each was made. `processes`: how many draw at once, all CPUs by default; it never changes a byte."""
    if layout not in _LAYOUTS:
        raise files.BadInput(f"layout {layout!r} cannot be synthesised; known layouts: {', '.join(_LAYOUTS)}")
    if images < 1:
        raise ValueError(f"images is {images}; at least 1 is needed")
    _LAYOUTS[layout](Path(folder), images, seed, processes or processors())


def _lfw(folder: Path, images: int, seed: int, processes: int) -> None:
    named = [(person_name(face), face) for face in _faces("lfw", images, seed)]
    tasks = sorted(_Task(f"lfw/{name}/{name}_{f.image + 1:04d}.jpg", f, "photo", 250, 250) for name, f in named)
    with (
        files.writing(folder / "lfw.tgz") as path,
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=0, fileobj=raw, mtime=0) as packed,  # JPEG shrinks no further
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for task, jpeg in _draw_all(tasks, processes):
            entry = tarfile.TarInfo(task.member)
            entry.size = len(jpeg)
            tar.addfile(entry, io.BytesIO(jpeg))
    _write_factors(folder, {task.member: task.face for task in tasks})


def _anime(folder: Path, images: int, seed: int, processes: int) -> None:
    members: dict[int, list[str]] = {}  # of each drawing
    for k, drawing in enumerate(originals(images, seed)):
        year = np.random.default_rng([seed, drawing, 4]).integers(2000, 2020)
        members.setdefault(drawing, []).append(f"images/{k}_{year}.jpg")
    tasks = []
    for drawing, names in members.items():
        face = draw(seed, 2 * drawing, 0, "anime")
        if face.male:  # three of ten characters are men, as most are women in the real set
            face = draw(seed, 2 * drawing + 1, 0, "anime")
        side = int(np.random.default_rng([seed, drawing, 5]).integers(90, 121))
        tasks.append(_Task(names[0], face, "anime", side, side))
    copies = {names[0]: names for names in members.values()}
    with _zip(folder / "animefacedataset.zip") as add:
        for task, jpeg in _draw_all(tasks, processes):
            for name in copies[task.member]:
                add(name, jpeg)
    _write_factors(folder, {name: task.face for task in tasks for name in copies[task.member]})


def originals(images: int, seed: int) -> list[int]:
    """Which drawing each file of the anime set shows, numbered from 0 in the order of their first files. Of the real
    files 42 % have a byte-identical twin and 23 % spare copies: here a file is by chance a copy of one before it."""
    shown: list[int] = []
    for k in range(images):
        rng = np.random.default_rng([seed, k, 3])
        shown.append(shown[rng.integers(k)] if k and rng.random() < 0.25 else max(shown, default=-1) + 1)
    return shown


def _cufs(folder: Path, images: int, seed: int, processes: int) -> None:
    images = min(max(images, 20), 188)
    training = max(10, round(88 * images / 188))
    plan: dict[str, list[_Task]] = {}  # of each archive
    for part, pairs in (("training", training), ("testing", images - training)):
        names = cufs_names(part)
        chosen = sorted(range(len(names)), key=lambda k: k * 0.618034 % 1)[:pairs]  # evenly spread; more keep the fewer
        photos, sketches = (plan.setdefault(f"CUHK_{part}_cropped_{kind}.zip", []) for kind in ("photos", "sketches"))
        for k in sorted(chosen):
            face = _student(seed, 100 * (part == "testing") + k, names[k].startswith("m"))
            photos.append(_Task(f"photos/{names[k]}.jpg", face, "photo", 200, 250))
            stem = names[k].replace("f-", "F2-").replace("m-", "M2-") if part == "training" else names[k]
            mode = "RGB" if names[k] in _COLOURED else "L"
            sketches.append(_Task(f"sketches/{stem}-sz1.jpg", face, "sketch", 200, 250, mode))
    tasks = [task for planned in plan.values() for task in planned]
    with ExitStack() as stack:
        zips = [stack.enter_context(_zip(folder / name)) for name in plan]
        adds = [add for add, planned in zip(zips, plan.values(), strict=True) for _ in planned]
        for add, (task, jpeg) in zip(adds, _draw_all(tasks, processes), strict=True):
            add(task.member, jpeg)
    _write_factors(folder, {task.member: task.face for task in tasks if task.style == "sketch"})


def cufs_names(part: str) -> list[str]:
    """Stems of all photos in CUFS' archives of `part`, training (88) or testing (100); f for women, m for men."""
    testing = {"f": range(39, 44), "f1": range(1, 16), "m": range(63, 102), "m1": range(1, 42)}
    numbers = testing if part == "testing" else {"f": range(5, 39), "m": {*range(8, 63)} - {20}}  # there is no m-020
    return [f"{who}-{number:03d}-01" for who, found in numbers.items() for number in sorted(found)]


# those test photos whose sketches are stored as RGB, grey though they are
_RGB = {"f": range(39, 43), "m": {*range(64, 102)} - {66, 67, 69, 87, 98}, "m1": range(37, 42)}
_COLOURED = {f"{who}-{number:03d}-01" for who, numbers in _RGB.items() for number in numbers}


def _student(seed: int, number: int, male: bool) -> Face:
    """Face `number` of the CUHK students: young, looking ahead in soft light before a blue wall."""
    face = next(f for f in (draw(seed, who, 0, "cufs") for who in count(1000 * number)) if f.male == male)
    return dataclasses.replace(
        face, age=18 + (face.age - 18) / 6, hair_style="buzz" if face.hair_style == "bald" else face.hair_style,
        hair_grey=0.0, recession=face.recession / 3, yaw=face.yaw / 6, pitch=face.pitch / 3, smile=face.smile / 4,
        mouth_open=0.0, glasses="none" if face.glasses == "sun" else face.glasses, light_side=face.light_side / 3,
        light_contrast=face.light_contrast / 2, background="studio", background_hue=0.55, background_light=0.75,
    )  # fmt: skip


def _celeba(folder: Path, images: int, seed: int, processes: int) -> None:
    faces = list(_faces("celeba", images, seed))
    names = [f"{k:06d}.jpg" for k in range(1, images + 1)]
    tasks = [_Task(f"img_align_celeba/{n}", f, "photo", 178, 218) for n, f in zip(names, faces, strict=True)]
    with _zip(folder / "img_align_celeba.zip") as add:
        for task, jpeg in _draw_all(tasks, processes):
            add(task.member, jpeg)
    part = [{1: 1, 4: 2}.get(face.identity % 10, 0) for face in faces]  # 80 / 10 / 10 by person
    _write_lines(folder / "list_eval_partition.txt", [f"{n} {p}" for n, p in zip(names, part, strict=True)])
    _write_lines(folder / "identity_CelebA.txt", [f"{n} {f.identity + 1}" for n, f in zip(names, faces, strict=True)])
    signs = [" ".join(f"{1 if on else -1:2d}" for on in attributes(face).values()) for face in faces]
    lines = [f"{n} {line}" for n, line in zip(names, signs, strict=True)]
    _write_lines(folder / "list_attr_celeba.txt", [str(images), " ".join(attributes(faces[0])) + " ", *lines])
    _write_factors(folder, {task.member: task.face for task in tasks})


_LAYOUTS = {"lfw": _lfw, "anime": _anime, "celeba": _celeba, "cufs": _cufs}
# most pictures of one person; LFW's tail is cut short so that small archives still hold many people
_MOST = {"lfw": 12, "celeba": 30}


def images_of(layout: str, seed: int, identity: int) -> int:
    """How many pictures a person has: LFW mostly 1 to 3 with a tail to 12, CelebA evenly up to 30."""
    most = min(_MOST[layout], 3 + identity // 8)  # few at first, so that 24 people never fill an archive of 100 images
    rng = np.random.default_rng([seed, identity, 2])
    return int(min(rng.zipf(1.9), most) if layout == "lfw" else rng.integers(1, most + 1))


def _faces(layout: str, images: int, seed: int) -> Iterator[Face]:
    pictures = ((who, k) for who in count() for k in range(images_of(layout, seed, who)))
    return (draw(seed, who, k, layout) for who, k in islice(pictures, images))


@contextmanager
def _zip(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Yields add(member, content) of a new zip, whose bytes are the same wherever it is written."""
    with files.writing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:

        def add(member: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(member, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)

        yield add


def _jpeg(task: _Task) -> bytes:
    """One picture as JPEG bytes."""
    out = io.BytesIO()
    picture = paint(task.face, task.style, task.width, task.height)
    Image.fromarray(picture).convert(task.mode).save(out, "JPEG", quality=90)
    return out.getvalue()


def _draw_all(tasks: list[_Task], processes: int) -> Iterator[tuple[_Task, bytes]]:
    """Each task with its JPEG, in order, a few ahead of the reader."""
    many = processes > 1
    with multiprocessing.get_context("spawn").Pool(processes) if many else nullcontext() as pool:
        drawn = pool.imap(_jpeg, tasks, chunksize=16) if many else map(_jpeg, tasks)
        shown = tqdm(drawn, total=len(tasks), unit=" images", desc="drawing", disable=None)
        yield from zip(tasks, shown, strict=True)


_HER = "Ada Alma Anna Bea Clara Dora Edith Elena Eva Fatima Gina Hana Ida Leila Maya Mei Nora Rosa Vera Zoe"
_HIS = "Adam Ahmed Amir Carlos David Felix Finn Hugo Ivan Jan Karim Kofi Leo Marco Noah Omar Paul Ravi Theo Tom"
_STARTS = "Al And Bar Ben Bor Cal Car Dal Dor El Fal Gar Hal Is Jan Kal Lan Mal Mor Nor Or Per Ros Sal Tal Tor Val Wes"
_ENDS = "aby anek ante ard away belt bury dale den dini eau elli eski field ford hall ini land mont ova quist son"


def person_name(face: Face) -> str:
    """First_Last, plausible, made up, another for every identity of a seed."""
    first, starts, ends = (names.split() for names in (_HIS if face.male else _HER, _STARTS, _ENDS))
    lasts = len(starts) * len(ends)
    cycle, k = divmod(face.identity, len(first))
    rounds, surname = cycle // lasts, (cycle + 37 * k) * 641 % lasts  # no factor of 641 divides their number
    return "_".join([first[k], *["Junior"] * rounds, starts[surname % len(starts)] + ends[surname // len(starts)]])


def attributes(face: Face) -> dict[str, bool]:
    """Those of CelebA's 40 attributes that the factors decide, by their official names and in their order."""
    style, dark, grey = face.hair_style, face.hair_dark, face.hair_grey > 0.5
    hair = style not in ("bald", "buzz")
    coloured = hair and not grey and face.hair_red <= 0.4
    return {
        "5_o_Clock_Shadow": face.beard == "stubble", "Bald": style == "bald", "Bangs": style == "bangs",
        "Big_Lips": face.lips > 0.6, "Big_Nose": face.nose_width > 1.13, "Black_Hair": coloured and dark > 0.82,
        "Blond_Hair": coloured and dark < 0.25, "Brown_Hair": coloured and 0.25 <= dark <= 0.82,
        "Bushy_Eyebrows": face.brow_thickness > 0.75, "Eyeglasses": face.glasses != "none",
        "Goatee": face.beard == "goatee", "Gray_Hair": hair and grey, "Heavy_Makeup": face.makeup > 0.5,
        "Male": face.male, "Mouth_Slightly_Open": face.mouth_open > 0.08, "Mustache": face.beard == "moustache",
        "Narrow_Eyes": face.eye_open < 0.75, "No_Beard": face.beard in ("none", "moustache"),
        "Pale_Skin": face.skin < 0.08, "Receding_Hairline": style != "bald" and face.recession > 0.4,
        "Smiling": face.smile > 0.3, "Straight_Hair": style in ("long", "bangs", "parted", "swept"),
        "Wavy_Hair": style in ("wavy", "curly"), "Wearing_Lipstick": face.makeup > 0.4,
        "Wearing_Necktie": face.clothes == "tie", "Young": face.age < 42,
    }  # fmt: skip


def _write_lines(path: Path, lines: list[str]) -> None:  # which end in CR LF, as the official ones
    with files.writing(path) as temporary:
        temporary.write_bytes("".join(f"{line}\r\n" for line in lines).encode())


def _write_factors(folder: Path, faces: dict[str, Face]) -> None:
    """factors.csv: the factors of the face in each member of the archives."""
    with files.writing(folder / "factors.csv") as path, path.open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["file", *(field.name for field in dataclasses.fields(Face))])
        for member, face in faces.items():
            values = (round(v, 4) if isinstance(v, float) else v for v in dataclasses.astuple(face))
            table.writerow([member, *values])
