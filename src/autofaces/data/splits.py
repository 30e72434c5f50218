"""Which image trains, which validates, which tests: the same on every machine, and never one person on two sides."""

import hashlib
from pathlib import Path

import pandas as pd

from autofaces.core import files
from autofaces.core.arrays import PARTS
from autofaces.core.files import BadInput
from autofaces.data import archives, parallel

UNREADABLE = 0.01  # share of unreadable images from which on the archive is taken for damaged


def choose(table: pd.DataFrame, name: str, rule: str, images: int | None, seed: int) -> pd.DataFrame:
    """At most `images` rows of the table of layouts.read, in its order, before any image is read; None for all.

    Rule identity takes whole persons, of the last as many images as are missing; official shrinks every part in
    proportion. Which ones depends on their names and the seed, not on the order of the rows.
    """
    _check_rule(table, name, rule)
    if images is None or images >= len(table):
        return table
    names = table.identity if rule == "identity" else table.file
    ranked = table.assign(group=_ranks(names, seed), image=_ranks(table.file, seed)).sort_values(["group", "image"])
    if rule != "official":
        return table.loc[ranked.index[:images].sort_values()]
    counts = table.official.value_counts(sort=False)
    shares = counts * images / len(table)
    takes = shares.astype(int)
    for part in (shares - takes).sort_values(ascending=False, kind="stable").index[: images - takes.sum()]:
        takes[part] += 1
    chosen = [ranked.index[ranked.official == part][:take] for part, take in takes.items()]
    return table.loc[sorted(row for rows in chosen for row in rows)]


def inspect(raw: Path, table: pd.DataFrame, processes: int | None = None, own: bool = False) -> pd.DataFrame:
    """The table with every image read and decoded once: columns sha256 (of its bytes) and problem (why it is
    unreadable; empty for nearly all).

    own: of the user's making, of which every image may be unreadable but one. BadInput when more than UNREADABLE of
    published ones are, or all.
    """
    found = parallel.each_image(raw, list(table.file), _inspect, "reading images", processes)
    table = table.assign(sha256=[digest for digest, _ in found], problem=[problem for _, problem in found])
    bad = table[table.problem != ""]
    if len(bad):
        some = "\n".join(f"  {row.file}: {row.problem}" for row in bad.head(5).itertuples())
        count = f"{len(bad)} of {len(table)} images are unreadable"
        if own and len(bad) == len(table):
            raise BadInput(f"{count}: save them as one of {', '.join(archives.FORMATS)}. The first:\n{some}")
        if not own and len(bad) > UNREADABLE * len(table):
            raise BadInput(f"{count}, more than {UNREADABLE:.0%}: fetch the archive again. The first:\n{some}")
        print(f"{count} and left out. The first:\n{some}")
    return table


def split(table: pd.DataFrame, name: str, rule: str, validation: float, test: float, seed: int) -> pd.DataFrame:
    """The inspected table of dataset `name` as it is kept: columns file, split, group, identity where known, labels.

    split: train, validation or test; unreadable (left out); duplicate (left out: a byte-identical copy is in a later
    part of the official partition, test being the last, which so stays whole). group: the images that must stay
    together, by person and by equal bytes, named after the person or the bytes' hash; empty for images left out.

    Rules: `identity` and `random` fill the test part to its share of the images, then validation, with whole groups in
    an order drawn from the seed, skipping groups that would overshoot; the rest trains. random keeps together copies
    only. `official` follows the published partition; where that knows no validation part, groups of its training part
    make one. BadInput for an empty part, and for a person on two sides of the official partition.
    """
    _check_rule(table, name, rule)
    good = table[table.problem == ""]
    part = pd.Series("train", index=good.index, dtype="str")
    if rule == "official":
        part = good.official.astype("str")
        _one_side_each(name, good, part)
        side = part.map(PARTS.index)
        part = part.mask(side < side.groupby(good.sha256).transform("max"), "duplicate")
        if copies := (part == "duplicate").sum():
            print(f"{name}: {copies} images left out: byte-identical to one in a later part of the partition")
    used = good[part != "duplicate"]
    group = _groups(used.sha256, used.identity if "identity" in used and rule != "random" else None)
    if rule != "official":
        part = _fill(group, {"test": test, "validation": validation}, seed)
    elif "validation" not in good.official.cat.categories:
        training = part == "train"
        part = part.mask(training, _fill(group[training.reindex(group.index)], {"validation": validation}, seed))
    _none_empty(name, rule, part, good)
    kept = table.assign(
        split=part.reindex(table.index, fill_value="unreadable"),
        group=group.reindex(table.index, fill_value=""),
    )
    first = ["file", "split", "group", *(["identity"] if "identity" in table else [])]
    labels = [c for c in table if c not in (*first, "official", "sha256", "problem")]
    return kept[first + labels].sort_values("file", ignore_index=True)


def write(path: Path, table: pd.DataFrame) -> None:
    """Write the table of `split` as CSV: one row an image, unix line ends, numbers in nine significant digits."""
    with files.writing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.9g", encoding="utf-8")


def _inspect(i: int, data: bytes) -> tuple[str, str]:
    digest = hashlib.sha256(data).hexdigest()
    try:
        archives.decode(data)
    except archives.ImageError as error:
        return digest, str(error)
    return digest, ""


def _check_rule(table: pd.DataFrame, name: str, rule: str) -> None:
    needed = {"identity": "identity", "official": "official"}.get(rule)
    if needed and needed not in table:
        what = "who is in an image" if needed == "identity" else "an official partition"
        raise BadInput(
            f"{name}: split {rule}: its files do not say {what}; add the list that does, or set "
            f"profiles.<your profile>.split.{name} or datasets.{name}.split to another rule"
        )


def _rank(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def _ranks(names: pd.Series, seed: int) -> list[str]:
    ranks = {name: _rank(name, seed) for name in names.unique()}
    return [ranks[name] for name in names]


def _groups(sha256: pd.Series, identity: pd.Series | None) -> pd.Series:
    """The name of each image's group: images with equal bytes or the same identity, and so on from these."""
    if identity is None:
        return sha256.str[:16]
    leader: dict[str, str] = {}  # union-find over persons, which an image with equal bytes joins

    def find(person: str) -> str:
        while leader.setdefault(person, person) != person:
            leader[person] = leader[leader[person]]
            person = leader[person]
        return person

    copies = sha256.duplicated(keep=False)
    for persons in identity[copies].groupby(sha256[copies]).unique():
        for person in persons[1:]:
            one, other = sorted((find(persons[0]), find(person)))
            leader[other] = one
    return identity.map(find)


def _fill(group: pd.Series, shares: dict[str, float], seed: int) -> pd.Series:
    """The part of each image: every part in turn takes whole groups up to its share of the images; the rest
    is train."""
    room = {part: round(share * len(group)) for part, share in shares.items()}
    sizes = group.value_counts()
    chosen: dict[str, str] = {}
    for name in sorted(sizes.index, key=lambda name: _rank(name, seed)):
        part = next((part for part in room if sizes[name] <= room[part]), "train")
        if part != "train":
            room[part] -= sizes[name]
        chosen[name] = part
    return group.map(chosen)


def _one_side_each(name: str, table: pd.DataFrame, part: pd.Series) -> None:
    if "identity" not in table:
        return
    sides = part.groupby(table.identity).nunique()
    if (sides > 1).any():
        person = sides.index[sides > 1][0]
        raise BadInput(
            f"{name}: the official partition has person {person} on {sides[person]} sides; "
            f"set profiles.<your profile>.split.{name}: identity"
        )


def _none_empty(name: str, rule: str, part: pd.Series, table: pd.DataFrame) -> None:
    empty = [p for p in PARTS if p not in set(part)]
    if not empty:
        return
    if rule == "official":
        there = " and ".join(p for p in PARTS if (table.official == p).any())
        other = "identity" if "identity" in table else "random"
        raise BadInput(
            f"{name}: the official partition leaves {', '.join(empty)} empty: all {len(table)} images given "
            f"are in its {there} part; set profiles.<your profile>.split.{name}: {other}"
        )
    raise BadInput(
        f"{name}: {', '.join(empty)} empty: rule {rule} cannot share out {len(table)} images without parting "
        f"those that belong together; take more images (profiles.<your profile>.images) or larger shares "
        f"(datasets.{name}.validation, datasets.{name}.test)"
    )
