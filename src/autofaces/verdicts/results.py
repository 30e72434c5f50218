"""What evaluate measured of the rows, as claims read it: each number with the units that it is known of."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from autofaces.core import files, history
from autofaces.verdicts.rules import Arithmetic

POINTS = (*(f"1/{2**k}" for k in range(9, 0, -1)), "1")  # shares of a training, as horizon.csv counts them from 0
IMAGES, FOLDS, VALIDATION, SEEDS = "test images", "folds of samples", "validation images", "seeds"
CONFIG = ("faces", "scale", "size", "full_size", "official_images", "train", "training")
OLD = "an older version wrote it; run `dvc repro collect`"


class Table(NamedTuple):
    """Numbers that are known of the same units under every seed."""

    units: str  # IMAGES, FOLDS, VALIDATION; SEEDS of numbers that no image has alone
    seeds: np.ndarray  # (S,)
    index: np.ndarray  # (N,) of the images or folds
    groups: np.ndarray  # (N,), the images of one person have the same; every fold its own
    columns: dict[str, np.ndarray]  # float64 (S, N), NaN where there is none


class Row(NamedTuple):
    """One experiment's results."""

    folder: Path
    config: dict[str, object]  # config.json
    metrics: dict[str, object]  # metrics.json, that of outliers with it
    tables: tuple[Table, ...]  # of the finished models
    horizon: dict[int, tuple[Table, ...]]  # by point; the only one of a closed form is 0


class Number(NamedTuple):
    """A number of a claim. What is known once for all is of one seed and one unit."""

    name: str  # as the claim has it
    units: str
    seeds: np.ndarray
    index: np.ndarray
    groups: np.ndarray
    values: np.ndarray  # (S, N)


def load(results: Path | str) -> dict[str, Row]:
    """The results of all experiments, from the folder that collect filled. BadInput where there are none, or where an
    older version wrote them."""
    folders = sorted(path.parent for path in Path(results).glob("*/*/metrics.json"))
    if not folders:
        raise files.BadInput(f"{results}: no results there; expected <paper>/<experiment>; run `dvc repro collect`")
    return {folder.name: _row(folder) for folder in folders}


def not_run(results: Path | str) -> list[str]:
    """The ablations that the profile left out, as collect names them. BadInput where it did not."""
    path = Path(results) / "not_run.json"
    if not path.exists():
        raise files.BadInput(f"{path}: not found; {OLD}")
    return files.read_json(path, list)


def find(number: str | Arithmetic, rows: Mapping[str, Row]) -> Number | None:
    """A claim's number; None where its row, or the number in it, is not there. What was measured and has no value, as
    of a collapsed model, is NaN. BadInput where it names no point of the horizon."""
    if isinstance(number, Arithmetic):
        return _alone(str(number), number.number)
    key, _, rest = number.partition(":")
    name, _, share = rest.partition("@")
    if share and share not in POINTS:
        raise files.BadInput(f"{number}: no share {share} of a training; known: {', '.join(POINTS)}")
    if key not in rows:
        return None
    row = rows[key]
    if name == "kl_share":
        return _kl_share(number, row)
    found = at(number, row, name, POINTS.index(share)) if share else _of(number, name, row.tables)
    if found is None and name in row.metrics and (not share or row.metrics[name] is None):
        value = row.metrics[name]
        return _alone(number, np.nan if value is None else value)
    return found


def at(number: str, row: Row, name: str, point: int) -> Number | None:
    """A number of the validation images at a point of the training; a closed form has the same at all of them."""
    return _of(number, name, row.horizon.get(0 if len(row.horizon) == 1 else point, ()))


def _of(number: str, name: str, tables: tuple[Table, ...]) -> Number | None:
    for table in tables:
        if name in table.columns:
            return Number(number, *table[:4], table.columns[name])
    return None


def _alone(number: str, value: float) -> Number:
    zero = np.zeros(1, int)
    return Number(number, SEEDS, zero, zero, zero, np.full((1, 1), float(value)))


def _kl_share(number: str, row: Row) -> Number | None:
    """`share_of_kl` of each seed; None of a row that was not trained with an elbo."""
    images = next(table for table in row.tables if table.units == IMAGES)
    shares = []
    for place, seed in enumerate(images.seeds):
        table = history.read(row.folder / (f"seed-{seed}/dvclive" if place else "dvclive"))
        if "elbo_nats" not in table:
            return None
        floor = 0.0
        if "excess_nats" in images.columns:
            floor = float((images.columns["reconstruction_nats"] - images.columns["excess_nats"])[place].mean())
        shares.append(share_of_kl(table, floor))
    zero = np.zeros(1, int)
    return Number(number, SEEDS, images.seeds, zero, zero, np.array(shares)[:, None])


def share_of_kl(table: pd.DataFrame, floor: float) -> float:
    """The largest share that the KL has of the objective from a tenth of the training on, by its history. floor: nats
    of the objective that no network can do without, the entropy of grey targets of a Bernoulli, here of test images;
    NaN where the objective is below it."""
    late = table[table.step >= table.step.iloc[-1] / 10]
    rest = late.elbo_nats - floor
    return float((late.kl_nats / rest).max()) if (rest > 0).all() else math.nan


def _row(folder: Path) -> Row:
    config, metrics = (_json(folder / f"{name}.json") for name in ("config", "metrics"))
    _need(folder / "config.json", CONFIG, config)
    if config["train"]:
        _need(folder / "config.json", ("images", "full_images", "batch_size"), config["training"])
    (images,) = _read(folder / "images.csv", IMAGES).values()
    (seeds,) = _read(folder / "seeds.csv", SEEDS).values()
    if not np.array_equal(images.seeds, seeds.seeds):
        raise files.BadInput(f"{folder}: images.csv and seeds.csv are of different seeds; run `dvc repro collect`")
    _need(folder / "seeds.csv", ("train_mse",), seeds.columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        images.columns["generalisation_gap"] = images.columns["mse"] / seeds.columns["train_mse"]
    tables = [images, *_there(folder / "sets.csv", FOLDS), seeds]
    if (folder / "outliers").exists():
        metrics |= _json(folder / "outliers" / "metrics.json")
        tables += _there(folder / "outliers" / "images.csv", IMAGES) + _there(folder / "outliers" / "seeds.csv", SEEDS)
    horizon = {point: (table,) for point, table in _read(folder / "horizon.csv", VALIDATION, "point").items()}
    for point, table in _read(folder / "horizon_seeds.csv", SEEDS, "point").items():
        horizon[point] += (table,)
    return Row(folder, config, metrics, tuple(tables), horizon)


def _there(path: Path, units: str) -> list[Table]:
    return list(_read(path, units).values()) if path.exists() else []


def _read(path: Path, units: str, point: str = "") -> dict[int, Table]:
    """The tables of a file, by the point of the training; only 0 of what is of finished models."""
    if not path.exists():
        raise files.BadInput(f"{path}: not found; {OLD}")
    try:
        frame = pd.read_csv(path)
        if not all(pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes):
            raise ValueError("text where numbers belong")
    except ValueError as error:
        raise files.BadInput(f"{path}: damaged table ({error}); run `dvc repro --force collect`") from None
    unit = {IMAGES: ["image"], VALIDATION: ["image"], FOLDS: ["fold"], SEEDS: []}[units]
    keys = [*([point] if point else []), "seed", *unit]
    about = [*keys, "group"] if unit == ["image"] else keys
    _need(path, about, frame)
    frame = frame.sort_values(keys, kind="stable")
    points = np.unique(frame[point]) if point else np.zeros(1, int)
    seeds = np.unique(frame["seed"])
    shape = len(points), len(seeds), len(frame) // (len(points) * len(seeds))
    index = frame[unit[0]].to_numpy() if unit else np.zeros(len(frame), int)
    if np.prod(shape) != len(frame) or (index.reshape(shape) != index[: shape[2]]).any():
        raise files.BadInput(f"{path}: not the same {units} under every seed; run `dvc repro --force collect`")
    index = index[: shape[2]]
    groups = frame["group"].to_numpy()[: shape[2]] if "group" in about else index
    columns = {name: frame[name].to_numpy(float).reshape(shape) for name in frame.columns.difference(about)}
    return {
        int(p): Table(units, seeds, index, groups, {name: values[i] for name, values in columns.items()})
        for i, p in enumerate(points)
    }


def _need(path: Path, names: object, there: object) -> None:
    if missing := [name for name in names if name not in there]:
        raise files.BadInput(f"{path}: {', '.join(missing)} not there; {OLD}")


def _json(path: Path) -> dict[str, object]:
    return files.read_json(path)
