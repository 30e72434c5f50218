"""The archives of each dataset as published: which files they are, and what their names and lists say of the images."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd

from autofaces.core.arrays import PARTS
from autofaces.core.files import BadInput
from autofaces.data import archives

CUFS = "CUHK_{part}_cropped_{what}.zip"


class Files(NamedTuple):
    """The files of a layout, by their published names. Of a tuple of names, one is enough; the first found is read."""

    needed: list[tuple[str, ...]]
    optional: list[tuple[str, ...]]


FILES = {
    "lfw": Files(
        [("lfw.tgz", "lfw-funneled.tgz", "lfw-deepfunneled.tgz")],
        [("peopleDevTrain.txt",), ("peopleDevTest.txt",), ("factors.csv",)],
    ),
    "anime": Files([("animefacedataset.zip", "data.tgz")], [("factors.csv",)]),
    "celeba": Files(
        [("img_align_celeba.zip",), ("list_eval_partition.txt", "list_eval_partition.csv")],
        [("identity_CelebA.txt",), ("list_attr_celeba.txt", "list_attr_celeba.csv"), ("factors.csv",)],
    ),
    "cufs": Files(
        [(CUFS.format(part=part, what=what),) for part in ("training", "testing") for what in ("photos", "sketches")],
        [("factors.csv",)],
    ),
    "folder": Files([], []),  # any one archive
}


def read(layout: str, raw: Path) -> pd.DataFrame:
    """What is known of every image of the dataset in folder `raw`, one row each, sorted by `file`.

    Columns: file (`<archive>/<member>`); where known, identity (str) and official (categorical: its categories are the
    parts that the official partition has); then labels, as the layout has them. Columns of a `factors.csv` beside the
    archives are added as `factor_<name>`. BadInput where files are missing, or contradict each other.
    """
    if not raw.is_dir():
        raise BadInput(f"{raw}: not found; run `dvc repro download`")
    table = _READERS[layout](raw)
    if table.empty:
        raise BadInput(f"{raw}: the archives of layout {layout} hold no images")
    table = table.sort_values("file", ignore_index=True)
    factors = raw / "factors.csv"
    return _with_factors(table, factors) if factors.exists() else table


def _lfw(raw: Path) -> pd.DataFrame:
    table = _images(raw, _needed(raw, FILES["lfw"].needed[0]))
    paths = [PurePosixPath(file) for file in table.file]
    flat = [path for path in paths if len(path.parts) < 3]
    if flat:
        raise BadInput(f"{raw}: {flat[0]} is in no person's folder; expected <archive>/lfw/<Person>/<image>.jpg")
    table["identity"] = [path.parent.name for path in paths]
    lists = {"train": raw / "peopleDevTrain.txt", "test": raw / "peopleDevTest.txt"}
    if all(path.exists() for path in lists.values()):
        parts = {name: part for part, path in lists.items() for name, _ in _people(path)}
        table["official"] = _parts(_listed(table.identity, parts, raw / "peopleDev*.txt"), ("train", "test"))
    return table


def _people(path: Path) -> Iterator[tuple[str, str]]:
    """The rows of a list of people: a count, then `<name>TAB<images>` each."""
    for number, fields in _rows(path, skip=1):
        _expect(len(fields) == 2 and fields[1].isdigit(), path, number, fields, "<name> <number of images>")
        yield fields[0], fields[1]


def _anime(raw: Path) -> pd.DataFrame:
    table = _images(raw, _needed(raw, FILES["anime"].needed[0]))
    years = table.file.str.extract(r"_(\d{4})\.\w+$", expand=False)
    if years.notna().any():
        table["year"] = years.astype("Int64")
    return table


def _celeba(raw: Path) -> pd.DataFrame:
    archive, partition = (_needed(raw, names) for names in FILES["celeba"].needed)
    identities, attributes = (_optional(raw, names) for names in FILES["celeba"].optional[:2])
    table = _images(raw, archive)
    names = table.file.str.rsplit("/", n=1).str[-1]  # Kaggle's copy has them one folder deeper
    if names.duplicated().any():
        raise BadInput(f"{archive}: image {names[names.duplicated()].iloc[0]} is there twice")
    if identities:
        table["identity"] = _listed(names, _pairs(identities, r"\d+", "<image> <identity>"), identities)
    listed = _listed(names, _pairs(partition, "[012]", "<image> <0, 1 or 2>"), partition)
    table["official"] = _parts([PARTS[int(part)] for part in listed], PARTS)
    return table.join(_attributes(attributes, names)) if attributes else table


def _pairs(path: Path, value: str, form: str) -> dict[str, str]:
    """A list of `<image> <value>` rows; Kaggle's copies are CSV with a header."""
    pairs: dict[str, str] = {}
    for number, fields in _rows(path, skip=path.suffix == ".csv"):
        right = len(fields) == 2 and re.fullmatch(value, fields[1]) and fields[0] not in pairs
        _expect(bool(right), path, number, fields, f"{form}, every image once")
        pairs[fields[0]] = fields[1]
    return pairs


def _attributes(path: Path, names: pd.Series) -> pd.DataFrame:
    """The 40 attributes, 0 or 1, of the named images. The list: a count, their names, then `<image>` and -1
    or 1 each."""
    rows = _rows(path, skip=path.suffix != ".csv")
    _, header = next(rows, (0, []))
    columns = header[1:] if path.suffix == ".csv" else header
    values: dict[str, list[int]] = {}
    for number, fields in rows:
        right = len(fields) == len(columns) + 1 and set(fields[1:]) <= {"1", "-1"}
        _expect(right, path, number, fields, f"<image> and {len(columns)} times 1 or -1")
        values[fields[0]] = [int(field == "1") for field in fields[1:]]
    return pd.DataFrame(np.array(_listed(names, values, path), dtype=np.int8), columns=columns)


def _cufs(raw: Path) -> pd.DataFrame:
    tables = []
    for part, name in (("train", "training"), ("test", "testing")):
        photos = _images(raw, _needed(raw, (CUFS.format(part=name, what="photos"),)))
        table = _images(raw, _needed(raw, (CUFS.format(part=name, what="sketches"),)))
        by_stem = {PurePosixPath(file).stem.lower(): file for file in photos.file}
        stems = [_photo_stem(PurePosixPath(file).stem, part) for file in table.file]
        table["identity"] = stems
        table["official"] = part
        table["photo"] = [by_stem.get(stem, "") for stem in stems]
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table["official"] = _parts(table.official, ("train", "test"))
    return table


def _photo_stem(sketch: str, part: str) -> str:
    """Sketches pair with photos by number: F2-005-01-sz1 with f-005-01 in the training set, f1-001-01-sz1
    with f1-001-01 in the test set."""
    stem = sketch.lower().removesuffix("-sz1")
    return re.sub(r"^([fm])2-", r"\1-", stem) if part == "train" else stem


def _folder(raw: Path) -> pd.DataFrame:
    found = sorted(path for path in raw.iterdir() if is_archive(path))
    if len(found) != 1:
        raise BadInput(f"{raw}: expected one zip or tar archive, found {', '.join(p.name for p in found) or 'none'}")
    return _images(raw, found[0])


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "lfw": _lfw,
    "anime": _anime,
    "celeba": _celeba,
    "cufs": _cufs,
    "folder": _folder,
}


def is_archive(path: Path) -> bool:
    """Whether a file's name is that of an archive that can be read."""
    return path.name.lower().endswith((".zip", ".tgz", ".tar.gz", ".tar"))


def _optional(raw: Path, names: tuple[str, ...]) -> Path | None:
    """The first of the names that is there."""
    return next((raw / name for name in names if (raw / name).exists()), None)


def _needed(raw: Path, names: tuple[str, ...]) -> Path:
    found = _optional(raw, names)
    if found is None:
        raise BadInput(f"{raw}: {' or '.join(names)} is missing; run `dvc repro download`")
    return found


def _images(raw: Path, archive: Path) -> pd.DataFrame:
    return pd.DataFrame({"file": [f"{archive.name}/{name}" for name in archives.members(archive)]}, dtype="str")


def _rows(path: Path, skip: int) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of a list's lines that are not empty, after its first `skip` lines."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not a text file ({error}); fetch it again") from None
    for number, line in enumerate(lines[skip:], skip + 1):
        if fields := line.replace(",", " ").split():
            yield number, fields


def _expect(right: bool, path: Path, number: int, fields: list[str], form: str) -> None:
    if not right:
        raise BadInput(f"{path}, line {number}: {' '.join(fields)[:80]!r}; expected {form}")


def _listed(names: pd.Series, values: dict, path: Path) -> list:
    """The value of each name in a list that must know them all."""
    absent = sorted(set(names) - values.keys())
    if absent:
        raise BadInput(
            f"{path}: {len(absent)} of {names.nunique()} are in the archive and not in the list: "
            f"{', '.join(absent[:3])}{', ...' if len(absent) > 3 else ''}; take both from the same release"
        )
    return [values[name] for name in names]


def _parts(values: Collection[str], known: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical(list(values), categories=list(known))


def _with_factors(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Adds the columns, as they are written, of a CSV whose column `file` is the path inside the archive."""
    try:
        factors = pd.read_csv(path, dtype="str", keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise BadInput(f"{path}: damaged table ({str(error).strip()}); fetch it again") from None
    if "file" not in factors or factors.file.duplicated().any():
        raise BadInput(f"{path}: expected a column `file` that names every image once")
    factors = factors.set_index("file").add_prefix("factor_")
    members = table.file.str.partition("/")[2]
    _listed(members, dict.fromkeys(factors.index), path)
    return table.join(factors.loc[members].reset_index(drop=True))
