"""Archives of made-up faces in the official layouts of the data sets, so that the very same code reads both.

lfw and celeba are planned person by person: asking for more pictures adds people after the ones already there, and only
the last person of the smaller archive may gain pictures. anime is planned file by file, cufs by its official names.
Pictures already there keep their names and bytes. The bytes of an archive depend on layout, seed and number of images
alone.
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

    Layouts: lfw, anime, celeba, and cufs, whose images are its sketches: 20 to 188, whatever is asked for. Beside them
    factors.csv says how each image was made. `processes`: how many draw at once, all CPUs by default; it changes the
    time only, never a byte.
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
        tasks.append(_Task(f"lfw/{name}/{name}_{face.image + 1:04d}.jpg", face, "photo", 250, 250))
    tasks.sort()
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
    """Which drawing each file of the anime set shows, numbered from 0 in the order of their first files.

    Of the real files 42 % have a byte-identical twin under another id, and 23 % of all are spare copies. So here a
    file is with this chance a copy of one of the files before it, each equally likely.
    """
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
        photos = plan[f"CUHK_{part}_cropped_photos.zip"] = []
        sketches = plan[f"CUHK_{part}_cropped_sketches.zip"] = []
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
    numbers = {"f": range(5, 39), "m": range(8, 63)}
    if part == "testing":
        numbers = {"f": range(39, 44), "f1": range(1, 16), "m": range(63, 102), "m1": range(1, 42)}
    names = [f"{who}-{number:03d}-01" for who, found in numbers.items() for number in found]
    return [name for name in names if name != "m-020-01"]  # it does not exist


_COLOURED = {  # those test photos whose sketches are stored as RGB, grey though they are
    *(f"f-{k:03d}-01" for k in range(39, 43)),
    *(f"m-{k:03d}-01" for k in range(64, 102) if k not in (66, 67, 69, 87, 98)),
    *(f"m1-{k:03d}-01" for k in range(37, 42)),
}


def _student(seed: int, number: int, male: bool) -> Face:
    """Face `number` of the CUHK students: young, looking ahead in soft light before a blue wall."""
    drawn = (draw(seed, identity, 0, "cufs") for identity in count(1000 * number))
    face = next(face for face in drawn if face.male == male)
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
    # the official lists end their lines with CR LF
    part = [{1: 1, 4: 2}.get(face.identity % 10, 0) for face in faces]  # 80 / 10 / 10 by person
    _write_lines(folder / "list_eval_partition.txt", [f"{n} {p}" for n, p in zip(names, part, strict=True)])
    _write_lines(folder / "identity_CelebA.txt", [f"{n} {f.identity + 1}" for n, f in zip(names, faces, strict=True)])
    rows = [attributes(face) for face in faces]
    signs = [" ".join(f"{1 if on else -1:2d}" for on in row.values()) for row in rows]
    lines = [f"{n} {line}" for n, line in zip(names, signs, strict=True)]
    _write_lines(folder / "list_attr_celeba.txt", [str(images), " ".join(rows[0]) + " ", *lines])
    _write_factors(folder, {task.member: task.face for task in tasks})


_LAYOUTS = {"lfw": _lfw, "anime": _anime, "celeba": _celeba, "cufs": _cufs}

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
    picture = Image.fromarray(paint(task.face, task.style, task.width, task.height))
    picture.convert(task.mode).save(out, "JPEG", quality=90)
    return out.getvalue()


def _draw_all(tasks: list[_Task], processes: int) -> Iterator[tuple[_Task, bytes]]:
    """Each task with its JPEG, in order, a few ahead of the reader."""
    with tqdm(total=len(tasks), unit=" images", desc="drawing", disable=None) as bar:
        pool = multiprocessing.get_context("spawn").Pool(processes) if processes > 1 else nullcontext()
        with pool:
            drawn = pool.imap(_jpeg, tasks, chunksize=16) if processes > 1 else map(_jpeg, tasks)
            for task, jpeg in zip(tasks, drawn, strict=True):
                yield task, jpeg
                bar.update()


_HER, _HIS, _STARTS, _ENDS = (
    names.split()
    for names in (
        "Ada Alma Anna Bea Clara Dora Edith Elena Eva Fatima Gina Hana Ida Leila Maya Mei Nora Rosa Vera Zoe",
        "Adam Ahmed Amir Carlos David Felix Finn Hugo Ivan Jan Karim Kofi Leo Marco Noah Omar Paul Ravi Theo Tom",
        "Al And Bar Ben Bor Cal Car Dal Dor El Fal Gar Hal Is Jan Kal Lan Mal Mor Nor Or Per Ros Sal Tal Tor Val Wes",
        "aby anek ante ard away belt bury dale den dini eau elli eski field ford hall ini land mont ova quist son",
    )
)


def person_name(face: Face) -> str:
    """First_Last, plausible, made up, another for every identity of a seed."""
    first, lasts = _HIS if face.male else _HER, len(_STARTS) * len(_ENDS)
    cycle, k = divmod(face.identity, len(first))
    surname = (cycle + 37 * k) * 641 % lasts  # no factor of 641 divides their number: each comes up once a round
    last = _STARTS[surname % len(_STARTS)] + _ENDS[surname // len(_STARTS)]
    return "_".join([first[k], *["Junior"] * (face.identity // (len(first) * lasts)), last])


def attributes(face: Face) -> dict[str, bool]:
    """Those of CelebA's 40 attributes that the factors decide, by their official names and in their order."""
    style, dark = face.hair_style, face.hair_dark
    hair, grey = style not in ("bald", "buzz"), face.hair_grey > 0.5
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


def _write_lines(path: Path, lines: list[str]) -> None:
    with files.writing(path) as temporary:
        temporary.write_bytes("".join(f"{line}\r\n" for line in lines).encode())


def _write_factors(folder: Path, faces: dict[str, Face]) -> None:
    """factors.csv: the factors of the face in each member of the archives."""
    with files.writing(folder / "factors.csv") as path, path.open("w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["file", *(field.name for field in dataclasses.fields(Face))])
        for member, face in faces.items():
            values = dataclasses.astuple(face)
            table.writerow([member, *(round(v, 4) if isinstance(v, float) else v for v in values)])
